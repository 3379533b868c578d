"""When each recipient of a batch is dialed, answers and is done: planned once, stored packed, read by bisection.

It knows no database and no provider. Times are seconds since the epoch.
"""

from __future__ import annotations

import heapq
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from declarative.sandbox.outcomes import Draw, Outcome, compute_times

NEVER = -1.0
"""Time of an answer that never comes. A float, since arrays of times have no None."""
_HEAD = struct.Struct("<I")
_COLUMNS = ("member", "ordinal", "outcome", "dispatch", "answer", "end")


class Attempt(NamedTuple):
    """One dial of one recipient."""

    member: int
    """Index of the recipient in the batch."""
    ordinal: int
    """Number of this dial within the batch, from 0; part of the id of its call."""
    outcome: int
    """An `Outcome`, as its integer."""
    dispatch: float
    """When the phone is dialed."""
    answer: float
    """When it is answered; NEVER if it is not."""
    end: float
    """When the attempt is over."""

    @property
    def recorded(self) -> float:
        return self.dispatch


@dataclass(frozen=True, slots=True)
class DialPace:
    """What bounds the dialing of a batch."""

    lines: int
    """Most calls at once."""
    spacing: float
    """Seconds between two dials; 0 for no limit."""
    ringing: float
    """Seconds until an unanswered call ends."""
    longest: float
    """Most seconds of talk."""


def _ints() -> array[int]:
    return array("i")


def _floats() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Attempts:
    """Dials as parallel arrays, ordered by `dispatch`. Item `i` of each array belongs to dial `i`."""

    member: array[int] = field(default_factory=_ints)
    """Indices of recipients in the batch."""
    ordinal: array[int] = field(default_factory=_ints)
    """Numbers of the dials within the batch."""
    outcome: array[int] = field(default_factory=lambda: array("B"))
    """Values of `Outcome`."""
    dispatch: array[float] = field(default_factory=_floats)
    """Times of dialing, never falling."""
    answer: array[float] = field(default_factory=_floats)
    """Times of answers; NEVER for none."""
    end: array[float] = field(default_factory=_floats)
    """Times at which attempts are over."""

    @classmethod
    def unpack(cls, blob: bytes | None) -> Attempts:
        """Read what `pack` wrote. None is empty."""
        attempts = cls()
        if not blob:
            return attempts
        (count,), offset = _HEAD.unpack_from(blob), _HEAD.size
        for name in _COLUMNS:
            column = getattr(attempts, name)
            size = count * column.itemsize
            column.frombytes(blob[offset : offset + size])
            offset += size
        return attempts

    def pack(self) -> bytes:
        return _HEAD.pack(len(self)) + b"".join(getattr(self, name).tobytes() for name in _COLUMNS)

    def __len__(self) -> int:
        return len(self.member)

    def __getitem__(self, index: int) -> Attempt:
        return Attempt(
            self.member[index],
            self.ordinal[index],
            self.outcome[index],
            self.dispatch[index],
            self.answer[index],
            self.end[index],
        )

    def append(self, attempt: Attempt) -> None:
        self.member.append(attempt.member)
        self.ordinal.append(attempt.ordinal)
        self.outcome.append(attempt.outcome)
        self.dispatch.append(attempt.dispatch)
        self.answer.append(attempt.answer)
        self.end.append(attempt.end)

    def count_started(self, now: float) -> int:
        """Count the dials dispatched by now. They are the first ones."""
        return bisect_right(self.dispatch, now)

    def take(self, indices: Iterable[int]) -> Attempts:
        subset = Attempts()
        for index in indices:
            subset.append(self[index])
        return subset

    def merge(self, other: Attempts) -> Attempts:
        """Return the dials of both, ordered by dispatch."""
        merged = Attempts()
        for attempt in heapq.merge(_iterate(self), _iterate(other), key=lambda dial: (dial.dispatch, dial.ordinal)):
            merged.append(attempt)
        return merged


def _iterate(attempts: Attempts) -> Iterable[Attempt]:
    return (attempts[index] for index in range(len(attempts)))


def plan_attempts(
    queue: Sequence[tuple[int, Draw]], start: float, busy: Iterable[float], pace: DialPace, first_ordinal: int
) -> Attempts:
    """Plan the dials of a queue (recipient, draw) in order from `start`.

    `busy` are the ends of calls that still hold a line. Dials are numbered from `first_ordinal`.
    """
    lines = sorted([*busy, *([start] * pace.lines)])[-pace.lines :]
    heapq.heapify(lines)
    attempts, next_dial = Attempts(), start
    for ordinal, (member, fate) in enumerate(queue, first_ordinal):
        dispatch = max(lines[0], next_dial)
        outcome, answer, end = compute_times(fate, pace.ringing, pace.longest)
        if outcome is not Outcome.PRE_DIAL:
            heapq.heapreplace(lines, dispatch + end)
            next_dial = dispatch + pace.spacing
        attempts.member.append(member)
        attempts.ordinal.append(ordinal)
        attempts.outcome.append(outcome)
        attempts.dispatch.append(dispatch)
        attempts.answer.append(NEVER if answer is None else dispatch + answer)
        attempts.end.append(dispatch + end)
    return attempts
