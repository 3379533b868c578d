"""Counts in words, with the right number of the noun and of its verb. Knows no other module."""

from __future__ import annotations


def plural(count: int, one: str, many: str) -> str:
    """`1 batch`, `2,000 batches`."""
    return f"{count:,} {one if count == 1 else many}"


def people(count: int) -> str:
    return plural(count, "person", "people")
