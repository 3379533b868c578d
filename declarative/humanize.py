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
    """`3 minutes`, or `90 seconds` where it is no whole number of minutes."""
    minutes, rest = divmod(length.total_seconds(), 60)
    return plural(int(minutes), "minute", "minutes") if minutes and not rest else f"{length.total_seconds():g} seconds"


def when(moment: datetime, relative_to: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec` of an aware UTC time, with the year if it is not that of `relative_to`."""
    year = f" {moment.year}" if relative_to is not None and moment.year != relative_to.year else ""
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%b}{year}"
