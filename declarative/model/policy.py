"""Rules that hold people back or call them again: policy, retry, pace. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from declarative.model.calling_hours import CallingHours

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
class Policy:
    """Limits on the calls of a resource, or of a whole run."""

    calling_hours: CallingHours | None = None
    """None: calls at any hour."""
    max_dials: int | None = None
    """People called in one run, at most. None: no limit."""
    countries: frozenset[str] | None = None
    """ISO 3166 two-letter codes of the countries that may be called. None: every country."""


@dataclass(frozen=True)
class Pace:
    """How fast single calls are placed."""

    calls_per_second: float = 1.0
    """Single calls placed a second, at most."""
    max_in_flight: int = 5
    """Single calls of a resource that are under way at the same time, at most."""
