"""Kinds and fields of manifests, read out of the published schemas: what explain shows. Knows no layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orjson

from declarative import schemas
from declarative.model.capabilities import PERSONAL

MANIFEST = "manifest.v1"
_PROVIDERS = "providers/"
_FOR_KIND = re.compile(r"(?:(?P<version>.+)\.)?(?P<kind>Batch|Call)")


@dataclass(frozen=True)
class Schema:
    """One schema with the document that its references are relative to. Unfolds `$ref` where it is asked for."""

    body: Mapping[str, Any]
    document: str = MANIFEST

    @cached_property
    def resolved(self) -> Schema:
        """This schema with what it refers to; what it says itself wins."""
        if "$ref" not in self.body:
            return self
        target = _resolve_reference(self.body["$ref"], self.document).resolved
        return Schema({**target.body, **{key: self.body[key] for key in self.body if key != "$ref"}}, target.document)

    def with_body(self, body: Mapping[str, Any]) -> Schema:
        return Schema(body, self.document)


@dataclass(frozen=True)
class Field:
    """One field: `type` in a word or two, `default` and `limits` as text, `taken_by` the providers with their API
    versions where not all take it; `provider_descriptions` where they describe it differently."""

    name: str
    schema: Schema
    required: bool = False
    taken_by: tuple[str, ...] = ()
    provider_descriptions: str = ""

    @property
    def description(self) -> str:
        return self.provider_descriptions or str(self.schema.body.get("description", ""))

    @property
    def type(self) -> str:
        return _type_text(self.schema)

    @property
    def default(self) -> str | None:
        body = self.schema.body
        return orjson.dumps(body["default"]).decode() if "default" in body else None

    @property
    def limits(self) -> tuple[str, ...]:
        return tuple(_limit_texts(self.schema.body))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Those below it; lists and maps are looked through."""
        return tuple(_child_fields(self.schema))


@dataclass(frozen=True)
class ManifestKind:
    """`document` are the fields of the whole document, `spec` those of its spec with the providers' own."""

    name: str
    version: str
    description: str
    document: tuple[Field, ...]
    spec: tuple[Field, ...]


def provider_types() -> list[str]:
    """The provider types that have a schema."""
    return [
        name.removeprefix(_PROVIDERS).split(".")[0] for name in schemas.list_schemas() if name.startswith(_PROVIDERS)
    ]


def kinds(provider: str | None = None) -> list[ManifestKind]:
    """Every kind. `provider` names the one type whose fields are wanted, None means all."""
    document = schemas.load_schema(MANIFEST)
    return [_build_kind(document, name, provider) for name in document["properties"]["kind"]["enum"]]


def _build_kind(document: Mapping[str, Any], name: str, provider: str | None) -> ManifestKind:
    definitions = document["$defs"]
    metadata = "ProjectMetadata" if name == "Project" else "Metadata"
    document_properties = {**document["properties"], "metadata": {"$ref": f"#/$defs/{metadata}"}}
    document_properties["metadata"]["description"] = definitions["Metadata"]["description"]
    spec_schema = Schema(definitions[name])
    personal_takers = {} if name == "Project" else _collect_takers("Call", provider)
    own_fields = [_mark_personal_fields(field, personal_takers) for field in _child_fields(spec_schema)]
    return ManifestKind(
        name=name,
        version=document["properties"]["apiVersion"]["const"],
        description=spec_schema.body["description"],
        document=tuple(_child_fields(Schema({"properties": document_properties, "required": document["required"]}))),
        spec=(*own_fields, *_provider_fields(name, provider)),
    )


def _mark_personal_fields(field: Field, takers: Mapping[str, list[tuple[str, Field]]]) -> Field:
    """Says in recipients and recipients_from which provider takes which data of a person: what it takes of a Call."""
    properties = field.schema.body.get("items", {}) and _item_schema(field.schema).body.get("properties", {})
    if not set(PERSONAL) & set(properties):
        return field
    marked_properties = {
        name: {**body, "x-taken-by": [provider_label for provider_label, _ in takers[name]]} if name in takers else body
        for name, body in properties.items()
    }
    items = {**_item_schema(field.schema).body, "properties": marked_properties}
    return replace(field, schema=field.schema.with_body({**field.schema.body, "items": items}))


def _provider_fields(kind: str, provider: str | None) -> Iterator[Field]:
    for name, takers in _collect_takers(kind, provider).items():
        first_field = takers[0][1]
        descriptions = dict.fromkeys(
            f"{provider_label.split(' ')[0]}: {field.description}" for provider_label, field in takers
        )
        is_uniform = len({field.description for _, field in takers}) == 1
        yield replace(
            first_field,
            name=name,
            required=all(field.required for _, field in takers),
            taken_by=tuple(provider_label for provider_label, _ in takers),
            provider_descriptions="" if is_uniform else " ".join(descriptions),
        )


def _collect_takers(kind: str, provider: str | None) -> dict[str, list[tuple[str, Field]]]:
    """By field name: which provider, in which API version, takes it."""
    takers: dict[str, list[tuple[str, Field]]] = {}
    for type_name in provider_types():
        if provider in (None, type_name):
            for provider_label, field in _list_type_fields(kind, type_name):
                takers.setdefault(field.name, []).append((provider_label, field))
    return takers


def _list_type_fields(kind: str, type_name: str) -> Iterator[tuple[str, Field]]:
    document = f"{_PROVIDERS}{type_name}.v1"
    versions_by_name: dict[str, list[str]] = {}
    fields: dict[str, Field] = {}
    for definition, body in schemas.load_schema(document)["$defs"].items():
        form_match = _FOR_KIND.fullmatch(definition)
        if form_match and (form_match["kind"] == kind or (kind == "Call" and form_match["version"])):
            version = form_match["version"] or ""
            version_note = version if form_match["kind"] == kind else f"{version} with via: batch"
            for field in _child_fields(Schema(body, document), "x-required"):
                if version not in versions_by_name.setdefault(field.name, []):
                    versions_by_name[field.name].append(version_note)
                fields.setdefault(field.name, field)
    for name, versions in versions_by_name.items():
        version_text = ", ".join(versions).strip()
        yield (f"{type_name} ({version_text})" if version_text else type_name), fields[name]


def _child_fields(schema: Schema, required: str = "required") -> Iterator[Field]:
    schema = _item_schema(schema.resolved)
    required_names = schema.body.get(required, ())
    for name, body in schema.body.get("properties", {}).items():
        resolved = schema.with_body(body).resolved
        yield Field(name, resolved, name in required_names, tuple(resolved.body.get("x-taken-by", ())))


def _item_schema(schema: Schema) -> Schema:
    """What a list or a map holds; anything else as it is."""
    body = schema.resolved.body
    inner = body.get("items") or body.get("additionalProperties")
    return _item_schema(schema.resolved.with_body(inner)) if isinstance(inner, dict) else schema.resolved


def _type_text(schema: Schema) -> str:
    body = schema.resolved.body
    if "const" in body:
        return str(body["const"])
    if "enum" in body:
        return " | ".join(str(choice) for choice in body["enum"])
    type_name = body.get("type", "object")
    if isinstance(type_name, list):
        return " | ".join(type_name)
    if type_name == "array":
        return f"[]{_type_text(schema.resolved.with_body(body['items']))}"
    inner = body.get("additionalProperties")
    return f"map of {_type_text(schema.resolved.with_body(inner))}" if isinstance(inner, dict) else str(type_name)


def _limit_texts(body: Mapping[str, Any]) -> Iterator[str]:
    for keyword, phrase in (("minimum", "at least"), ("exclusiveMinimum", "more than"), ("maximum", "at most")):
        if keyword in body:
            yield f"{phrase} {body[keyword]:,}"
    for keyword, phrase, unit in (("minLength", "at least", "character"), ("minItems", "at least", "entry")):
        if keyword in body:
            yield f"{phrase} {body[keyword]} {unit}"
    if body.get("uniqueItems"):
        yield "no entry twice"
    if "x-expected" in body:
        yield str(body["x-expected"])


def _resolve_reference(reference: str, document: str) -> Schema:
    schema_file, _, pointer = reference.partition("#/$defs/")
    target = schema_file.removesuffix(schemas.SUFFIX) or document
    return Schema(schemas.load_schema(target)["$defs"][pointer], target)
