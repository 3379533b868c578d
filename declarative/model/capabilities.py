"""What a provider type can do, as data: manifests are checked against it, plans warn by it, README's table is made of
it. Knows no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from declarative.model.resource import Route

SETTINGS = (
    "agent_id",
    "from_number_id",
    "from_number",
    "ringing_timeout_seconds",
    "max_call_duration_minutes",
    "target_concurrency_limit",
    "scheduled_at",
    "region",
    "instructions",
    "webhook_url",
)
"""Manifest fields of a resource whose change moves people who still wait."""

PERSONAL = ("metadata", "dynamic_variables", "context")
"""Manifest fields of a recipient whose change moves that person while they wait."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one channel can do.

    `max_people` a request; `provable`: a complete list proves absence; `schedulable`: takes `scheduled_at`;
    `cancellable`: while a person waits; `retryable`: has a retry request; `echoes`: members come back with their
    data; `outcomes`: the words that `retry.on` may name besides `pre_dial`; `per_second`: calls a second that the
    provider itself keeps to, None where it keeps no such limit; `personal`: the recipient fields it takes; `reach`:
    a sentence where not every country can be called; `notes`: a sentence that plans warn with where nothing `echoes`.
    """

    max_people: int
    provable: bool
    schedulable: bool
    cancellable: bool
    retryable: bool
    returns_data: bool
    outcomes: frozenset[str]
    personal: tuple[str, ...]
    per_second: float | None = None
    destinations: str = ""
    notes: str = ""

    def missing_for(self, route: Route) -> list[str]:
        """What the protocol builds upon on this route and the channel cannot do, in words: a lost batch is proven by a
        list, guarded by its time and taken back before it; a single call is one person's."""
        if route is Route.CALL:
            return [] if self.max_people == 1 else ["max_people=1"]
        required = {"provable": self.provable, "schedulable": self.schedulable, "cancellable": self.cancellable}
        return [name for name, supported in required.items() if not supported]


@dataclass(frozen=True, kw_only=True)
class ProviderType:
    """A type of provider. `key_variable` names the environment variable of the key, `url_variable` that of the base
    URL, which is `default_url` where it is not set. `versions` are the values of `api_version`, the default first;
    `routes` gives the abilities by version and route; `refused` maps a manifest field that the API is documented to
    refuse to the sentence that says where it belongs. `schemas` is the directory of an outside type's own
    `providers/<name>.v1.schema.json`."""

    name: str
    key_variable: str
    url_variable: str
    default_url: str
    versions: tuple[str, ...]
    routes: Mapping[str, Mapping[Route, Capabilities]]
    refused: Mapping[str, str]
    schemas: Path | None = None
