"""Parses durations, moments and times of day. The schema has checked the form of the text before."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

_PARTS = re.compile(r"([0-9]+)(ms|[dhms])")
_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""Milliseconds of each unit."""


def parse_duration(text: str) -> timedelta:
    """Parse a text such as `1h30m`. Raises ValueError when it is longer than 100 years."""
    length = sum(int(count) * _UNITS[unit] for count, unit in _PARTS.findall(text))
    if length > 36_525 * _UNITS["d"]:
        raise ValueError("longer than 100 years")
    return timedelta(milliseconds=length)


def parse_moment(text: str) -> datetime:
    """Parse an RFC 3339 text to aware UTC in whole seconds. A fraction of a second is rounded up, so that nothing
    happens before the moment that is written. Raises ValueError when there is no such moment."""
    try:
        parsed = datetime.fromisoformat(text.upper()).astimezone(UTC)
        return (parsed + timedelta(microseconds=999_999)).replace(microsecond=0)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def format_moment(moment: datetime) -> str:
    """Format an aware UTC datetime as `YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time_of_day(text: str) -> time:
    """Parse `HH:MM`."""
    return time.fromisoformat(text)
