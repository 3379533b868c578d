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
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.gather import RecipientLoader, RecipientSpec
from declarative.manifest.recipients.inline import InlineRecipients
from declarative.manifest.recipients.source import Source
from declarative.manifest.schema import Shape
from declarative.manifest.validate import FieldDescriber
from declarative.model.capabilities import PERSONAL, SETTINGS, Capabilities
from declarative.model.digest import json_digest
from declarative.model.policy import Pace
from declarative.model.recipients import Recipients
from declarative.model.resource import Json, Kind, Resource, Route

_SPEC = ("spec",)


@dataclass(frozen=True)
class _ProviderChoice:
    """How a resource's people are called: provider name, what its type takes and the abilities on the route. `known`
    is False for a resource whose provider is not: then the way is as wide as those of all providers together."""

    provider: str
    shape: Shape
    describe_unknown: FieldDescriber
    route: Route
    capabilities: Capabilities
    is_known: bool = True


class ResourceCompiler:
    """Compiles documents on one foundation; problems of all of them are collected in one list."""

    def __init__(
        self, project_config: ProjectConfig, root: File, loader: RecipientLoader, problems: list[Problem]
    ) -> None:
        self._project_config = project_config
        self._root = root
        self._loader = loader
        self._problems = problems

    def compile(self, document: Document) -> Resource | None:
        """None when something is wrong, which is then among the problems."""
        problem_count = len(self._problems)
        document_value: Any = document.value
        kind = Kind(document_value["kind"])
        spec: dict[str, Json] = document_value["spec"]
        choice = self._choose_provider(document, kind, spec)
        valid_spec = self._keep_valid_spec(document, kind, choice, spec)
        values = self._merge_defaults(document, choice, valid_spec)
        self._problems.extend(rules.missing_field_problems(document, choice.shape, spec, values, choice.provider))
        resource = self._build_resource(document, kind, choice, values)
        return resource if choice.is_known and len(self._problems) == problem_count else None

    def _choose_provider(self, document: Document, kind: Kind, spec: Mapping[str, Json]) -> _ProviderChoice:
        route = Route.BATCH if kind is Kind.BATCH or spec.get("via") == "batch" else Route.CALL
        name = self._provider_name(document, spec)
        if name is None:
            return self._any_provider_choice(kind, route)
        provider_type, version = self._project_config.type_of(name), self._project_config.version_of(name)
        routes = provider_type.routes[version]
        if route not in routes:
            if kind is Kind.CALL:
                message = f"provider {name} ({provider_type.name} {version}) has no batches"
                self._problems.append(document.problem(("spec", "via"), message, "use via: direct"))
            route = next(iter(routes))
        shape = shapes.resource_shape(kind, route, provider_type.name, version)
        return _ProviderChoice(
            name, shape, unknown.spec_describer(kind, route, provider_type, version, shape), route, routes[route]
        )

    def _any_provider_choice(self, kind: Kind, route: Route) -> _ProviderChoice:
        provider_types, shape = self._project_config.provider_types.values(), shapes.common_shape(kind)
        all_capabilities = [
            capabilities
            for provider_type in provider_types
            for routes in provider_type.routes.values()
            for capabilities in routes.values()
        ]
        outcomes = frozenset[str]().union(*(capabilities.outcomes for capabilities in all_capabilities))
        widest_capabilities = replace(all_capabilities[0], outcomes=outcomes, personal=PERSONAL)
        return _ProviderChoice(
            "any provider",
            shape,
            unknown.common_describer(kind, provider_types, shape),
            route,
            widest_capabilities,
            is_known=False,
        )

    def _provider_name(self, document: Document, spec: Mapping[str, Json]) -> str | None:
        default = self._project_config.defaults.get("provider")
        name = spec.get("provider", default.value if default else None)
        providers = self._project_config.project.providers
        if isinstance(name, str) and name in self._project_config.invalid_providers:
            return None
        if isinstance(name, str) and name in providers:
            return name
        if isinstance(name, str) and "provider" in spec:
            self._problems.append(document.problem(("spec", "provider"), *unknown.unknown_provider(name, providers)))
        elif "provider" not in spec and not default and self._project_config.is_default_provider_known:
            hint = f"set it here, or spec.defaults.provider in the Project; known are: {', '.join(providers)}"
            self._problems.append(document.problem(_SPEC, 'missing field "provider"', hint))
        return None

    def _keep_valid_spec(
        self, document: Document, kind: Kind, choice: _ProviderChoice, spec: dict[str, Json]
    ) -> dict[str, Json]:
        # People never go through the schema: rows.py knows its rules, and is a hundred times quicker.
        recipient_fields = {
            name: value for name, value in spec.items() if _is_recipient_field(kind, name, value, choice.shape)
        }
        other_fields = {name: value for name, value in spec.items() if name not in recipient_fields}
        coerced_fields = check.coerce_variables(document, other_fields, choice.shape.schema, _SPEC)
        return (
            check.keep_valid(
                document, coerced_fields, choice.shape.schema, _SPEC, self._problems, choice.describe_unknown
            )
            | recipient_fields
        )

    def _merge_defaults(
        self, document: Document, choice: _ProviderChoice, valid_spec: Mapping[str, Json]
    ) -> dict[str, Origin]:
        defaults = {**self._project_config.defaults, **self._project_config.provider_defaults.get(choice.provider, {})}
        applicable_defaults = {name: origin for name, origin in defaults.items() if name in choice.shape.properties}
        return applicable_defaults | {
            name: Origin(value, document, ("spec", name)) for name, value in valid_spec.items()
        }

    def _build_resource(
        self, document: Document, kind: Kind, choice: _ProviderChoice, values: dict[str, Origin]
    ) -> Resource:
        metadata: Any = document.value["metadata"]  # type: ignore[call-overload,index]  # checked by schema
        address = f"{kind.lower()}/{metadata['name']}"
        scheduled_at = rules.parse_moment(values, "scheduled_at", self._problems)
        expires_at = rules.parse_moment(values, "expires_at", self._problems)
        self._problems.extend(rules.expiry_problems(values, scheduled_at, expires_at))
        if choice.is_known:
            self._problems.extend(rules.route_problems(values, choice.route, choice.provider))
        settings = {name: _normalize_number(values[name].value) for name in SETTINGS if name in values}
        if scheduled_at:
            settings["scheduled_at"] = times.format_moment(scheduled_at)
        limits = self._resource_limits(document, values)
        return Resource(
            address=address,
            kind=kind,
            route=choice.route,
            provider=choice.provider,
            display_name=_value_or_default(values, "display_name", metadata["name"]),
            settings=settings,
            settings_digest=json_digest(settings),
            recipients=self._load_recipients(document, kind, choice, values, limits),
            paused=_value_or_default(values, "state", "present") == "cancelled",
            scheduled_at=scheduled_at,
            expires_at=expires_at,
            retry=rules.read_retry(values, choice.capabilities, choice.provider, self._problems),
            policy=limits.policy,
            pace=Pace(**_value_or_default(values, "pace", {})),
            labels=metadata.get("labels", {}),
            also=tuple(_value_or_default(values, "also", ())),
            previously=tuple(metadata.get("previously", ())),
        )

    def _resource_limits(self, document: Document, values: Mapping[str, Origin]) -> policy.Limits:
        policy_fields = _value_or_default(values, "policy", {})
        resource_limits = policy.read_limits(document, ("spec", "policy"), policy_fields, self._root, self._problems)
        return policy.restrict_limits(self._project_config.limits, resource_limits, document, self._problems)

    def _load_recipients(
        self,
        document: Document,
        kind: Kind,
        choice: _ProviderChoice,
        values: Mapping[str, Origin],
        limits: policy.Limits,
    ) -> Recipients:
        person_schema = PersonSchema.from_route(choice.capabilities.personal, choice.provider, choice.route)
        inline = _read_inline(document, kind, values, person_schema, self._problems)
        sources = self._read_sources(document, values, person_schema)
        spec: Any = document.value["spec"]  # type: ignore[call-overload,index]  # checked by schema
        if kind is Kind.BATCH and not spec.get("recipients") and "recipients_from" not in spec:
            message = "nobody to call: recipients come out empty"
            path = ("spec", "recipients")
            self._problems.append(document.problem(path, message, "give recipients or recipients_from"))
        recipient_spec = RecipientSpec(inline, sources, limits.suppress, limits.policy.countries)
        return self._loader.load(recipient_spec, self._problems)

    def _read_sources(
        self, document: Document, values: Mapping[str, Origin], person_schema: PersonSchema
    ) -> list[Source]:
        sources = []
        for index, entry in enumerate(_value_or_default(values, "recipients_from", ())):
            if not (isinstance(entry, dict) and "file" in entry):
                continue
            path = ("spec", "recipients_from", index)
            columns = {name: entry[name] for name in PERSONAL if name in entry}
            for name in [name for name in columns if name not in person_schema.fields]:
                problem = document.problem((*path, name), *rows.describe_foreign_field(name, person_schema), key=True)
                self._problems.append(problem)
            file = policy.resolve_recipients_file(document, (*path, "file"), entry["file"], self._root, self._problems)
            if file is not None and set(columns) <= set(person_schema.fields):
                rest_field = (
                    person_schema.fields[0] if person_schema.fields and person_schema.fields[0] not in columns else ""
                )
                number_column = entry.get("to_number", "to_number")
                sources.append(Source(file, number_column, document, path, person_schema, columns, rest_field))
        return sources


def _is_recipient_field(kind: Kind, name: str, value: Json, shape: Shape) -> bool:
    if kind is Kind.BATCH:
        return name == "recipients" and isinstance(value, list)
    return name in PERSONAL and name in shape.properties and isinstance(value, dict)


def _normalize_number(value: Json) -> Json:
    """To a schema 10.0 is an integer as 10 is; sent, and compared, it is another text."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _value_or_default(values: Mapping[str, Origin], name: str, default: Any) -> Any:
    return values[name].value if name in values else default


def _read_inline(
    document: Document, kind: Kind, values: Mapping[str, Origin], person_schema: PersonSchema, problems: list[Problem]
) -> InlineRecipients:
    if kind is Kind.BATCH:
        recipients = _value_or_default(values, "recipients", [])
        return rows.read_file(document, ("spec", "recipients"), recipients, person_schema, problems)
    if "to_number" not in values:
        return InlineRecipients(document, _SPEC, single=True)
    row = {name: values[name].value for name in ("to_number", *person_schema.fields) if name in values}
    return rows.read_file(document, _SPEC, [row], person_schema, problems, single=True)
