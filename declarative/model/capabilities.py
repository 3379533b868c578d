"""What a provider type can do, as data. Manifests are checked against it, plans warn by it, and the table in README is
made of it. Knows no connection."""

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
"""Manifest fields of a resource. A change to one of them moves the people who still wait."""

PERSONAL = ("metadata", "dynamic_variables", "context")
"""Manifest fields of a recipient. A change to one of them moves that person while they wait."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one channel can do."""

    max_people: int
    """People that one request may hold."""
    provable: bool
    """A list that was read in full proves absence: what it does not show does not exist."""
    schedulable: bool
    """Takes a start time (`scheduled_at`)."""
    cancellable: bool
    """Can be cancelled while a person waits."""
    retryable: bool
    """Has a request that retries a batch."""
    returns_data: bool
    """Members come back with the data that was sent for them."""
    outcomes: frozenset[str]
    """The provider's words that `retry.on` may name. `pre_dial` may be named everywhere."""
    personal: tuple[str, ...]
    """The fields of PERSONAL that a recipient may have."""
    failures: frozenset[str] = frozenset()
    """The provider's words for a call that failed: neither reached, nor busy, nor unanswered. `halt_when` counts
    them."""
    max_bytes: int | None = None
    """Bytes that the body of a request may have; people are cut into requests by it. None: no limit is known."""
    refuses_past: bool = False
    """Refuses a batch whose start (`scheduled_at`) has passed when the request lands. False where that is not known."""
    list_ends: bool = False
    """A list may end before the beginning, since the provider keeps things for a time only."""
    cancel_settles: float = 60.0
    """Seconds after the answer to a cancel in which a call may still go out. The default is for types that do not
    know."""
    per_second: float | None = None
    """Calls a second that the provider keeps to by itself. None: it keeps no such limit."""
    destinations: str = ""
    """A sentence that says which countries can be called. Empty: every country."""
    notes: str = ""
    """A sentence that plans warn with where `returns_data` is False."""

    def missing_for(self, route: Route) -> list[str]:
        """Name what the protocol needs on this route and the channel cannot do. Empty: nothing is missing."""
        if route is Route.CALL:
            # Protocol 5: a single call is settled by its mark, so a request must hold one person.
            return [] if self.max_people == 1 else ["max_people=1"]
        # Protocol 5: a list must prove that a lost batch is absent. Protocol 6: its start time is the guard.
        # Protocol 7: a twin is cancelled before the guard ends.
        required = {"provable": self.provable, "schedulable": self.schedulable, "cancellable": self.cancellable}
        return [name for name, supported in required.items() if not supported]


@dataclass(frozen=True, kw_only=True)
class ProviderType:
    """A type of provider, such as `cartesia`: where it is, and what it can do."""

    name: str
    """The value of `type` in a manifest."""
    key_variable: str
    """Environment variable that holds the API key."""
    url_variable: str
    """Environment variable that holds another base URL."""
    default_url: str
    """Base URL where `url_variable` is not set."""
    versions: tuple[str, ...]
    """Values of `api_version`. The first one is the default."""
    routes: Mapping[str, Mapping[Route, Capabilities]]
    """API version to the routes that it has, and what each can do."""
    refused: Mapping[str, str]
    """Manifest field that the API is documented to refuse, to a sentence that says where it belongs."""
    schemas: Path | None = None
    """Directory of an outside type's own `providers/<name>.v1.schema.json`. None: the schema is in this package."""
