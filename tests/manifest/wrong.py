"""A wrong manifest and what is said of it, as one row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from .house import FROM, HEAD


@dataclass(frozen=True)
class Case:
    """A manifest below the head of a Batch (its text begins at line 5), and what is said of it."""

    name: str
    spec: str
    place: str
    words: str
    head: str = HEAD
    files: dict[str, str | bytes] = field(default_factory=dict)


def csv(name: str, text: str | bytes, place: str, words: str, spec: str = FROM) -> Case:
    return Case(name, spec, place, words, files={"r.csv": text})
