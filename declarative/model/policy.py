"""Rules that hold people back or bring them back: policy, calling hours, retry, pace. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    pass


@cache
def is_time_zone(name: str) -> bool:
    """Whether it is the IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


PRE_DIAL = "pre_dial"
"""Turned away before any phone was called: what `retry.on` may name besides the provider's own words."""


RECIPIENT = "recipient"
"""The zone of calling hours that are each person's own."""


@dataclass(frozen=True)
class Retry:
    """Call again: at most `max_retries` further times, for the outcomes `on` (the provider's own words, and
    `pre_dial`), at the earliest `after` the last attempt's batch was over."""

    max_retries: int
    on: frozenset[str]
    after: timedelta = timedelta()


@dataclass(frozen=True)
class CallingHours:
    """Calls only from `start` to `end` (local time, may cross midnight) in `zone`: an IANA name, or `recipient`
    for each person's own zone, by the column `column` or else from the number."""

    start: time
    end: time
    zone: str
    column: str | None = None


@dataclass(frozen=True)
class Policy:
    """Limits on the calls of a resource or of the whole run. `countries` are ISO 3166 two-letter codes."""

    calling_hours: CallingHours | None = None
    max_dials: int | None = None
    countries: frozenset[str] | None = None


@dataclass(frozen=True)
class Pace:
    """How single calls of a lowered batch are placed."""

    calls_per_second: float = 1.0
    max_in_flight: int = 5
