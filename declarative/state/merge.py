"""Two locks that git could not merge, made one without forgetting anything that may have rung. Pure."""

from __future__ import annotations

from dataclasses import replace

from declarative.errors import StateError
from declarative.model.lock import Lock
from declarative.model.records import _union, join_records
from declarative.state.base import Stored
from declarative.state.format import parse, render


def merge(text: bytes, journal: tuple[bytes, ...] = ()) -> Lock:
    """One lock out of a text with git's conflict markers and the journal beside it; which side is whose makes no
    difference. Raises StateError for two that cannot be of one memory, and as `parse` does."""
    one, two = (_whole(Stored(side)) for side in sides_of(text))
    both = join(one, two)
    # A line of the journal assigns what one side knew: over the other it would unsay that side's people.
    return join(both, _whole(Stored(render(both), journal)))


def _whole(stored: Stored) -> Lock:
    lock = parse(stored)
    assert lock is not None
    return lock


def sides_of(text: bytes) -> tuple[bytes, bytes]:
    """Both sides of every conflict with the lines that they share; the base that diff3 shows is left out.
    Raises StateError for markers that do not pair up, or none."""
    ours: list[bytes] = []
    theirs: list[bytes] = []
    both = (ours, theirs)
    into: tuple[list[bytes], ...] = both
    for line in text.splitlines(keepends=True):
        match line[:7]:
            case b"<<<<<<<" if into is both:
                into = (ours,)
            case b"|||||||" if into == (ours,):
                into = ()
            case b"=======" if into != (theirs,):
                into = (theirs,)
            case b">>>>>>>" if into == (theirs,):
                into = both
            case _:
                for side in into:
                    side.append(line)
    if into is not both or ours == theirs:
        raise StateError(
            "there is nothing to merge: no conflict markers, or they do not pair up",
            hint="git checkout --merge dialctl.lock writes the markers of an unfinished merge again",
        )
    return b"".join(ours), b"".join(theirs)


def join(one: Lock, two: Lock) -> Lock:
    """What both locks know. Of one resource the higher generation says what is wanted; remotes, open intents,
    revoked marks and people counted as rung are those of both. Raises StateError."""
    _same("project", one.project, two.project)
    _same("lineage", one.lineage, two.lineage)
    _same("person key", one.person_key, two.person_key)
    for name in one.hosts.keys() & two.hosts.keys():
        _same(f"host of {name}", one.hosts[name], two.hosts[name])
    return replace(
        one,
        born=min(one.born, two.born),
        hosts={**one.hosts, **two.hosts},
        resources=_union(one.resources, two.resources, join_records),
    )


def _same(what: str, one: str | None, two: str | None) -> None:
    if one != two:
        raise StateError(
            f"these locks are not of one memory: {what} is {one or 'not set'} here and {two or 'not set'} there",
            hint="keep the one that belongs to this project as a whole",
        )
