"""Reads the Project document: providers, defaults and limits, and the values of those that it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path as File
from typing import Any

from declarative.manifest import rules
from declarative.manifest.document import Document, DocumentSection, Origin
from declarative.manifest.durations import parse_duration
from declarative.manifest.messages import list_known, quote, suggest
from declarative.manifest.policy import Limits, read_limits
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.countries import report_unknown_region
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.schema import defaults_schema, project_schema
from declarative.manifest.suggestions import defaults_describer, describe_unknown_provider
from declarative.manifest.validate import coerce_variables, keep_valid
from declarative.model.calling_hours import is_time_zone
from declarative.model.capabilities import ProviderType, personal_fields
from declarative.model.digest import json_digest
from declarative.model.price import Price
from declarative.model.resource import Json, Project, ProviderSpec

ProviderTypes = Mapping[str, ProviderType]
"""Provider types by name."""


@dataclass(frozen=True)
class ProjectConfig:
    """What all resources of a project share."""

    project: Project
    """The project as later steps see it."""
    provider_types: ProviderTypes
    """Every provider type that exists, used by the project or not."""
    limits: Limits = field(default_factory=Limits)
    """The project's policy, which no resource can widen."""
    defaults: Mapping[str, Origin] = field(default_factory=dict)
    """Defaults of all resources, by field."""
    provider_defaults: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)
    """Defaults of each provider's resources, by provider name and field. They win over `defaults`."""
    spec: Mapping[str, Json] = field(default_factory=dict)
    """The valid part of the Project's spec, for the digest."""
    invalid_providers: frozenset[str] = frozenset()
    """Providers that the Project declares wrongly. Their resources get no further problem because of it."""
    is_default_provider_known: bool = True
    """False when there may be a default provider that could not be read: then no resource can be blamed for naming
    none."""

    def type_of(self, provider: str) -> ProviderType:
        return self.provider_types[self.project.providers[provider].type]

    def default_region(self, provider: str) -> str | None:
        """The country of numbers without `+`, for resources of a provider."""
        origin = self.provider_defaults.get(provider, {}).get("default_region") or self.defaults.get("default_region")
        return origin.value if origin else None

    def version_of(self, provider: str) -> str:
        return self.project.providers[provider].api_version or self.type_of(provider).versions[0]


def default_project_config(directory: File, provider_types: ProviderTypes, *, has_unreadable: bool) -> ProjectConfig:
    """The config without a Project document: every provider type is a provider of the same name, with no defaults.
    `has_unreadable`: a file or document could not be read, and may be the Project."""
    project = Project(directory=str(directory), providers=_implicit_providers(provider_types))
    return ProjectConfig(project, provider_types, is_default_provider_known=not has_unreadable)


def read_project_config(
    document: Document,
    directory: File,
    provider_types: ProviderTypes,
    problems: ProblemCollector,
    remote_files: RemoteFiles,
) -> ProjectConfig:
    """Read a Project document. Whatever is wrong in it is added to `problems` and left out."""
    document_value: Any = document.value
    section = DocumentSection(document, ("spec",), problems)
    schema = project_schema()
    coerced_spec = coerce_variables(section, document_value["spec"], schema)
    spec: dict[str, Any] = keep_valid(section, coerced_spec, schema)
    declared = _read_providers(section, coerced_spec.get("providers"), spec.get("providers", {}), provider_types)
    providers = {**_implicit_providers(provider_types), **declared}
    invalid_providers = _provider_names(coerced_spec.get("providers")) - set(declared)
    _report_unknown_default(section, spec, {*providers, *invalid_providers})
    region = spec.get("defaults", {}).get("default_region")
    report_unknown_region(section.at("defaults", "default_region"), region)
    project_limits = read_limits(section.at("policy"), spec.get("policy", {}), directory, region, remote_files)
    project = Project(
        name=document_value["metadata"]["name"],
        declared=True,
        directory=str(document.file.parent),
        providers=providers,
        guard=_read_duration(section.at("guard"), spec, Project.guard),
        settle=_read_duration(section.at("settle"), spec, Project.settle),
        expected_call=rules.read_expected_call(_origins(section, spec), Project.expected_call, problems),
        policy=project_limits.policy,
        policy_digest=json_digest(spec.get("policy", {})),
        display_zone=_read_zone(section.at("display_zone"), spec),
        state_url=spec.get("state", {}).get("url"),
    )
    return ProjectConfig(
        project=project,
        provider_types=provider_types,
        limits=project_limits,
        defaults=_origins(section.at("defaults"), spec.get("defaults", {})),
        provider_defaults=_read_provider_defaults(section, spec.get("providers", {}), declared, provider_types),
        spec=spec,
        invalid_providers=invalid_providers,
        is_default_provider_known=_may_name_provider(coerced_spec.get("defaults"))
        == _may_name_provider(spec.get("defaults")),
    )


def _provider_names(providers: Json) -> frozenset[str]:
    return frozenset(providers if isinstance(providers, dict) else ())


def _implicit_providers(provider_types: ProviderTypes) -> dict[str, ProviderSpec]:
    """Providers that exist without being declared: one of each type, under the type's name."""
    return {name: ProviderSpec(name, name, provider_type.versions[0]) for name, provider_type in provider_types.items()}


def _read_providers(
    section: DocumentSection, written_providers: Any, valid_providers: Mapping[str, Any], provider_types: ProviderTypes
) -> dict[str, ProviderSpec]:
    """The declared providers whose type and version are valid."""
    specs = {}
    for name, provider in valid_providers.items():
        if "type" not in provider or ("api_version" in written_providers[name] and "api_version" not in provider):
            continue  # the schema has reported it
        if spec := _read_provider(section.at("providers", name), name, provider, provider_types):
            specs[name] = spec
    return specs


def _read_provider(
    section: DocumentSection, name: str, provider: Mapping[str, Any], provider_types: ProviderTypes
) -> ProviderSpec | None:
    provider_type = provider_types.get(provider["type"])
    if provider_type is None:
        message = f"unknown provider type {quote(provider['type'])}"
        section.at("type").report(message, suggest(provider["type"], provider_types))
        return None
    if provider_type.broken:
        return ProviderSpec(name, provider_type.name, None, provider.get("probe_number", ""))
    version = provider.get("api_version", provider_type.versions[0])
    if version not in provider_type.versions:
        message = f"provider type {provider_type.name} has no api_version {quote(version)}"
        section.at("api_version").report(message, list_known(provider_type.versions))
        return None
    return ProviderSpec(name, provider_type.name, version, provider.get("probe_number", ""), _read_price(provider))


def _read_price(provider: Mapping[str, Any]) -> Price | None:
    """The price of a provider's calls; None where it has none, or a wrong one, which the schema has reported."""
    price = provider.get("price")
    if not isinstance(price, dict) or "currency" not in price:
        return None
    return Price(price["currency"], Decimal(price.get("per_minute", "0")), Decimal(price.get("per_call", "0")))


def _read_provider_defaults(
    section: DocumentSection,
    declared: Mapping[str, Any],
    providers: Mapping[str, ProviderSpec],
    provider_types: ProviderTypes,
) -> dict[str, Mapping[str, Origin]]:
    defaults_by_provider: dict[str, Mapping[str, Origin]] = {}
    for name, provider in declared.items():
        if "defaults" in provider and name in providers and not provider_types[providers[name].type].broken:
            defaults_section = section.at("providers", name, "defaults")
            provider_type = provider_types[providers[name].type]
            version = providers[name].api_version or provider_type.versions[0]
            personal = personal_fields(provider_types.values())
            schema = defaults_schema(provider_type.name, version, personal)
            coerced_defaults = coerce_variables(defaults_section, provider["defaults"], schema)
            describe_unknown = defaults_describer(provider_type, version, schema, personal)
            valid_defaults = keep_valid(defaults_section, coerced_defaults, schema, describe_unknown)
            region: Any = valid_defaults.get("default_region")
            report_unknown_region(defaults_section.at("default_region"), region)
            defaults_by_provider[name] = _origins(defaults_section, valid_defaults)
    return defaults_by_provider


def _may_name_provider(defaults: Json) -> bool:
    return defaults is not None and (not isinstance(defaults, dict) or "provider" in defaults)


def _origins(section: DocumentSection, values: Mapping[str, Json]) -> dict[str, Origin]:
    return {name: Origin(value, section.document, (*section.path, name)) for name, value in values.items()}


def _report_unknown_default(section: DocumentSection, spec: Mapping[str, Any], providers: Collection[str]) -> None:
    name = spec.get("defaults", {}).get("provider")
    if name is not None and name not in providers:
        section.at("defaults", "provider").report(*describe_unknown_provider(name, providers))


def _read_duration(section: DocumentSection, spec: Mapping[str, Any], default: timedelta) -> timedelta:
    """The duration that the section contains; `default` when `spec` has no such field or it is too long."""
    name = section.path[-1]
    if name not in spec:
        return default
    try:
        return parse_duration(spec[str(name)])
    except ValueError as error:
        section.report(f"{quote(spec[str(name)])} is {error}")
        return default


def _read_zone(section: DocumentSection, spec: Mapping[str, Any]) -> str:
    """The name of the display zone; the default when `spec` has none, or one that does not exist."""
    zone = str(spec.get("display_zone", Project.display_zone))
    if is_time_zone(zone):
        return zone
    section.report(f"unknown time zone {quote(zone)}", "an IANA name such as America/New_York, or UTC")
    return Project.display_zone
