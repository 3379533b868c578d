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
from declarative.manifest.messages import Path, did_you_mean, join_names, quoted
from declarative.manifest.policy import Limits, limits
from declarative.model.capabilities import ProviderType
from declarative.model.resource import Json, Project, ProviderSpec

Types = Mapping[str, ProviderType]


@dataclass(frozen=True)
class Origin:
    """A value with the place it was written at, which for a default is in the Project."""

    value: Any
    document: Document
    at: Path

    def problem(self, message: str, hint: str = "", *, inner: Path = ()) -> Problem:
        return self.document.problem((*self.at, *inner), message, hint)


@dataclass(frozen=True)
class ProjectConfig:
    """What resources stand on. `defaults` by field; `provider_defaults` by provider name and field. `unsound`
    are the providers that the Project gets wrong, of which nothing more is to be said; `knows_default` is False
    where it may name a default provider and that cannot be made out."""

    project: Project
    types: Types
    limits: Limits = field(default_factory=Limits)
    defaults: Mapping[str, Origin] = field(default_factory=dict)
    provider_defaults: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)
    spec: Mapping[str, Json] = field(default_factory=dict)
    unsound: frozenset[str] = frozenset()
    knows_default: bool = True

    def type_of(self, provider: str) -> ProviderType:
        return self.types[self.project.providers[provider].type]

    def version_of(self, provider: str) -> str:
        return self.project.providers[provider].api_version or self.type_of(provider).versions[0]


def refuse_without_project(directory: File, types: Types, *, unread: bool) -> ProjectConfig:
    """Without a Project document: every provider type under its own name, and no defaults. `unread`: there may be
    one that cannot be read."""
    project = Project(directory=str(directory), providers=_own_names(types))
    return ProjectConfig(project, types, knows_default=not unread)


def foundation(document: Document, directory: File, types: Types, problems: list[Problem]) -> ProjectConfig:
    """Raises nothing: what is wrong is added to `problems`, and left out."""
    whole: Any = document.value
    schema = shapes.project()
    written = check.coerce_variables(document, whole["spec"], schema, ("spec",))
    spec: dict[str, Any] = check.keep_valid(document, written, schema, ("spec",), problems)
    declared = _providers(document, written.get("providers"), spec.get("providers", {}), types, problems)
    providers = {**_own_names(types), **declared}
    unsound = _names(written.get("providers")) - set(declared)
    problems.extend(_unknown_default(document, spec, {*providers, *unsound}))
    own = limits(document, ("spec", "policy"), spec.get("policy", {}), directory, problems)
    project = Project(
        name=whole["metadata"]["name"],
        declared=True,
        directory=str(document.file.parent),
        providers=providers,
        guard=_duration(document, spec, "guard", Project.guard, problems),
        settle=_duration(document, spec, "settle", Project.settle, problems),
        policy=own.policy,
        state_url=spec.get("state", {}).get("url"),
    )
    return ProjectConfig(
        project=project,
        types=types,
        limits=own,
        defaults=_origins(document, ("spec", "defaults"), spec.get("defaults", {})),
        provider_defaults=_provider_defaults(document, spec.get("providers", {}), declared, types, problems),
        spec=spec,
        unsound=unsound,
        knows_default=_says_provider(written.get("defaults")) == _says_provider(spec.get("defaults")),
    )


def _names(providers: Json) -> frozenset[str]:
    return frozenset(providers if isinstance(providers, dict) else ())


def _own_names(types: Types) -> dict[str, ProviderSpec]:
    return {name: ProviderSpec(name, name, known.versions[0]) for name, known in types.items()}


def _providers(
    document: Document, written: Any, sound: Mapping[str, Any], types: Types, problems: list[Problem]
) -> dict[str, ProviderSpec]:
    """Those whose type and version are right."""
    specs = {}
    for name, provider in sound.items():
        at = ("spec", "providers", name)
        if "type" not in provider or ("api_version" in written[name] and "api_version" not in provider):
            continue
        known = types.get(provider["type"])
        if known is None:
            message = f"unknown provider type {quoted(provider['type'])}"
            hint = did_you_mean(provider["type"], types) or f"known are: {join_names(types)}"
            problems.append(document.problem((*at, "type"), message, hint))
            continue
        version = provider.get("api_version", known.versions[0])
        if version not in known.versions:
            message = f"provider type {known.name} has no api_version {quoted(version)}"
            problems.append(document.problem((*at, "api_version"), message, f"known are: {join_names(known.versions)}"))
            continue
        specs[name] = ProviderSpec(name, known.name, version)
    return specs


def _provider_defaults(
    document: Document,
    declared: Mapping[str, Any],
    providers: Mapping[str, ProviderSpec],
    types: Types,
    problems: list[Problem],
) -> dict[str, Mapping[str, Origin]]:
    found: dict[str, Mapping[str, Origin]] = {}
    for name, provider in declared.items():
        if "defaults" in provider and name in providers:
            at = ("spec", "providers", name, "defaults")
            known = types[providers[name].type]
            version = providers[name].api_version or known.versions[0]
            schema = shapes.defaults(known.name, version)
            written = check.coerce_variables(document, provider["defaults"], schema, at)
            describe = unknown.in_defaults(known, version, schema)
            found[name] = _origins(document, at, check.keep_valid(document, written, schema, at, problems, describe))
    return found


def _says_provider(defaults: Json) -> bool:
    return defaults is not None and (not isinstance(defaults, dict) or "provider" in defaults)


def _origins(document: Document, at: Path, values: Mapping[str, Json]) -> dict[str, Origin]:
    return {name: Origin(value, document, (*at, name)) for name, value in values.items()}


def _unknown_default(document: Document, spec: Mapping[str, Any], providers: Collection[str]) -> Iterator[Problem]:
    name = spec.get("defaults", {}).get("provider")
    if name is not None and name not in providers:
        yield document.problem(("spec", "defaults", "provider"), *unknown.provider(name, providers))


def _duration(
    document: Document, spec: Mapping[str, Any], name: str, default: timedelta, problems: list[Problem]
) -> timedelta:
    try:
        return times.duration(spec[name]) if name in spec else default
    except ValueError as error:
        problems.append(document.problem(("spec", name), f"{quoted(spec[name])} is {error}"))
        return default
