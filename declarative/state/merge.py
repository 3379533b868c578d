"""Two locks that git could not merge, made one without forgetting anything that may have rung. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from declarative.errors import StateError
from declarative.model import digest
from declarative.model.lock import CancelProgress, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.state.base import Stored
from declarative.state.codec import encode
from declarative.state.format import parse, render

_Value = TypeVar("_Value")
_CANCEL = (None, CancelProgress.ASKED, CancelProgress.DONE)


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


def join_records(one: ResourceRecord, two: ResourceRecord) -> ResourceRecord:
    """What two locks know of one address."""
    base = max(one, two, key=lambda record: (record.generation, digest.canonical(encode(record))))
    remotes = _union(one.remotes, two.remotes, join_remotes)
    intents = _union(one.intents, two.intents, _careful)
    return replace(
        base,
        tombstone=one.tombstone and two.tombstone,
        remotes=remotes,
        intents={mark: intent for mark, intent in intents.items() if not _resolved(intent, remotes, one, two)},
        placed=tuple(sorted({*one.placed, *two.placed})),
        unseen=tuple(sorted({*one.unseen, *two.unseen} - {*one.placed, *two.placed})),
        revoked=tuple(sorted({*one.revoked, *two.revoked})),
        quiet=one.quiet if one == two else None,
    )


def join_remotes(one: RemoteRecord, two: RemoteRecord) -> RemoteRecord:
    """The later sight of one remote thing. How far our own cancel has come is never forgotten; a doubt that
    one side has laid to rest, it has laid to rest by proof."""
    later = max(one, two, key=_lateness)
    return replace(
        later,
        cancel=max(one.cancel, two.cancel, key=_CANCEL.index),
        doubts=tuple(sorted({*one.doubts} & {*two.doubts})),
    )


def _lateness(remote: RemoteRecord) -> tuple[int, bool, int, int, str, bytes]:
    retries = -1 if remote.retry_count is None else remote.retry_count
    cancel = _CANCEL.index(remote.cancel)
    return (cancel, remote.settled, retries, remote.finished, remote.last_updated_at, _text(remote))


def _careful(one: Intent, two: Intent) -> Intent:
    """Of one intent the sight that concludes less from not having been found."""
    return min(one, two, key=lambda intent: (intent.absent, intent.probe is not None, _text(intent)))


def _resolved(intent: Intent, remotes: Mapping[str, RemoteRecord], one: ResourceRecord, two: ResourceRecord) -> bool:
    """Whether one side has found out that it happened, and so no longer has it open."""
    closed = {key for side in (one, two) if intent.mark not in side.intents for key in side.remotes}
    if intent.request is RequestKind.SUBMIT:
        return any(remotes[key].mark == intent.mark for key in closed)
    return intent.remote in closed and (remotes[intent.remote].retry_count or 0) > (intent.retry_count or 0)


def _union(
    one: Mapping[str, _Value], two: Mapping[str, _Value], joined: Callable[[_Value, _Value], _Value]
) -> dict[str, _Value]:
    both = {key: joined(one[key], two[key]) for key in one.keys() & two.keys()}
    return {**one, **two, **both}


def _same(what: str, one: str | None, two: str | None) -> None:
    if one != two:
        raise StateError(
            f"these locks are not of one memory: {what} is {one or 'not set'} here and {two or 'not set'} there",
            hint="keep the one that belongs to this project as a whole",
        )


def _text(value: RemoteRecord | Intent) -> bytes:
    return digest.canonical(encode(value))
