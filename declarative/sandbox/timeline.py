"""When each recipient of a batch is dialed, answers and ends: planned once, kept packed, read by bisection.

It knows neither databases nor providers; times are seconds since the epoch.
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
_HEAD = struct.Struct("<I")
_COLUMNS = ("member", "ordinal", "outcome", "dispatch", "answer", "end")


class Attempt(NamedTuple):
    """One dial: whose (index of the recipient), the how manieth of the batch, how it ends, and when."""

    member: int
    ordinal: int
    outcome: int
    dispatch: float
    answer: float
    end: float

    @property
    def recorded(self) -> float:
        return self.dispatch


@dataclass(frozen=True, slots=True)
class DialPace:
    """What bounds dialing: lines at once, seconds between two dials, ringing and talking caps in seconds."""

    lines: int
    spacing: float
    ringing: float
    longest: float


def _ints() -> array[int]:
    return array("i")


def _floats() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Attempts:
    """Parallel arrays, ordered by `dispatch`. `answer` is NEVER where nobody picks up."""

    member: array[int] = field(default_factory=_ints)
    ordinal: array[int] = field(default_factory=_ints)
    outcome: array[int] = field(default_factory=lambda: array("B"))
    dispatch: array[float] = field(default_factory=_floats)
    answer: array[float] = field(default_factory=_floats)
    end: array[float] = field(default_factory=_floats)

    @classmethod
    def unpack(cls, blob: bytes | None) -> Attempts:
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
        """How many were dispatched by now; they are the first ones."""
        return bisect_right(self.dispatch, now)

    def take(self, indices: Iterable[int]) -> Attempts:
        subset = Attempts()
        for index in indices:
            subset.append(self[index])
        return subset

    def merge(self, other: Attempts) -> Attempts:
        """Both, ordered by dispatch."""
        merged = Attempts()
        for attempt in heapq.merge(_iterate(self), _iterate(other), key=lambda dial: (dial.dispatch, dial.ordinal)):
            merged.append(attempt)
        return merged


def _iterate(attempts: Attempts) -> Iterable[Attempt]:
    return (attempts[index] for index in range(len(attempts)))


def plan_attempts(
    queue: Sequence[tuple[int, Draw]], start: float, busy: Iterable[float], pace: DialPace, first_ordinal: int
) -> Attempts:
    """Dial the queue (recipient, fate) in order from `start`; `busy` are the ends of calls that still hold a line."""
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
