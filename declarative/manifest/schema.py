"""Builds the schema that applies to a document, from the published schemas: by kind, provider type, API version and
route. Does not read documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from declarative import schemas
from declarative.model.resource import Kind, Route

Schema = dict[str, Any]
DEFAULTABLE = ("retry", "expires_at")
"""Fields of every provider that may also have a default."""


@dataclass(frozen=True)
class Shape:
    """The fields that a resource can have in its `spec`."""

    properties: Mapping[str, Schema]
    """The schema of each field, by name."""
    required: tuple[str, ...]
    """Fields that the resource or a default must give."""
    schema: Schema
    """The schema of the whole `spec`. It requires no field, since a default may give it."""


@dataclass(frozen=True)
class FieldLocation:
    """One place in the published schemas that defines fields."""

    type_name: str
    """The provider type."""
    version: str
    """The api_version; empty for a type that has only one."""
    kind: Kind
    """The kind of resource that takes the fields."""
    properties: Mapping[str, Schema]
    """The schema of each field, by name."""


@cache
def head_schema(is_project: bool) -> Schema:
    """The schema of a document around its spec."""
    manifest = schemas.load_schema("manifest.v1")
    metadata = {"$ref": f"#/$defs/{'ProjectMetadata' if is_project else 'Metadata'}"}
    head_fields = {name: manifest[name] for name in manifest if name not in ("$id", "allOf")}
    required = [*head_fields["required"], *(() if is_project else ("spec",))]
    return {**head_fields, "required": required, "properties": {**head_fields["properties"], "metadata": metadata}}


@cache
def project_schema() -> Schema:
    """The schema of a Project's spec."""
    return _object_schema(schemas.load_schema("manifest.v1")["$defs"]["Project"]["properties"])


@cache
def common_shape(kind: Kind, personal: tuple[str, ...], text_fields: frozenset[str]) -> Shape:
    """The shape of a resource whose provider is not known: every field that some provider takes. A field is checked
    only as far as all providers agree on it. `personal` are the personal fields of all providers, `text_fields` those
    that are one text."""
    kinds = (Kind.BATCH,) if kind is Kind.BATCH else tuple(Kind)
    settings: dict[str, Schema] = {
        field: {} for location in _all_field_locations() if location.kind in kinds for field in location.properties
    }
    settings |= {"scheduled_at": {"$ref": "#/$defs/Moment"}}
    return _build_shape(kind, settings, (), personal, text_fields=text_fields)


def any_shape(kind: Kind) -> Shape:
    """The shape of a resource of which nothing can be checked but what every provider takes."""
    shape = _build_shape(kind, {"recipients_from": {}} if kind is Kind.BATCH else {}, (), ())
    return Shape(shape.properties, (), {**shape.schema, "additionalProperties": True})


@cache
def resource_shape(kind: Kind, route: Route, type_name: str, version: str, personal: tuple[str, ...]) -> Shape:
    """The shape of a resource. A Call on the batch route also takes the fields of a Batch. `personal` are the personal
    fields of all providers: those of others get a message of their own. Raises KeyError for a provider type without a
    published schema."""
    definition = _definition(type_name, version, kind)
    batch = _definition(type_name, version, Kind.BATCH) if route is Route.BATCH else definition
    properties = {**batch["properties"], **definition["properties"]}
    return _build_shape(
        kind,
        properties,
        tuple(batch["x-required"]),
        personal,
        schemas.load_schema(f"providers/{type_name}.v1")["$defs"],
        frozenset(name for name in personal if _is_text(name, type_name, version)),
    )


@cache
def defaults_schema(type_name: str, version: str, personal: tuple[str, ...]) -> Schema:
    """The schema of a provider's defaults: the settings of every kind, retry and expires_at. `personal` are the fields
    of people, which have no default."""
    manifest = schemas.load_schema("manifest.v1")["$defs"]
    properties = {name: manifest["Batch"]["properties"][name] for name in DEFAULTABLE}
    properties["default_region"] = manifest["Defaults"]["properties"]["default_region"]
    for kind in Kind:
        properties |= _definition(type_name, version, kind)["properties"]
    settings = {name: schema for name, schema in properties.items() if name not in personal}
    return _object_schema(settings, schemas.load_schema(f"providers/{type_name}.v1")["$defs"])


def field_locations(field: str) -> Iterator[FieldLocation]:
    """Every place that defines a field of this name."""
    return (location for location in _all_field_locations() if field in location.properties)


def _all_field_locations() -> Iterator[FieldLocation]:
    for name in schemas.list_schemas():
        if name.startswith("providers/"):
            type_name = name.removeprefix("providers/").rpartition(".")[0]
            for title, definition in schemas.load_schema(name)["$defs"].items():
                version, _, kind = title.rpartition(".")
                if kind in set(Kind):
                    yield FieldLocation(type_name, version, Kind(kind), definition["properties"])


def follow_reference(schema: Schema, root_schema: Schema) -> Schema:
    """The schema that `$ref` names, or `schema` itself when it has no `$ref`."""
    reference = schema.get("$ref")
    return root_schema["$defs"][reference.rpartition("/")[2]] if reference else schema


def _definition(type_name: str, version: str, kind: Kind) -> Schema:
    definitions = schemas.load_schema(f"providers/{type_name}.v1")["$defs"]
    definition: Schema = definitions.get(f"{version}.{kind}") or definitions[str(kind)]
    return definition


def _build_shape(
    kind: Kind,
    settings: Mapping[str, Schema],
    required: tuple[str, ...],
    personal: tuple[str, ...],
    definitions: Schema | None = None,
    text_fields: frozenset[str] = frozenset(),
) -> Shape:
    base = schemas.load_schema("manifest.v1")["$defs"][kind]
    properties = {**base["properties"], **settings}
    schema = _object_schema(properties, definitions)
    source: Schema = schema["$defs"]["RecipientsFrom"]
    columns = {
        name: {"type": "string", "minLength": 1} if name in text_fields else {"$ref": "#/$defs/Columns"}
        for name in personal
        if name not in source["properties"]
    }
    schema["$defs"]["RecipientsFrom"] = {**source, "properties": {**source["properties"], **columns}}
    return Shape(properties, (*base.get("required", ()), *required), schema)


def _is_text(name: str, type_name: str, version: str) -> bool:
    """Whether a personal field is one text instead of an object, so that a file gives it one column."""
    body = _definition(type_name, version, Kind.CALL)["properties"].get(name, {})
    return follow_reference(body, schemas.load_schema(f"providers/{type_name}.v1")).get("type") == "string"


def _object_schema(properties: Mapping[str, Schema], definitions: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": {**schemas.load_schema("manifest.v1")["$defs"], **(definitions or {})},
    }
