"""The Project document: providers, defaults and limits, and what they become where it says nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path as File
from typing import Any

from declarative.errors import Problem
from declarative.manifest import durations as times
from declarative.manifest import schema as shapes
from declarative.manifest import suggestions as unknown
from declarative.manifest import validate as check
from declarative.manifest.document import Document
from declarative.manifest.messages import Path, did_you_mean, join_names, quote
from declarative.manifest.policy import Limits, read_limits
from declarative.model.capabilities import ProviderType
from declarative.model.resource import Json, Project, ProviderSpec

ProviderTypes = Mapping[str, ProviderType]


@dataclass(frozen=True)
class Origin:
    """A value with the place it was written at, which for a default is in the Project."""

    value: Any
    document: Document
    path: Path

    def problem(self, message: str, hint: str = "", *, inner: Path = ()) -> Problem:
        return self.document.problem((*self.path, *inner), message, hint)


@dataclass(frozen=True)
class ProjectConfig:
    """What resources stand on. `defaults` by field; `provider_defaults` by provider name and field. `unsound`
    are the providers that the Project gets wrong, of which nothing more is to be said; `knows_default` is False
    where it may name a default provider and that cannot be made out."""

    project: Project
    provider_types: ProviderTypes
    limits: Limits = field(default_factory=Limits)
    defaults: Mapping[str, Origin] = field(default_factory=dict)
    provider_defaults: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)
    spec: Mapping[str, Json] = field(default_factory=dict)
    invalid_providers: frozenset[str] = frozenset()
    is_default_provider_known: bool = True

    def type_of(self, provider: str) -> ProviderType:
        return self.provider_types[self.project.providers[provider].type]

    def version_of(self, provider: str) -> str:
        return self.project.providers[provider].api_version or self.type_of(provider).versions[0]


def default_project_config(directory: File, provider_types: ProviderTypes, *, has_unreadable: bool) -> ProjectConfig:
    """Without a Project document: every provider type under its own name, and no defaults. `unread`: there may be
    one that cannot be read."""
    project = Project(directory=str(directory), providers=_implicit_providers(provider_types))
    return ProjectConfig(project, provider_types, is_default_provider_known=not has_unreadable)


def read_project_config(
    document: Document, directory: File, provider_types: ProviderTypes, problems: list[Problem]
) -> ProjectConfig:
    """Raises nothing: what is wrong is added to `problems`, and left out."""
    document_value: Any = document.value
    schema = shapes.project_schema()
    coerced_spec = check.coerce_variables(document, document_value["spec"], schema, ("spec",))
    spec: dict[str, Any] = check.keep_valid(document, coerced_spec, schema, ("spec",), problems)
    declared = _read_providers(
        document, coerced_spec.get("providers"), spec.get("providers", {}), provider_types, problems
    )
    providers = {**_implicit_providers(provider_types), **declared}
    invalid_providers = _provider_names(coerced_spec.get("providers")) - set(declared)
    problems.extend(_unknown_default_problems(document, spec, {*providers, *invalid_providers}))
    project_limits = read_limits(document, ("spec", "policy"), spec.get("policy", {}), directory, problems)
    project = Project(
        name=document_value["metadata"]["name"],
        declared=True,
        directory=str(document.file.parent),
        providers=providers,
        guard=_read_duration(document, spec, "guard", Project.guard, problems),
        settle=_read_duration(document, spec, "settle", Project.settle, problems),
        policy=project_limits.policy,
        state_url=spec.get("state", {}).get("url"),
    )
    return ProjectConfig(
        project=project,
        provider_types=provider_types,
        limits=project_limits,
        defaults=_origins(document, ("spec", "defaults"), spec.get("defaults", {})),
        provider_defaults=_read_provider_defaults(
            document, spec.get("providers", {}), declared, provider_types, problems
        ),
        spec=spec,
        invalid_providers=invalid_providers,
        is_default_provider_known=_may_name_provider(coerced_spec.get("defaults"))
        == _may_name_provider(spec.get("defaults")),
    )


def _provider_names(providers: Json) -> frozenset[str]:
    return frozenset(providers if isinstance(providers, dict) else ())


def _implicit_providers(provider_types: ProviderTypes) -> dict[str, ProviderSpec]:
    return {name: ProviderSpec(name, name, provider_type.versions[0]) for name, provider_type in provider_types.items()}


def _read_providers(
    document: Document,
    written_providers: Any,
    valid_providers: Mapping[str, Any],
    provider_types: ProviderTypes,
    problems: list[Problem],
) -> dict[str, ProviderSpec]:
    """Those whose type and version are right."""
    specs = {}
    for name, provider in valid_providers.items():
        path = ("spec", "providers", name)
        if "type" not in provider or ("api_version" in written_providers[name] and "api_version" not in provider):
            continue
        provider_type = provider_types.get(provider["type"])
        if provider_type is None:
            message = f"unknown provider type {quote(provider['type'])}"
            hint = did_you_mean(provider["type"], provider_types) or f"known are: {join_names(provider_types)}"
            problems.append(document.problem((*path, "type"), message, hint))
            continue
        version = provider.get("api_version", provider_type.versions[0])
        if version not in provider_type.versions:
            message = f"provider type {provider_type.name} has no api_version {quote(version)}"
            problems.append(
                document.problem((*path, "api_version"), message, f"known are: {join_names(provider_type.versions)}")
            )
            continue
        specs[name] = ProviderSpec(name, provider_type.name, version)
    return specs


def _read_provider_defaults(
    document: Document,
    declared: Mapping[str, Any],
    providers: Mapping[str, ProviderSpec],
    provider_types: ProviderTypes,
    problems: list[Problem],
) -> dict[str, Mapping[str, Origin]]:
    defaults_by_provider: dict[str, Mapping[str, Origin]] = {}
    for name, provider in declared.items():
        if "defaults" in provider and name in providers:
            path = ("spec", "providers", name, "defaults")
            provider_type = provider_types[providers[name].type]
            version = providers[name].api_version or provider_type.versions[0]
            schema = shapes.defaults_schema(provider_type.name, version)
            coerced_defaults = check.coerce_variables(document, provider["defaults"], schema, path)
            describe_unknown = unknown.defaults_describer(provider_type, version, schema)
            defaults_by_provider[name] = _origins(
                document, path, check.keep_valid(document, coerced_defaults, schema, path, problems, describe_unknown)
            )
    return defaults_by_provider


def _may_name_provider(defaults: Json) -> bool:
    return defaults is not None and (not isinstance(defaults, dict) or "provider" in defaults)


def _origins(document: Document, path: Path, values: Mapping[str, Json]) -> dict[str, Origin]:
    return {name: Origin(value, document, (*path, name)) for name, value in values.items()}


def _unknown_default_problems(
    document: Document, spec: Mapping[str, Any], providers: Collection[str]
) -> Iterator[Problem]:
    name = spec.get("defaults", {}).get("provider")
    if name is not None and name not in providers:
        yield document.problem(("spec", "defaults", "provider"), *unknown.unknown_provider(name, providers))


def _read_duration(
    document: Document, spec: Mapping[str, Any], name: str, default: timedelta, problems: list[Problem]
) -> timedelta:
    try:
        return times.parse_duration(spec[name]) if name in spec else default
    except ValueError as error:
        problems.append(document.problem(("spec", name), f"{quote(spec[name])} is {error}"))
        return default
