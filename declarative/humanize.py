"""Counts in words, with the right number of the noun and of its verb. Knows no other module."""

from __future__ import annotations

from datetime import datetime


def plural(count: int, singular: str, plural_form: str) -> str:
    """`1 batch`, `2,000 batches`."""
    return f"{count:,} {singular if count == 1 else plural_form}"


def people(count: int) -> str:
    return plural(count, "person", "people")


def when(moment: datetime, relative_to: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec`, with the year where it is not that of `now`."""
    year = f" {moment.year}" if relative_to is not None and moment.year != relative_to.year else ""
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%b}{year}"
