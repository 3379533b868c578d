"""Reads kinds and fields of manifests from the published schemas, for `dialctl explain`. Knows no layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orjson

from declarative import schemas
from declarative.app.connections import load_provider_types
from declarative.model.capabilities import personal_fields

MANIFEST = "manifest.v1"
"""The schema of manifests, by its name in schemas.py."""
_PROVIDERS = "providers/"
"""How the names of the providers' schemas begin."""
_FOR_KIND = re.compile(r"(?:(?P<version>.+)\.)?(?P<kind>Batch|Call)")
"""A definition in a provider's schema: the fields of a kind, `Batch`, or of one API version, `2026-08-14.Batch`."""


@dataclass(frozen=True)
class Schema:
    """One JSON Schema within the document that holds it."""

    body: Mapping[str, Any]
    """The schema as written, `$ref` included."""
    document: str = MANIFEST
    """The name of the document; references without a file name point into it."""

    @cached_property
    def resolved(self) -> Schema:
        """This schema joined with the one that its `$ref` names. Its own keywords win."""
        if "$ref" not in self.body:
            return self
        target = _resolve_reference(self.body["$ref"], self.document).resolved
        return Schema({**target.body, **{key: self.body[key] for key in self.body if key != "$ref"}}, target.document)

    def with_body(self, body: Mapping[str, Any]) -> Schema:
        """Another schema in the same document."""
        return Schema(body, self.document)


@dataclass(frozen=True)
class Field:
    """One field of a manifest, with what its schema says of it as text."""

    name: str
    """The key in YAML."""
    schema: Schema
    """The schema of its value, resolved."""
    required: bool = False
    """Whether it must be given. A field of several providers is required if all of them require it."""
    taken_by: tuple[str, ...] = ()
    """Providers that take it, each with its API versions, as in `type (2026-08-14)`. Empty if all take it."""
    provider_descriptions: str = ""
    """What the providers say of it; it replaces the description of the schema. Empty for what is no provider's."""

    @property
    def description(self) -> str:
        """What it means, in sentences; empty if the schema does not say."""
        return self.provider_descriptions or str(self.schema.body.get("description", ""))

    @property
    def type(self) -> str:
        """Its type in a word or two, as in `[]string` or `a | b`."""
        return _type_text(self.schema)

    @property
    def default(self) -> str | None:
        """Its default as JSON; None without one."""
        body = self.schema.body
        return orjson.dumps(body["default"]).decode() if "default" in body else None

    @property
    def limits(self) -> tuple[str, ...]:
        """What its value must obey, as in `at least 5`."""
        return tuple(_limit_texts(self.schema.body))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields inside it; for a list or a map, those of its items."""
        return tuple(_child_fields(self.schema))


@dataclass(frozen=True)
class ManifestKind:
    """One kind of manifest, with its fields."""

    name: str
    """The value of `kind`, as in `Batch`."""
    version: str
    """The value of `apiVersion`."""
    description: str
    """What it is for, in sentences."""
    document: tuple[Field, ...]
    """The fields of the document itself: `apiVersion`, `kind`, `metadata`, `spec`."""
    spec: tuple[Field, ...]
    """The fields of its `spec`, followed by those that only providers define."""


def list_provider_types() -> list[str]:
    """The provider types that have a schema, by name; those of installed packages too."""
    return [name.removeprefix(_PROVIDERS).split(".")[0] for name in list_schema_names() if name.startswith(_PROVIDERS)]


def list_schema_names() -> list[str]:
    """The published schemas, by name; those of installed packages too."""
    load_provider_types()
    return schemas.list_schemas()


def list_kinds(provider: str | None = None) -> list[ManifestKind]:
    """Every kind. `provider` is the one provider type to take fields from; None takes those of all."""
    document = schemas.load_schema(MANIFEST)
    return [_build_kind(document, name, provider) for name in document["properties"]["kind"]["enum"]]


def _build_kind(document: Mapping[str, Any], name: str, provider: str | None) -> ManifestKind:
    definitions = document["$defs"]
    metadata = "ProjectMetadata" if name == "Project" else "Metadata"
    document_properties = {**document["properties"], "metadata": {"$ref": f"#/$defs/{metadata}"}}
    document_properties["metadata"]["description"] = definitions["Metadata"]["description"]
    spec_schema = Schema(definitions[name])
    personal_takers = {} if name == "Project" else _collect_personal_takers(provider)
    own_fields = [_mark_personal_fields(field, personal_takers) for field in _child_fields(spec_schema)]
    return ManifestKind(
        name=name,
        version=document["properties"]["apiVersion"]["const"],
        description=spec_schema.body["description"],
        document=tuple(_child_fields(Schema({"properties": document_properties, "required": document["required"]}))),
        spec=(*own_fields, *_provider_fields(name, provider)),
    )


def _collect_personal_takers(provider: str | None) -> dict[str, list[tuple[str, Field]]]:
    """By personal field of any provider: those that take it. They take the same data from a recipient as from a
    Call."""
    takers = collect_takers("Call", provider)
    return {name: takers.get(name, []) for name in personal_fields(load_provider_types().values())}


def _mark_personal_fields(field: Field, takers: Mapping[str, list[tuple[str, Field]]]) -> Field:
    """A field of recipients that has every kind of personal data, and says which providers take it."""
    properties = field.schema.body.get("items", {}) and _item_schema(field.schema).body.get("properties", {})
    if not properties.keys() & takers.keys():
        return field
    is_columns = "file" in properties
    taken = {
        name: {
            **(properties.get(name) or _personal_body(name, name_takers, is_columns)),
            "x-taken-by": [provider_label for provider_label, _ in name_takers],
        }
        for name, name_takers in takers.items()
        if name_takers
    }
    marked_properties: dict[str, Any] = {}
    for name, body in properties.items():
        marked_properties |= taken if name in takers else {name: body}
    items = {**_item_schema(field.schema).body, "properties": marked_properties}
    return replace(field, schema=field.schema.with_body({**field.schema.body, "items": items}))


def _personal_body(name: str, takers: Sequence[tuple[str, Field]], is_columns: bool) -> Mapping[str, Any]:
    """The schema of a personal field that the manifest's own schema does not name: of one person, or its columns."""
    if is_columns:
        return {"type": "array", "items": {"type": "string"}, "description": f"Columns that become {name}."}
    return {"type": takers[0][1].schema.body.get("type", "object"), "description": _describe_for_each(takers)}


def _describe_for_each(takers: Sequence[tuple[str, Field]]) -> str:
    """What each provider says of a field; once, where all that say something say the same."""
    described = {field.description: label.split(" ")[0] for label, field in reversed(takers) if field.description}
    if len(described) <= 1:
        return "".join(described)
    parts = [f"{label.split(' ')[0]}: {field.description}" for label, field in takers if field.description]
    return " ".join(dict.fromkeys(parts))


def _provider_fields(kind: str, provider: str | None) -> Iterator[Field]:
    for name, takers in collect_takers(kind, provider).items():
        yield replace(
            takers[0][1],
            name=name,
            required=all(field.required for _, field in takers),
            taken_by=tuple(provider_label for provider_label, _ in takers),
            provider_descriptions=_describe_for_each(takers),
        )


def collect_takers(kind: str, provider: str | None = None) -> dict[str, list[tuple[str, Field]]]:
    """By field name: the providers that take it, each as `type (API versions)`, with their own view of the field."""
    takers: dict[str, list[tuple[str, Field]]] = {}
    for type_name in list_provider_types():
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
    """The schema of what a list or a map holds; any other schema unchanged."""
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
