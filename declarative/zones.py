"""Which texts are time zones, by the tables of this machine. Knows no other module."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo


@cache
def is_zone(name: str) -> bool:
    """Whether it is the IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
