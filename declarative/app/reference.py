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
    def whole(self) -> Schema:
        """This schema with what it refers to; what it says itself wins."""
        if "$ref" not in self.body:
            return self
        target = _referred(self.body["$ref"], self.document).whole
        return Schema({**target.body, **{key: self.body[key] for key in self.body if key != "$ref"}}, target.document)

    def at(self, body: Mapping[str, Any]) -> Schema:
        return Schema(body, self.document)


@dataclass(frozen=True)
class Field:
    """One field: `type` in a word or two, `default` and `limits` as text, `taken_by` the providers with their API
    versions where not all take it; `described` where they describe it differently."""

    name: str
    schema: Schema
    required: bool = False
    taken_by: tuple[str, ...] = ()
    described: str = ""

    @property
    def description(self) -> str:
        return self.described or str(self.schema.body.get("description", ""))

    @property
    def type(self) -> str:
        return _type(self.schema)

    @property
    def default(self) -> str | None:
        body = self.schema.body
        return orjson.dumps(body["default"]).decode() if "default" in body else None

    @property
    def limits(self) -> tuple[str, ...]:
        return tuple(_limits(self.schema.body))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Those below it; lists and maps are looked through."""
        return tuple(_fields_of(self.schema))


@dataclass(frozen=True)
class Kind:
    """`document` are the fields of the whole document, `spec` those of its spec with the providers' own."""

    name: str
    version: str
    description: str
    document: tuple[Field, ...]
    spec: tuple[Field, ...]


def provider_types() -> list[str]:
    """The provider types that have a schema."""
    return [name.removeprefix(_PROVIDERS).split(".")[0] for name in schemas.names() if name.startswith(_PROVIDERS)]


def kinds(provider: str | None = None) -> list[Kind]:
    """Every kind. `provider` names the one type whose fields are wanted, None means all."""
    document = schemas.load(MANIFEST)
    return [_kind(document, name, provider) for name in document["properties"]["kind"]["enum"]]


def _kind(document: Mapping[str, Any], name: str, provider: str | None) -> Kind:
    defined = document["$defs"]
    metadata = "ProjectMetadata" if name == "Project" else "Metadata"
    outer = {**document["properties"], "metadata": {"$ref": f"#/$defs/{metadata}"}}
    outer["metadata"]["description"] = defined["Metadata"]["description"]
    body = Schema(defined[name])
    personal = {} if name == "Project" else _takers("Call", provider)
    own = [_with_people(field, personal) for field in _fields_of(body)]
    return Kind(
        name=name,
        version=document["properties"]["apiVersion"]["const"],
        description=body.body["description"],
        document=tuple(_fields_of(Schema({"properties": outer, "required": document["required"]}))),
        spec=(*own, *_provider_fields(name, provider)),
    )


def _with_people(field: Field, takers: Mapping[str, list[tuple[str, Field]]]) -> Field:
    """Says in recipients and recipients_from which provider takes which data of a person: what it takes of a Call."""
    properties = field.schema.body.get("items", {}) and _items(field.schema).body.get("properties", {})
    if not set(PERSONAL) & set(properties):
        return field
    marked = {
        name: {**body, "x-taken-by": [who for who, _ in takers[name]]} if name in takers else body
        for name, body in properties.items()
    }
    items = {**_items(field.schema).body, "properties": marked}
    return replace(field, schema=field.schema.at({**field.schema.body, "items": items}))


def _provider_fields(kind: str, provider: str | None) -> Iterator[Field]:
    for name, found in _takers(kind, provider).items():
        first = found[0][1]
        said = dict.fromkeys(f"{who.split(' ')[0]}: {field.description}" for who, field in found)
        alike = len({field.description for _, field in found}) == 1
        yield replace(
            first,
            name=name,
            required=all(field.required for _, field in found),
            taken_by=tuple(who for who, _ in found),
            described="" if alike else " ".join(said),
        )


def _takers(kind: str, provider: str | None) -> dict[str, list[tuple[str, Field]]]:
    """By field name: which provider, in which API version, takes it."""
    found: dict[str, list[tuple[str, Field]]] = {}
    for type_name in provider_types():
        if provider in (None, type_name):
            for who, field in _of_type(kind, type_name):
                found.setdefault(field.name, []).append((who, field))
    return found


def _of_type(kind: str, type_name: str) -> Iterator[tuple[str, Field]]:
    document = f"{_PROVIDERS}{type_name}.v1"
    by_name: dict[str, list[str]] = {}
    fields: dict[str, Field] = {}
    for definition, body in schemas.load(document)["$defs"].items():
        form = _FOR_KIND.fullmatch(definition)
        if form and (form["kind"] == kind or (kind == "Call" and form["version"])):
            version = form["version"] or ""
            note = version if form["kind"] == kind else f"{version} with via: batch"
            for field in _fields_of(Schema(body, document), "x-required"):
                if version not in by_name.setdefault(field.name, []):
                    by_name[field.name].append(note)
                fields.setdefault(field.name, field)
    for name, versions in by_name.items():
        said = ", ".join(versions).strip()
        yield (f"{type_name} ({said})" if said else type_name), fields[name]


def _fields_of(schema: Schema, required: str = "required") -> Iterator[Field]:
    schema = _items(schema.whole)
    needed = schema.body.get(required, ())
    for name, body in schema.body.get("properties", {}).items():
        whole = schema.at(body).whole
        yield Field(name, whole, name in needed, tuple(whole.body.get("x-taken-by", ())))


def _items(schema: Schema) -> Schema:
    """What a list or a map holds; anything else as it is."""
    body = schema.whole.body
    inner = body.get("items") or body.get("additionalProperties")
    return _items(schema.whole.at(inner)) if isinstance(inner, dict) else schema.whole


def _type(schema: Schema) -> str:
    body = schema.whole.body
    if "const" in body:
        return str(body["const"])
    if "enum" in body:
        return " | ".join(str(one) for one in body["enum"])
    kind = body.get("type", "object")
    if isinstance(kind, list):
        return " | ".join(kind)
    if kind == "array":
        return f"[]{_type(schema.whole.at(body['items']))}"
    inner = body.get("additionalProperties")
    return f"map of {_type(schema.whole.at(inner))}" if isinstance(inner, dict) else str(kind)


def _limits(body: Mapping[str, Any]) -> Iterator[str]:
    for word, sign in (("minimum", "at least"), ("exclusiveMinimum", "more than"), ("maximum", "at most")):
        if word in body:
            yield f"{sign} {body[word]:,}"
    for word, sign, unit in (("minLength", "at least", "character"), ("minItems", "at least", "entry")):
        if word in body:
            yield f"{sign} {body[word]} {unit}"
    if body.get("uniqueItems"):
        yield "no entry twice"
    if "x-expected" in body:
        yield str(body["x-expected"])


def _referred(reference: str, document: str) -> Schema:
    place, _, pointer = reference.partition("#/$defs/")
    target = place.removesuffix(schemas.SUFFIX) or document
    return Schema(schemas.load(target)["$defs"][pointer], target)
