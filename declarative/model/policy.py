"""Rules that hold people back or call them again: policy, retry, pace. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from declarative.model.calling_hours import CallingHours

if TYPE_CHECKING:
    import polars as pl

PRE_DIAL = "pre_dial"
"""Turned away before any phone was called. `retry.on` may name it next to the provider's own words."""


@dataclass(frozen=True)
class Retry:
    """When people are called again."""

    max_retries: int
    """Further calls to a person after the first one, at most. The provider's own retries count too."""
    on: frozenset[str]
    """Outcomes that are called again: the provider's own words, and PRE_DIAL."""
    after: timedelta = timedelta()
    """Time that must pass after the batch of the last attempt was over."""


@dataclass(frozen=True)
class DoNotCallList:
    """A do-not-call list as it was read."""

    name: str
    """Its path from the project's directory, or its URL."""
    size: int = 0
    """How many different numbers it holds."""
    sha256: str = ""
    """The digest of its bytes; empty for one that was not read."""
    failure: str = ""
    """Why it could not be read: then nobody new is called. Empty: it was read, or this run fetches nothing."""
    is_live: bool = False
    """Whether it is under a URL without a digest, so that it may hold something else in every run."""

    @property
    def is_known(self) -> bool:
        """Whether it was read, so that its size means something."""
        return bool(self.sha256)


@dataclass(frozen=True)
class Frequency:
    """How often a number may be called by all resources of a project together."""

    max: int
    """Calls, at most, those that are made again included."""
    per: timedelta
    """The length of time in which there are no more of them."""


@dataclass(frozen=True)
class ListLook:
    """What a run found that looked at a do-not-call list again."""

    name: str
    """The name of the list."""
    failure: str = ""
    """Why nobody new may be called. Empty: it was read."""
    is_listed: Callable[[pl.Series], pl.Series] | None = None
    """Tells of numbers whether each of them stands on what the list holds now. None: it holds what it held before."""


@dataclass(frozen=True)
class Policy:
    """Limits on the calls of a resource, or of a whole run."""

    calling_hours: CallingHours | None = None
    """None: calls at any hour."""
    max_dials: int | None = None
    """People called in one run, at most. None: no limit."""
    countries: frozenset[str] | None = None
    """ISO 3166 two-letter codes of the countries that may be called. None: every country."""
    suppress_from: tuple[DoNotCallList, ...] = ()
    """The do-not-call lists."""
    allow_release: frozenset[str] = frozenset()
    """Names of do-not-call lists that may hold fewer numbers than at the last apply. Of the project alone."""
    allow_shrink: frozenset[str] = frozenset()
    """Addresses that may lose more than half of their waiting people. Of the project alone."""
    frequency: Frequency | None = None
    """None: a number may be called as often as resources want it. The project's, at every resource too."""


@dataclass(frozen=True)
class Pace:
    """How fast single calls are placed."""

    calls_per_second: float = 1.0
    """Single calls placed a second, at most."""
    max_in_flight: int = 5
    """Single calls of a resource that are under way at the same time, at most."""


@dataclass(frozen=True)
class Step:
    """One step of a rollout: how many people it admits, the steps before it included."""

    amount: float
    """People, or a share of all people in percent."""
    is_share: bool = False
    """Whether `amount` is in percent."""

    def admits(self, people: int) -> int:
        """How many of so many people are admitted. A part of a person counts as one."""
        return ceil(people * self.amount / 100) if self.is_share else int(self.amount)

    def __str__(self) -> str:
        return f"{self.amount:g} %" if self.is_share else f"{self.amount:,.0f}"


@dataclass(frozen=True)
class Rollout:
    """A campaign that begins with a few people."""

    steps: tuple[Step, ...]
    """In order; each includes the people of those before it. After the last of them everyone is admitted."""
    pause: timedelta = timedelta()
    """Time that must pass after the last call of a step was over before the next step opens."""

    def limits(self, people: int) -> list[int]:
        """How many people the steps before the last one admit, in order, each more than the one before. Steps that
        admit nobody more are left out, and so are those that admit all of the `people`."""
        counts = sorted({step.admits(people) for step in self.steps})
        return [count for count in counts if 0 < count < people]

    def find_disorder(self) -> int | None:
        """The index of the first step that is smaller than one before it of the same kind; None where none is."""
        for kind in (False, True):
            indexes = [index for index, step in enumerate(self.steps) if step.is_share is kind]
            for before, after in pairwise(indexes):
                if self.steps[after].amount <= self.steps[before].amount:
                    return after
        return None


@dataclass(frozen=True)
class HaltWhen:
    """When a campaign stops by itself: shares in percent of the people whose calls are over."""

    failed_above: float | None = None
    """More than this share failed. None: failures do not stop it."""
    reached_below: float | None = None
    """Fewer than this share were reached. None: it does not matter how many are."""
    of_at_least: int = 20
    """People whose calls must be over before the shares count."""
