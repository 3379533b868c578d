"""Turns one Batch or Call document into one Resource: fills in defaults, brings values into one form, loads the
recipients."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path as File
from typing import Any

from declarative.manifest import rules
from declarative.manifest.document import Document, DocumentSection, Origin
from declarative.manifest.durations import format_moment
from declarative.manifest.policy import Limits, read_limits, restrict_limits
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.project import ProjectConfig
from declarative.manifest.provider_choice import ProviderChoice, choose_provider
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.gather import RecipientLoader
from declarative.manifest.recipients.inline import InlineRecipients
from declarative.manifest.recipients.spec import RecipientSpec, read_inline, read_sources
from declarative.manifest.validate import coerce_variables, keep_valid
from declarative.model.calling_hours import RECIPIENT
from declarative.model.digest import json_digest
from declarative.model.policy import Pace
from declarative.model.recipients import Recipients
from declarative.model.resource import Json, Kind, Resource

_RECIPIENT_FIELDS = ("recipients", "recipients_from", "to_number")
"""Fields of a manifest that name people."""


class ResourceCompiler:
    """Compiles the documents of one project. Problems of all of them go to one collector."""

    def __init__(
        self, project_config: ProjectConfig, root: File, loader: RecipientLoader, problems: ProblemCollector
    ) -> None:
        self._project_config = project_config
        self._root = root
        self._loader = loader
        self._problems = problems

    def compile(self, document: Document) -> Resource | None:
        """Return the resource, or None when something is wrong with it, which is reported."""
        mark = self._problems.mark()
        document_value: Any = document.value
        kind = Kind(document_value["kind"])
        spec: dict[str, Json] = document_value["spec"]
        section = DocumentSection(document, ("spec",), self._problems)
        choice = choose_provider(self._project_config, section, kind, spec)
        valid_spec = _keep_valid_spec(section, kind, choice, spec)
        values = self._merge_defaults(section, choice, valid_spec)
        self._problems.extend(rules.unseen_character_problems(values))
        rules.report_missing_fields(section, choice.shape, spec, values, choice.provider)
        self._problems.extend(rules.agent_problems(section, choice.capabilities.settings, values))
        resource = self._build_resource(section, kind, choice, values)
        return resource if choice.is_known and not self._problems.has_new(mark) else None

    def _merge_defaults(
        self, section: DocumentSection, choice: ProviderChoice, valid_spec: Mapping[str, Json]
    ) -> dict[str, Origin]:
        """The fields of the resource over those of its provider over those of the project."""
        defaults = {**self._project_config.defaults, **self._project_config.provider_defaults.get(choice.provider, {})}
        applicable_defaults = {name: origin for name, origin in defaults.items() if name in choice.shape.properties}
        return applicable_defaults | {
            name: Origin(value, section.document, (*section.path, name)) for name, value in valid_spec.items()
        }

    def _build_resource(
        self, section: DocumentSection, kind: Kind, choice: ProviderChoice, values: dict[str, Origin]
    ) -> Resource:
        metadata: Any = section.document.value["metadata"]  # type: ignore[call-overload,index]  # checked by schema
        scheduled_at = rules.read_moment(values, "scheduled_at", self._problems)
        expires_at = rules.read_moment(values, "expires_at", self._problems)
        self._problems.extend(rules.expiry_problems(values, scheduled_at, expires_at))
        if choice.is_known:
            self._problems.extend(rules.route_problems(values, choice.route, choice.provider))
        capabilities = choice.capabilities
        settings = {
            name: _normalize_number(values[name].value) for name in capabilities.settings.names if name in values
        }
        if scheduled_at:
            settings["scheduled_at"] = format_moment(scheduled_at)
        region = self._project_config.default_region(choice.provider)
        limits = self._resource_limits(section.at("policy"), values, region)
        return Resource(
            address=f"{kind.lower()}/{metadata['name']}",
            kind=kind,
            route=choice.route,
            provider=choice.provider,
            display_name=_value_or_default(values, "display_name", metadata["name"]),
            settings=settings,
            settings_digest=json_digest(settings),
            fields=capabilities.settings,
            variable_settings=frozenset(name for name in settings if values[name].is_from_variable),
            recipients=self._load_recipients(section, kind, choice, values, limits, region),
            paused=_value_or_default(values, "state", "present") == "cancelled",
            scheduled_at=scheduled_at,
            most_ahead=capabilities.most_ahead if capabilities.schedulable else timedelta(),
            least_guard=capabilities.least_guard,
            expires_at=expires_at,
            retry=None if choice.is_broken else rules.read_retry(values, capabilities, choice.provider, self._problems),
            expected_call=rules.read_expected_call(values, self._project_config.project.expected_call, self._problems),
            rollout=rules.read_rollout(values, self._problems),
            halt_when=rules.read_halt_when(values),
            policy=replace(limits.policy, suppress_from=self._loader.suppression_files.describe(limits.suppress)),
            pace=Pace(**_value_or_default(values, "pace", {})),
            manifest_digest=_digest_manifest(section.document, capabilities.personal),
            labels=metadata.get("labels", {}),
            also=tuple(_value_or_default(values, "also", ())),
            previously=tuple(metadata.get("previously", ())),
        )

    def _resource_limits(self, section: DocumentSection, values: Mapping[str, Origin], region: str | None) -> Limits:
        resource_limits = read_limits(
            section, _value_or_default(values, "policy", {}), self._root, region, self._loader.remote_files
        )
        return restrict_limits(self._project_config.limits, resource_limits, section)

    def _load_recipients(
        self,
        section: DocumentSection,
        kind: Kind,
        choice: ProviderChoice,
        values: Mapping[str, Origin],
        limits: Limits,
        region: str | None,
    ) -> Recipients:
        person_schema = PersonSchema.from_capabilities(
            choice.capabilities, choice.provider, choice.known_personal, values.keys()
        )
        if choice.is_broken:  # nobody can be read without the type, and the resource is blocked
            nobody = InlineRecipients(section.document, section.path)
            return self._loader.load(RecipientSpec(nobody, (), limits.suppress, None), self._problems)
        inline = read_inline(section, kind, values, person_schema, region)
        sources = read_sources(section, values, person_schema, self._root, region, self._loader.remote_files)
        spec: Any = section.document.value["spec"]  # type: ignore[call-overload,index]  # checked by schema
        if kind is Kind.BATCH and not spec.get("recipients") and "recipients_from" not in spec:
            message = "no one to call: there are no recipients"
            section.at("recipients").report(message, "give recipients or recipients_from")
        hours = limits.policy.calling_hours
        own_hours = hours if hours and hours.zone == RECIPIENT else None
        suppress = self._loader.suppression_files.select_readable(limits.suppress)
        recipient_spec = RecipientSpec(inline, sources, suppress, limits.policy.countries, own_hours)
        return self._loader.load(recipient_spec, self._problems)


def _digest_manifest(document: Document, personal: Collection[str]) -> str:
    """Digest a document without its recipients and their data: digests of their own cover those."""
    value: Any = document.value
    spec = {name: item for name, item in value["spec"].items() if name not in (*_RECIPIENT_FIELDS, *personal)}
    return json_digest([value["metadata"], spec])


def _keep_valid_spec(
    section: DocumentSection, kind: Kind, choice: ProviderChoice, spec: dict[str, Json]
) -> dict[str, Json]:
    # Recipients are not checked with the schema: recipients/inline.py knows its rules and is a hundred times quicker.
    recipient_fields = {name: value for name, value in spec.items() if _is_recipient_field(kind, name, value, choice)}
    other_fields = {name: value for name, value in spec.items() if name not in recipient_fields}
    schema = choice.shape.schema
    coerced_fields = coerce_variables(section, other_fields, schema)
    return keep_valid(section, coerced_fields, schema, choice.describe_unknown) | recipient_fields


def _is_recipient_field(kind: Kind, name: str, value: Json, choice: ProviderChoice) -> bool:
    if kind is Kind.BATCH:
        return name == "recipients" and isinstance(value, list)
    return name in choice.capabilities.personal and name in choice.shape.properties and isinstance(value, dict)


def _normalize_number(value: Json) -> Json:
    """A schema takes 10.0 for the integer 10. As a setting that is sent and compared it would be a different text, and
    so would 0.50 for 0.5."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    return value


def _value_or_default(values: Mapping[str, Origin], name: str, default: Any) -> Any:
    return values[name].value if name in values else default
