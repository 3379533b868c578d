"""What to say of a field that is not known where it stands: it is often known elsewhere, and then we say
where."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from declarative import schemas
from declarative.manifest import schema as shapes
from declarative.manifest import validate as check
from declarative.manifest.messages import did_you_mean, join_names, quoted
from declarative.manifest.schema import Schema, Shape
from declarative.manifest.validate import Unknown
from declarative.model.capabilities import PERSONAL, ProviderType
from declarative.model.resource import Kind, Route


def provider(name: str, known: Iterable[str]) -> tuple[str, str]:
    names = list(known)
    return f"unknown provider {quoted(name)}", did_you_mean(name, names) or f"known are: {join_names(names)}"


def in_defaults(known: ProviderType, version: str, schema: Schema) -> Unknown:
    """For the defaults of a provider of a type."""

    def describe(name: str) -> tuple[str, str]:
        if name in known.refused:
            return _refused(name, known)
        if name in PERSONAL:
            return f"{quoted(name)} belongs to each person, and has no default", ""
        if newer := _of_another_version(name, known, version, list(Kind)):
            return newer
        message = f"unknown field {quoted(name)} for provider type {known.name}"
        return message, did_you_mean(name, schema["properties"]) or f"known are: {join_names(schema['properties'])}"

    return describe


def in_spec(kind: Kind, route: Route, known: ProviderType, version: str, shape: Shape) -> Unknown:
    """For the spec of a resource."""

    def describe(name: str) -> tuple[str, str]:
        if name in known.refused:
            return _refused(name, known)
        other = _of_the_other_kind(kind, name)
        if other:
            return other
        homes = [home for home in shapes.homes(name) if home.type_name == known.name]
        of_batches = any(home.version == version and home.kind is Kind.BATCH for home in homes)
        if of_batches and route is Route.CALL and kind is Kind.CALL:
            return f"{quoted(name)} needs via: batch", "a direct call is placed at once"
        if newer := _of_another_version(name, known, version, [kind]):
            return newer
        return f"unknown field {quoted(name)} for provider type {known.name}", _elsewhere(name, shape)

    return describe


def anywhere(kind: Kind, types: Iterable[ProviderType], shape: Shape) -> Unknown:
    """For the spec of a resource whose provider is not known: no provider takes the field."""

    def describe(name: str) -> tuple[str, str]:
        refusing = next((known for known in types if name in known.refused), None)
        if refusing:
            return _refused(name, refusing)
        return _of_the_other_kind(kind, name) or check.unknown_field(name, shape.properties)

    return describe


def _refused(name: str, known: ProviderType) -> tuple[str, str]:
    return f"{known.name} refuses {quoted(name)} on a call: it {known.refused[name]}", ""


def _of_another_version(
    name: str, known: ProviderType, version: str, kinds: Collection[Kind]
) -> tuple[str, str] | None:
    homes = [home for home in shapes.homes(name) if home.type_name == known.name and home.kind in kinds]
    versions = dict.fromkeys(home.version for home in homes if home.version not in ("", version))
    if not versions:
        return None
    return f"{quoted(name)} needs api_version {' or '.join(versions)}", f"this provider has {version}"


def _of_the_other_kind(kind: Kind, name: str) -> tuple[str, str] | None:
    if kind is Kind.BATCH and name in PERSONAL:
        return f"{quoted(name)} belongs to each recipient of a Batch", f"write it under recipients[].{name}"
    if kind is Kind.BATCH and name == "to_number":
        return "a Batch has recipients, not one to_number", "use kind: Call for one person"
    if kind is Kind.CALL and name == "retry":
        return "a Call is rung once in its life and takes no retry", "use kind: Batch"
    definitions = schemas.load("manifest.v1")["$defs"]
    other = Kind.CALL if kind is Kind.BATCH else Kind.BATCH
    if name in definitions[other]["properties"]:
        return f"a {kind} takes no {quoted(name)}", f"it is a field of kind {other}"
    return None


def _elsewhere(name: str, shape: Shape) -> str:
    close = did_you_mean(name, shape.properties)
    if close:
        return close
    types = dict.fromkeys(home.type_name for home in shapes.homes(name))
    if types:
        return f"it is a field of provider type {' and '.join(types)}"
    return f"known are: {join_names(shape.properties)}"
