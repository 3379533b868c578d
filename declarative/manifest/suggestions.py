"""What to say about an unknown field. It is often a field of another kind, version or provider, and the message says
so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from declarative import schemas
from declarative.manifest.messages import did_you_mean, list_known, quote, suggest
from declarative.manifest.schema import Schema, Shape, field_locations
from declarative.manifest.validate import FieldDescriber, describe_unknown_field
from declarative.model.capabilities import ProviderType, personal_fields
from declarative.model.resource import Kind, Route


def describe_unknown_provider(name: str, provider_names: Iterable[str]) -> tuple[str, str]:
    """Message and hint for a provider that the project does not have."""
    return f"unknown provider {quote(name)}", suggest(name, provider_names)


def defaults_describer(
    provider_type: ProviderType, version: str, schema: Schema, personal: Collection[str]
) -> FieldDescriber:
    """Describes unknown fields in the defaults of a provider. `personal` are the personal fields of all types."""

    def describe(name: str) -> tuple[str, str]:
        if name in provider_type.refused:
            return _refusal_advice(name, provider_type)
        if name in personal:
            return f"{quote(name)} belongs to each person and cannot have a default", ""
        if version_advice := _other_version_advice(name, provider_type, version, list(Kind)):
            return version_advice
        message = f"unknown field {quote(name)} for provider type {provider_type.name}"
        return message, suggest(name, schema["properties"])

    return describe


def spec_describer(
    kind: Kind, route: Route, provider_type: ProviderType, version: str, shape: Shape, personal: Collection[str]
) -> FieldDescriber:
    """Describes unknown fields in the spec of a resource. `personal` are the personal fields of all types."""

    def describe(name: str) -> tuple[str, str]:
        if name in provider_type.refused:
            return _refusal_advice(name, provider_type)
        kind_advice = _other_kind_advice(kind, name, _common_personal(provider_type, version, personal))
        if kind_advice:
            return kind_advice
        locations = [location for location in field_locations(name) if location.type_name == provider_type.name]
        is_batch_field = any(location.version == version and location.kind is Kind.BATCH for location in locations)
        if is_batch_field and route is Route.CALL and kind is Kind.CALL:
            return f"{quote(name)} needs via: batch", "a direct call is placed at once"
        if version_advice := _other_version_advice(name, provider_type, version, [kind]):
            return version_advice
        return f"unknown field {quote(name)} for provider type {provider_type.name}", _elsewhere_hint(name, shape)

    return describe


def _common_personal(provider_type: ProviderType, version: str, personal: Collection[str]) -> list[str]:
    """Those of the personal fields that the type takes, or that are of manifests and not of one other type."""
    own = personal_fields([replace(provider_type, routes={version: provider_type.routes[version]})])
    shared = schemas.load_schema("manifest.v1")["$defs"]["Recipient"]["properties"]
    return [name for name in personal if name in own or name in shared]


def common_describer(kind: Kind, provider_types: Collection[ProviderType], shape: Shape) -> FieldDescriber:
    """Describes unknown fields in the spec of a resource whose provider is not known. No provider takes them."""
    personal = personal_fields(provider_types)

    def describe(name: str) -> tuple[str, str]:
        refusing_type = next((provider_type for provider_type in provider_types if name in provider_type.refused), None)
        if refusing_type:
            return _refusal_advice(name, refusing_type)
        return _other_kind_advice(kind, name, personal) or describe_unknown_field(name, shape.properties)

    return describe


def _refusal_advice(name: str, provider_type: ProviderType) -> tuple[str, str]:
    return f"{provider_type.name} refuses {quote(name)} on a call: it {provider_type.refused[name]}", ""


def _other_version_advice(
    name: str, provider_type: ProviderType, version: str, kinds: Collection[Kind]
) -> tuple[str, str] | None:
    locations = [
        location
        for location in field_locations(name)
        if location.type_name == provider_type.name and location.kind in kinds
    ]
    versions = dict.fromkeys(location.version for location in locations if location.version not in ("", version))
    if not versions:
        return None
    return f"{quote(name)} needs api_version {' or '.join(versions)}", f"this provider has {version}"


def _other_kind_advice(kind: Kind, name: str, personal: Collection[str]) -> tuple[str, str] | None:
    if kind is Kind.BATCH and name in personal:
        return f"{quote(name)} belongs to each recipient of a Batch", f"write it under recipients[].{name}"
    if kind is Kind.BATCH and name == "to_number":
        return "a Batch has recipients, not one to_number", "use kind: Call for one person"
    if kind is Kind.CALL and name == "retry":
        return "a Call is called once in its life and takes no retry", "use kind: Batch"
    definitions = schemas.load_schema("manifest.v1")["$defs"]
    other_kind = Kind.CALL if kind is Kind.BATCH else Kind.BATCH
    if name in definitions[other_kind]["properties"]:
        return f"a {kind} takes no {quote(name)}", f"it is a field of kind {other_kind}"
    return None


def _elsewhere_hint(name: str, shape: Shape) -> str:
    suggestion = did_you_mean(name, shape.properties)
    if suggestion:
        return suggestion
    type_names = dict.fromkeys(location.type_name for location in field_locations(name))
    if type_names:
        return f"it is a field of provider type {' and '.join(type_names)}"
    return list_known(shape.properties)
