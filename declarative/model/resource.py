"""The values that everyone shares: what is wanted. No I/O, no clock; what was seen is in remote.py, what is
remembered in memory.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Kind(StrEnum):
    BATCH = "Batch"
    CALL = "Call"


class Route(StrEnum):
    """The way to the phone: a batch that the provider works off, or one single call a request."""

    BATCH = "batch"
    CALL = "call"


class Recipients:
    """The recipients of one resource after suppression, in manifest order.

    `count` of them; `numbers` is the digest of the set of numbers, `payloads` of numbers with their data.
    `frame` has two String columns: `number` (E.164) and `payload` (canonical JSON object of own fields, `{}` for none).
    All three are made on first use: an unchanged plan needs no table, and a first plan no digest.
    `held` counts those whom a policy keeps out, by the policy's name; `kept_out` is who they are (`number`, `policy`).
    """

    def __init__(
        self,
        count: int,
        frame: Callable[[], pl.DataFrame],
        numbers: Callable[[], str],
        payloads: Callable[[], str],
        held: Mapping[str, int] | None = None,
        kept_out: Callable[[], pl.DataFrame] | None = None,
    ) -> None:
        self.count = count
        self.held = dict(held or {})
        self._kept_out = kept_out
        self._frame = frame
        self._numbers = numbers
        self._payloads = payloads

    @cached_property
    def frame(self) -> pl.DataFrame:
        return self._frame()

    @property
    def kept_out(self) -> pl.DataFrame:
        assert self._kept_out is not None  # whoever counts them in `held` can name them
        return self._kept_out()

    @cached_property
    def numbers(self) -> str:
        return self._numbers()

    @cached_property
    def payloads(self) -> str:
        return self._payloads()


PRE_DIAL = "pre_dial"
"""Turned away before any phone rang: what `retry.on` may name besides the provider's own words."""
RECIPIENT = "recipient"
"""The zone of calling hours that are each person's own."""


@dataclass(frozen=True)
class Retry:
    """Ring again: at most `max_retries` further times, for the outcomes `on` (the provider's own words, and
    `pre_dial`), at the earliest `after` the last attempt's batch was over."""

    max_retries: int
    on: frozenset[str]
    after: timedelta = timedelta()


@dataclass(frozen=True)
class CallingHours:
    """Rings only from `start` to `end` (local time, may cross midnight) in `zone`: an IANA name, or `recipient`
    for each person's own zone, by the column `column` or else from the number."""

    start: time
    end: time
    zone: str
    column: str | None = None


@dataclass(frozen=True)
class Policy:
    """Limits on the rings of a resource or of the whole run. `countries` are ISO 3166 two-letter codes."""

    calling_hours: CallingHours | None = None
    max_dials: int | None = None
    countries: frozenset[str] | None = None


@dataclass(frozen=True)
class Pace:
    """How single calls of a lowered batch are placed."""

    calls_per_second: float = 1.0
    max_in_flight: int = 5


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One desired resource, every default filled in.

    `settings` are the values whose change moves people who still wait, normalised, provider field name to value;
    `settings_digest` is the digest of them. `paused` is `state: cancelled`: nobody is desired.
    `scheduled_at` and `expires_at` are aware UTC datetimes.
    """

    address: str
    kind: Kind
    route: Route
    provider: str
    display_name: str
    settings: Mapping[str, Json]
    settings_digest: str
    people: Recipients
    paused: bool = False
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    retry: Retry | None = None
    policy: Policy = Policy()
    pace: Pace = Pace()
    labels: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    previously: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProviderSpec:
    """A provider that the project declares: `name` in manifests, `type` in the catalog."""

    name: str
    type: str
    api_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Project:
    """`directory` is the folder of the Project document (or of PATH without one), absolute."""

    name: str = "default"
    declared: bool = False
    directory: str = "."
    providers: Mapping[str, ProviderSpec] = field(default_factory=dict)
    guard: timedelta = timedelta(minutes=2)
    settle: timedelta = timedelta(minutes=5)
    policy: Policy = Policy()
    state_url: str | None = None


@dataclass(frozen=True)
class Desired:
    """What the manifests ask for. `whole` tells that every manifest of the project was read, so that absence is
    a wish; `digest` covers manifests, recipients and variables, and is made on first use by `digested`. `named` tells
    of every address in any manifest of the project, of this run or not."""

    project: Project
    resources: Mapping[str, Resource]
    whole: bool
    digested: Callable[[], str]
    named: Callable[[], Collection[str]] = tuple

    @cached_property
    def digest(self) -> str:
        return self.digested()
