"""What a provider type can do, as data. Manifests are checked against it, plans warn by it, and the table in README is
made of it. Knows no connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from declarative.model.resource import Route
from declarative.model.settings_fields import NO_SETTINGS, SettingsFields

MOST_AHEAD = timedelta(days=29)
"""How far ahead a start may lie where a type does not say it."""


CANCEL_MARGIN = timedelta(seconds=30)
"""How long before a start an answer must come to prove that nobody was called, where only that proves it."""


class Cancellable(StrEnum):
    """When people who wait can be taken off."""

    ALWAYS = "always"
    BEFORE_START = "before_start"  # afterwards a cancel proves nothing, or destroys what was known
    NEVER = "never"


class CancelProof(StrEnum):
    """What proves, after a cancel of ours, that people were never called."""

    MEMBERS = "members"  # a later read, in which they read `cancelled`
    ABSENCE = "absence"  # the provider forgets it: an answer from before its start that does not know it any more


@dataclass(frozen=True, kw_only=True)
class DataLimits:
    """What a personal field may hold beside being an object."""

    most_keys: int | None = None
    """Keys, at most; our mark is one of them where it is put there. None: any number."""
    most_bytes: int | None = None
    """The largest object, as JSON. None: no limit is known."""
    key_pattern: str = ""
    """A regular expression for whole keys. Empty: any key."""
    key_description: str = ""
    """What `key_pattern` asks for, in words: `up to 64 letters`."""
    reserved_prefixes: tuple[str, ...] = ()
    """Beginnings of keys that are the provider's own."""
    is_flat: bool = False
    """A value is text, a number or a boolean, and no object or array."""
    reserves_mark: bool = True
    """The key `dialctl` is refused, since our mark may be put there."""
    refusal: str = ""
    """Why it may hold nothing at all. Empty: it may hold data."""


ANY_DATA = DataLimits()
"""For a personal field of which no limits are known."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one channel can do."""

    max_people: int
    """People that one request may hold."""
    provable: bool
    """A list that was read in full proves absence: what it does not show does not exist."""
    schedulable: bool
    """Takes a start time (`scheduled_at`)."""
    cancellable: Cancellable
    """When people who wait can be taken off."""
    retryable: bool
    """Has a request that retries a batch."""
    returns_data: bool
    """Members come back with the data that was sent for them."""
    shows_mark: bool = True
    """What was sent comes back with our mark, in a list or when it is read. False: a lost single call is found by
    likeness alone (`NumberChannel`), which only a person can judge."""
    outcomes: frozenset[str]
    """The provider's words that `retry.on` may name. `pre_dial` may be named everywhere."""
    personal: tuple[str, ...]
    """Manifest fields of a recipient. A change to one of them moves that person while they wait. The first one takes
    the columns of a file that no field names."""
    settings: SettingsFields
    """Manifest fields of a resource."""
    personal_in: str = ""
    """The setting that carries a person's data. Without it, data are refused. Empty: they need none."""
    data_limits: Mapping[str, DataLimits] = field(default_factory=dict)
    """By personal field: what it may hold. A field that is left out takes any object."""
    failures: frozenset[str] = frozenset()
    """The provider's words for a call that failed: neither reached, nor busy, nor unanswered. `halt_when` counts
    them."""
    max_bytes: int | None = None
    """Bytes that the body of a request may have; people are cut into requests by it. None: no limit is known."""
    person_bytes: int = 64
    """Bytes that a body holds for one person beside number and data, at most."""
    most_ahead: timedelta = MOST_AHEAD
    """How far ahead a start may lie. Whoever is due later waits for a later run. No matter where there is no start."""
    least_guard: timedelta = timedelta()
    """How far ahead a start must lie. A shorter guard of the project is lengthened to it."""
    longest_call: timedelta = timedelta(minutes=75)
    """How long a single call that never ends counts as in flight."""
    mark_length: int | None = None
    """Characters of a mark that the provider keeps. A longer mark is not sent. None: it keeps any mark."""
    key_separators: str = "~."
    """The characters that stand for `~` and `.` where a mark is an idempotency key."""
    idempotent_for: timedelta | None = None
    """How long the same request under the same key names the same thing, from its first send on. None: no key."""
    cancel_proof: CancelProof = CancelProof.MEMBERS
    """What proves, after a cancel of ours, that people were never called."""
    most_removals: int = 0
    """How many people are taken off one batch by a request each, while its others stay. Where more leave, the batch is
    cancelled, and its others move. 0: the API has no request for one person."""
    window: timedelta | None = None
    """How long a batch calls from its start on: an end is sent with it, which the provider obeys, and a request that
    lands after it calls nobody. Such a batch needs `expires_at`, holds no more people than can be called in that time,
    and has no idempotency key. None: a batch has no end."""
    ends_unreached: bool = False
    """People who read CANCELLED in a batch that is over were never called, without a cancel: its window closed."""
    refuses_past: bool = False
    """Refuses a batch whose start (`scheduled_at`) has passed when the request lands. False where that is not known."""
    list_ends: bool = False
    """A list may end before the beginning, since the provider keeps things for a time only."""
    finds_marks: bool = False
    """Its list can be asked for what bears a mark. What is found is ours; that nothing is found proves nothing."""
    cancel_settles: float = 60.0
    """Seconds after the answer to a cancel in which a call may still go out. The default is for types that do not
    know."""
    per_second: float | None = None
    """Calls a second that the provider keeps to by itself. None: it keeps no such limit."""
    most_queued: timedelta | None = None
    """How long a single call may be expected to wait in the provider's own queue before nothing more is sent. None:
    calls go out at once."""
    destinations: str = ""
    """A sentence that says which countries can be called. Empty: every country."""
    notes: str = ""
    """A sentence that plans of single calls warn with where `returns_data` is False."""

    def missing_for(self, route: Route) -> list[str]:
        """Name what the protocol needs on this route and the channel cannot do. Empty: nothing is missing."""
        if route is Route.CALL:
            # Protocol 5: a single call is settled by its mark, so a request must hold one person.
            return [] if self.max_people == 1 else ["max_people=1"]
        # Protocol 5: a list must prove that a lost batch is absent. Protocol 6: its start time is the guard.
        # Protocol 7: a twin is cancelled before the guard ends.
        required = {"provable": self.provable, "schedulable": self.schedulable}
        required["cancellable"] = self.cancellable is not Cancellable.NEVER
        # Protocol 8: whoever was taken off alone is free by the next read, so no call may go out after the answer.
        if self.most_removals:
            required["cancel_settles=0"] = not self.cancel_settles and self.cancellable is Cancellable.ALWAYS
        return [name for name, supported in required.items() if not supported]


@dataclass(frozen=True, kw_only=True)
class ProviderType:
    """A type of provider: where it is, and what it can do."""

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
    account_variable: str = ""
    """Environment variable that holds the account's id, where requests name it beside the key. Empty: they do not."""
    no_batches: str = ""
    """Why the provider's own batches are not used, for people. Empty: it has none, or they are used."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Manifest field to a value that shows its form, as YAML: `init` writes it into a first manifest."""
    broken: str = ""
    """Why an installed type cannot be used. Nothing else of it is known then. Empty: it can be used."""
    schemas: Path | None = None
    """Directory of an outside type's own `providers/<name>.v1.schema.json`. None: the schema is in this package."""

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The environment variables that a connection needs."""
        return tuple(name for name in (self.account_variable, self.key_variable) if name)


def broken_type(name: str, reason: str) -> ProviderType:
    """A type that is installed and cannot be used: it stands for what manifests name, and can do nothing."""
    nothing = Capabilities(
        max_people=1,
        provable=False,
        schedulable=False,
        cancellable=Cancellable.NEVER,
        retryable=False,
        returns_data=False,
        outcomes=frozenset(),
        personal=(),
        settings=NO_SETTINGS,
    )
    routes = {"": {Route.BATCH: nothing, Route.CALL: nothing}}
    return ProviderType(
        name=name,
        key_variable="",
        url_variable="",
        default_url="",
        versions=("",),
        routes=routes,
        refused={},
        broken=reason,
    )


def personal_fields(provider_types: Iterable[ProviderType]) -> tuple[str, ...]:
    """Every personal field of these types, each once."""
    all_capabilities = (
        capabilities
        for provider_type in provider_types
        for routes in provider_type.routes.values()
        for capabilities in routes.values()
    )
    return tuple(dict.fromkeys(name for capabilities in all_capabilities for name in capabilities.personal))
