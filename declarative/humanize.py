"""Writes counts and times as people read them. Imports no other module of the project."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo

_display_zone: ContextVar[tzinfo] = ContextVar("display zone", default=UTC)
"""The zone of every time that people read. Each thread has its own, since `dialctl run` shows a project in each."""


def set_display_zone(name: str) -> None:
    """Choose the zone of `when` and `localize` in this thread from now on, by its IANA name: that of the project that
    is shown."""
    from zoneinfo import ZoneInfo

    _display_zone.set(UTC if name == "UTC" else ZoneInfo(name))


def display_zone_name() -> str:
    """Return the IANA name of the zone in which people read times."""
    return str(_display_zone.get())


def localize(moment: datetime) -> datetime:
    """Convert an aware time to the zone in which people read it."""
    return moment.astimezone(_display_zone.get())


def plural(count: int, singular: str, plural_form: str) -> str:
    """`1 batch`, `2,000 batches`. The nouns may bring their verbs: `person waits`, `people wait`."""
    return f"{count:,} {singular if count == 1 else plural_form}"


def people(count: int) -> str:
    """`1 person`, `2,000 people`."""
    return plural(count, "person", "people")


def duration(length: timedelta) -> str:
    """A chosen length of time in hours or minutes, where it has whole ones, or else in seconds: `4h`, `90m`, `90s`."""
    seconds = int(length.total_seconds())
    if seconds % 60:
        return f"{seconds}s"
    minutes = seconds // 60
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"


def when(moment: datetime, relative_to: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec` of an aware time, in the display zone, with the year if it is not that of `relative_to`."""
    local = localize(moment)
    year = f" {local.year}" if relative_to is not None and local.year != localize(relative_to).year else ""
    return f"{local:%H:%M %Z} on {local.day} {local:%b}{year}"


def elapsed(seconds: float) -> str:
    """A measured length of time by its two largest units: `45s`, `3m20s`, `1h05m`, `2d03h`."""
    days, hours = divmod(round(seconds) // 3600, 24)
    return f"{days}d{hours:02}h" if days else elapsed_in_hours(seconds)


def elapsed_in_hours(seconds: float) -> str:
    """As `elapsed`, without days: `45s`, `3m20s`, `51h05m`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
