"""Moments in words, as everything that people read tells them: in UTC, by the minute. Knows no other module."""

from __future__ import annotations

from datetime import datetime


def when(when: datetime, now: datetime | None = None) -> str:
    """`16:00 UTC on 1 Dec`, with the year where it is not that of `now`."""
    year = f" {when.year}" if now is not None and when.year != now.year else ""
    return f"{when:%H:%M} UTC on {when.day} {when:%b}{year}"
