"""Decides which provider and route a resource uses, and which fields it can have there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from declarative.manifest.document import DocumentSection
from declarative.manifest.project import ProjectConfig
from declarative.manifest.schema import Shape, any_shape, common_shape, resource_shape
from declarative.manifest.suggestions import common_describer, describe_unknown_provider, spec_describer
from declarative.manifest.validate import FieldDescriber
from declarative.model.capabilities import Capabilities, DataLimits, ProviderType, personal_fields, text_fields
from declarative.model.resource import Json, Kind, Route


@dataclass(frozen=True)
class ProviderChoice:
    """How the people of a resource are called."""

    provider: str
    """The provider's name in the project."""
    shape: Shape
    """The fields that the resource can have."""
    describe_unknown: FieldDescriber
    """Describes a field that `shape` does not have."""
    route: Route
    """Whether the provider gets a batch or single calls."""
    capabilities: Capabilities
    """What the provider can do on this route."""
    known_personal: tuple[str, ...]
    """The fields of people that some provider takes."""
    is_broken: bool = False
    """True when the type is installed and cannot be used. Then nothing of the resource is checked, and its people are
    not read: it is blocked."""
    is_known: bool = True
    """False when the provider could not be found out. Then the choice allows what any provider allows, so that the rest
    of the resource can still be checked."""


def choose_provider(
    project_config: ProjectConfig, section: DocumentSection, kind: Kind, spec: Mapping[str, Json]
) -> ProviderChoice:
    """Find the provider that the resource or a default names. The section is the spec."""
    name = _provider_name(project_config, section, spec)
    if name is None:
        return _any_provider(project_config, kind, _wanted_route(kind, spec) or Route.CALL)
    provider_type, version = project_config.type_of(name), project_config.version_of(name)
    routes = provider_type.routes[version]
    route = _choose_route(section, kind, spec, name, provider_type, version)
    personal = personal_fields(project_config.provider_types.values())
    if provider_type.broken:
        shape = any_shape(kind)
        describe = common_describer(kind, (), shape)
        return ProviderChoice(name, shape, describe, route, routes[route], personal, is_broken=True)
    shape = resource_shape(kind, route, provider_type.name, version, personal)
    describe_unknown = spec_describer(kind, route, provider_type, version, shape, personal)
    return ProviderChoice(name, shape, describe_unknown, route, routes[route], personal)


def _wanted_route(kind: Kind, spec: Mapping[str, Json]) -> Route | None:
    """The route that a manifest asks for; None where it leaves that to the provider."""
    if kind is Kind.BATCH:
        return Route.BATCH
    return {"batch": Route.BATCH, "direct": Route.CALL}.get(str(spec.get("via")))


def _choose_route(
    section: DocumentSection,
    kind: Kind,
    spec: Mapping[str, Json],
    name: str,
    provider_type: ProviderType,
    version: str,
) -> Route:
    """The route that the resource takes. A Call that names none is placed directly where the type can do that. A Call
    that names one that the type does not have is reported."""
    routes, wanted = provider_type.routes[version], _wanted_route(kind, spec)
    if wanted is not None and wanted in routes:
        return wanted
    only_route = next(iter(routes))
    if kind is Kind.CALL and wanted is not None:
        missing, hint = ("batches", "direct") if wanted is Route.BATCH else ("direct calls", "batch")
        reason = f": {provider_type.no_batches}" if wanted is Route.BATCH and provider_type.no_batches else ""
        section.at("via").report(
            f"provider {name} ({provider_type.name} {version}) has no {missing}{reason}", f"use via: {hint}"
        )
    return Route.CALL if Route.CALL in routes else only_route


def _provider_name(project_config: ProjectConfig, section: DocumentSection, spec: Mapping[str, Json]) -> str | None:
    """None when there is no valid provider. It is reported here unless its own place reports it."""
    default = project_config.defaults.get("provider")
    name = spec.get("provider", default.value if default else None)
    providers = project_config.project.providers
    if isinstance(name, str) and name in project_config.invalid_providers:
        return None
    if isinstance(name, str) and name in providers:
        return name
    if isinstance(name, str) and "provider" in spec:
        section.at("provider").report(*describe_unknown_provider(name, providers))
    elif "provider" not in spec and not default and project_config.is_default_provider_known:
        hint = f"set it here, or spec.defaults.provider in the Project; known: {', '.join(providers)}"
        section.report('missing field "provider"', hint)
    return None


def _any_provider(project_config: ProjectConfig, kind: Kind, route: Route) -> ProviderChoice:
    provider_types = project_config.provider_types.values()
    personal = personal_fields(provider_types)
    texts = text_fields(provider_types)
    shape = common_shape(kind, personal, texts)
    all_capabilities = [
        capabilities
        for provider_type in provider_types
        for routes in provider_type.routes.values()
        for capabilities in routes.values()
    ]
    outcomes = frozenset[str]().union(*(capabilities.outcomes for capabilities in all_capabilities))
    limits = {name: DataLimits(is_text=True) for name in texts}
    widest_capabilities = replace(all_capabilities[0], outcomes=outcomes, personal=personal, data_limits=limits)
    describe_unknown = common_describer(kind, provider_types, shape)
    return ProviderChoice("any provider", shape, describe_unknown, route, widest_capabilities, personal, is_known=False)
