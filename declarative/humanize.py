"""Counts in words, with the right number of the noun and of its verb. Knows no other module."""

from __future__ import annotations

from datetime import datetime


def plural(count: int, one: str, many: str) -> str:
    """`1 batch`, `2,000 batches`."""
    return f"{count:,} {one if count == 1 else many}"


def people(count: int) -> str:
    return plural(count, "person", "people")


def when(when: datetime, now: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec`, with the year where it is not that of `now`."""
    year = f" {when.year}" if now is not None and when.year != now.year else ""
    return f"{when:%H:%M} UTC on {when.day} {when:%b}{year}"
