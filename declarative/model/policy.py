"""Rules that hold people back or call them again: policy, calling hours, retry, pace. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

PRE_DIAL = "pre_dial"
"""Turned away before any phone was called. `retry.on` may name it next to the provider's own words."""

RECIPIENT = "recipient"
"""The zone of calling hours that hold in each person's own time zone."""


@cache
def is_time_zone(name: str) -> bool:
    """Whether this is the IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


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
class CallingHours:
    """The hours of the day in which people may be called."""

    start: time
    """Local time of the first call. The moment itself is inside."""
    end: time
    """Local time after the last call. The moment itself is outside. Earlier than `start`: the hours cross midnight."""
    zone: str
    """An IANA name, or RECIPIENT for each person's own zone."""
    column: str | None = None
    """The recipient's metadata field that holds their zone. None: the zone comes from the number."""


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
