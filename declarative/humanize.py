"""Writes counts and times as people read them. Imports no other module of the project."""

from __future__ import annotations

from datetime import datetime, timedelta


def plural(count: int, singular: str, plural_form: str) -> str:
    """`1 batch`, `2,000 batches`. The nouns may bring their verbs: `person waits`, `people wait`."""
    return f"{count:,} {singular if count == 1 else plural_form}"


def people(count: int) -> str:
    """`1 person`, `2,000 people`."""
    return plural(count, "person", "people")


def duration(length: timedelta) -> str:
    """A length of time in hours or minutes, where it has whole ones, or else in seconds: `4h`, `90m`, `90s`."""
    seconds = int(length.total_seconds())
    if seconds % 60:
        return f"{seconds}s"
    minutes = seconds // 60
    return f"{minutes // 60}h" if minutes and minutes % 60 == 0 else f"{minutes}m"


def when(moment: datetime, relative_to: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec` of an aware UTC time, with the year if it is not that of `relative_to`."""
    year = f" {moment.year}" if relative_to is not None and moment.year != relative_to.year else ""
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%b}{year}"
