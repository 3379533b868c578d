"""One Batch or Call document to one Resource: defaults filled in, values normalised, people gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from declarative.errors import Problem
from declarative.manifest import (
    durations as times,
)
from declarative.manifest import (
    policy,
    rules,
)
from declarative.manifest import (
    schema as shapes,
)
from declarative.manifest import (
    suggestions as unknown,
)
from declarative.manifest import (
    validate as check,
)
from declarative.manifest.document import Document
from declarative.manifest.project import Origin, ProjectConfig
from declarative.manifest.recipients import inline as rows
from declarative.manifest.recipients.fields import Personal
from declarative.manifest.recipients.gather import RecipientLoader, Wanted
from declarative.manifest.recipients.inline import Inline
from declarative.manifest.recipients.source import Source
from declarative.manifest.schema import Shape
from declarative.manifest.validate import Unknown
from declarative.model.capabilities import PERSONAL, SETTINGS, Capabilities
from declarative.model.digest import json_digest
from declarative.model.policy import Pace
from declarative.model.recipients import Recipients
from declarative.model.resource import Json, Kind, Resource, Route

_SPEC = ("spec",)


@dataclass(frozen=True)
class _ProviderChoice:
    """How a resource's people are rung: provider name, what its type takes and the abilities on the route. `known`
    is False for a resource whose provider is not: then the way is as wide as those of all providers together."""

    provider: str
    shape: Shape
    describe: Unknown
    route: Route
    abilities: Capabilities
    known: bool = True


class Resources:
    """Compiles documents on one foundation; problems of all of them are collected in one list."""

    def __init__(self, ground: ProjectConfig, root: File, gatherer: RecipientLoader, problems: list[Problem]) -> None:
        self._ground = ground
        self._root = root
        self._gatherer = gatherer
        self._problems = problems

    def compile(self, document: Document) -> Resource | None:
        """None when something is wrong, which is then among the problems."""
        before = len(self._problems)
        whole: Any = document.value
        kind = Kind(whole["kind"])
        spec: dict[str, Json] = whole["spec"]
        way = self._way(document, kind, spec)
        sound = self._sound(document, kind, way, spec)
        values = self._values(document, way, sound)
        self._problems.extend(rules.missing(document, way.shape, spec, values, way.provider))
        resource = self._resource(document, kind, way, values)
        return resource if way.known and len(self._problems) == before else None

    def _way(self, document: Document, kind: Kind, spec: Mapping[str, Json]) -> _ProviderChoice:
        route = Route.BATCH if kind is Kind.BATCH or spec.get("via") == "batch" else Route.CALL
        name = self._provider(document, spec)
        if name is None:
            return self._any_way(kind, route)
        known, version = self._ground.type_of(name), self._ground.version_of(name)
        routes = known.routes[version]
        if route not in routes:
            if kind is Kind.CALL:
                message = f"provider {name} ({known.name} {version}) has no batches"
                self._problems.append(document.problem(("spec", "via"), message, "use via: direct"))
            route = next(iter(routes))
        shape = shapes.of(kind, route, known.name, version)
        return _ProviderChoice(name, shape, unknown.in_spec(kind, route, known, version, shape), route, routes[route])

    def _any_way(self, kind: Kind, route: Route) -> _ProviderChoice:
        types, shape = self._ground.types.values(), shapes.common(kind)
        every = [able for known in types for routes in known.routes.values() for able in routes.values()]
        outcomes = frozenset[str]().union(*(able.outcomes for able in every))
        widest = replace(every[0], outcomes=outcomes, personal=PERSONAL)
        return _ProviderChoice("any provider", shape, unknown.anywhere(kind, types, shape), route, widest, known=False)

    def _provider(self, document: Document, spec: Mapping[str, Json]) -> str | None:
        default = self._ground.defaults.get("provider")
        name = spec.get("provider", default.value if default else None)
        providers = self._ground.project.providers
        if isinstance(name, str) and name in self._ground.unsound:
            return None
        if isinstance(name, str) and name in providers:
            return name
        if isinstance(name, str) and "provider" in spec:
            self._problems.append(document.problem(("spec", "provider"), *unknown.provider(name, providers)))
        elif "provider" not in spec and not default and self._ground.knows_default:
            hint = f"set it here, or spec.defaults.provider in the Project; known are: {', '.join(providers)}"
            self._problems.append(document.problem(_SPEC, 'missing field "provider"', hint))
        return None

    def _sound(self, document: Document, kind: Kind, way: _ProviderChoice, spec: dict[str, Json]) -> dict[str, Json]:
        # People never go through the schema: rows.py knows its rules, and is a hundred times quicker.
        people = {name: value for name, value in spec.items() if _is_people(kind, name, value, way.shape)}
        others = {name: value for name, value in spec.items() if name not in people}
        checked = check.coerce_variables(document, others, way.shape.schema, _SPEC)
        return check.keep_valid(document, checked, way.shape.schema, _SPEC, self._problems, way.describe) | people

    def _values(self, document: Document, way: _ProviderChoice, sound: Mapping[str, Json]) -> dict[str, Origin]:
        defaults = {**self._ground.defaults, **self._ground.provider_defaults.get(way.provider, {})}
        known = {name: origin for name, origin in defaults.items() if name in way.shape.properties}
        return known | {name: Origin(value, document, ("spec", name)) for name, value in sound.items()}

    def _resource(self, document: Document, kind: Kind, way: _ProviderChoice, values: dict[str, Origin]) -> Resource:
        metadata: Any = document.value["metadata"]  # type: ignore[call-overload,index]  # checked by schema
        address = f"{kind.lower()}/{metadata['name']}"
        scheduled = rules.moment(values, "scheduled_at", self._problems)
        expires = rules.moment(values, "expires_at", self._problems)
        self._problems.extend(rules.expiry(values, scheduled, expires))
        if way.known:
            self._problems.extend(rules.route_fits(values, way.route, way.provider))
        settings = {name: _normal(values[name].value) for name in SETTINGS if name in values}
        if scheduled:
            settings["scheduled_at"] = times.stamp(scheduled)
        limits = self._limits(document, values)
        return Resource(
            address=address,
            kind=kind,
            route=way.route,
            provider=way.provider,
            display_name=_value(values, "display_name", metadata["name"]),
            settings=settings,
            settings_digest=json_digest(settings),
            people=self._people(document, kind, way, values, limits),
            paused=_value(values, "state", "present") == "cancelled",
            scheduled_at=scheduled,
            expires_at=expires,
            retry=rules.retry(values, way.abilities, way.provider, self._problems),
            policy=limits.policy,
            pace=Pace(**_value(values, "pace", {})),
            labels=metadata.get("labels", {}),
            also=tuple(_value(values, "also", ())),
            previously=tuple(metadata.get("previously", ())),
        )

    def _limits(self, document: Document, values: Mapping[str, Origin]) -> policy.Limits:
        written = _value(values, "policy", {})
        own = policy.limits(document, ("spec", "policy"), written, self._root, self._problems)
        return policy.stricter(self._ground.limits, own, document, self._problems)

    def _people(
        self, document: Document, kind: Kind, way: _ProviderChoice, values: Mapping[str, Origin], limits: policy.Limits
    ) -> Recipients:
        personal = Personal.of(way.abilities.personal, way.provider, way.route)
        inline = _inline(document, kind, values, personal, self._problems)
        sources = self._sources(document, values, personal)
        spec: Any = document.value["spec"]  # type: ignore[call-overload,index]  # checked by schema
        if kind is Kind.BATCH and not spec.get("recipients") and "recipients_from" not in spec:
            message = "nobody to ring: recipients come out empty"
            at = ("spec", "recipients")
            self._problems.append(document.problem(at, message, "give recipients or recipients_from"))
        wanted = Wanted(inline, sources, limits.suppress, limits.policy.countries)
        return self._gatherer.people(wanted, self._problems)

    def _sources(self, document: Document, values: Mapping[str, Origin], personal: Personal) -> list[Source]:
        sources = []
        for index, entry in enumerate(_value(values, "recipients_from", ())):
            if not (isinstance(entry, dict) and "file" in entry):
                continue
            at = ("spec", "recipients_from", index)
            columns = {name: entry[name] for name in PERSONAL if name in entry}
            for name in [name for name in columns if name not in personal.fields]:
                problem = document.problem((*at, name), *rows.foreign(name, personal), key=True)
                self._problems.append(problem)
            file = policy.file_named(document, (*at, "file"), entry["file"], self._root, self._problems)
            if file is not None and set(columns) <= set(personal.fields):
                rest = personal.fields[0] if personal.fields and personal.fields[0] not in columns else ""
                number = entry.get("to_number", "to_number")
                sources.append(Source(file, number, document, at, personal, columns, rest))
        return sources


def _is_people(kind: Kind, name: str, value: Json, shape: Shape) -> bool:
    if kind is Kind.BATCH:
        return name == "recipients" and isinstance(value, list)
    return name in PERSONAL and name in shape.properties and isinstance(value, dict)


def _normal(value: Json) -> Json:
    """To a schema 10.0 is an integer as 10 is; sent, and compared, it is another text."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _value(values: Mapping[str, Origin], name: str, default: Any) -> Any:
    return values[name].value if name in values else default


def _inline(
    document: Document, kind: Kind, values: Mapping[str, Origin], personal: Personal, problems: list[Problem]
) -> Inline:
    if kind is Kind.BATCH:
        people = _value(values, "recipients", [])
        return rows.read(document, ("spec", "recipients"), people, personal, problems)
    if "to_number" not in values:
        return Inline(document, _SPEC, single=True)
    row = {name: values[name].value for name in ("to_number", *personal.fields) if name in values}
    return rows.read(document, _SPEC, [row], personal, problems, single=True)
