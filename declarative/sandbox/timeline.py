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

from declarative.sandbox.outcomes import Draw, Outcome, lapse

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
class Pace:
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
        made = cls()
        if not blob:
            return made
        (count,), at = _HEAD.unpack_from(blob), _HEAD.size
        for name in _COLUMNS:
            column = getattr(made, name)
            size = count * column.itemsize
            column.frombytes(blob[at : at + size])
            at += size
        return made

    def pack(self) -> bytes:
        return _HEAD.pack(len(self)) + b"".join(getattr(self, name).tobytes() for name in _COLUMNS)

    def __len__(self) -> int:
        return len(self.member)

    def __getitem__(self, at: int) -> Attempt:
        return Attempt(
            self.member[at],
            self.ordinal[at],
            self.outcome[at],
            self.dispatch[at],
            self.answer[at],
            self.end[at],
        )

    def append(self, attempt: Attempt) -> None:
        self.member.append(attempt.member)
        self.ordinal.append(attempt.ordinal)
        self.outcome.append(attempt.outcome)
        self.dispatch.append(attempt.dispatch)
        self.answer.append(attempt.answer)
        self.end.append(attempt.end)

    def started(self, now: float) -> int:
        """How many were dispatched by now; they are the first ones."""
        return bisect_right(self.dispatch, now)

    def take(self, places: Iterable[int]) -> Attempts:
        taken = Attempts()
        for at in places:
            taken.append(self[at])
        return taken

    def merged(self, other: Attempts) -> Attempts:
        """Both, ordered by dispatch."""
        both = Attempts()
        for attempt in heapq.merge(_each(self), _each(other), key=lambda one: (one.dispatch, one.ordinal)):
            both.append(attempt)
        return both


def _each(attempts: Attempts) -> Iterable[Attempt]:
    return (attempts[at] for at in range(len(attempts)))


def plan(
    queue: Sequence[tuple[int, Draw]], start: float, busy: Iterable[float], pace: Pace, first_ordinal: int
) -> Attempts:
    """Dial the queue (recipient, fate) in order from `start`; `busy` are the ends of calls that still hold a line."""
    lines = sorted([*busy, *([start] * pace.lines)])[-pace.lines :]
    heapq.heapify(lines)
    made, next_dial = Attempts(), start
    for ordinal, (member, fate) in enumerate(queue, first_ordinal):
        when = max(lines[0], next_dial)
        outcome, answer, end = lapse(fate, pace.ringing, pace.longest)
        if outcome is not Outcome.PRE_DIAL:
            heapq.heapreplace(lines, when + end)
            next_dial = when + pace.spacing
        made.member.append(member)
        made.ordinal.append(ordinal)
        made.outcome.append(outcome)
        made.dispatch.append(when)
        made.answer.append(NEVER if answer is None else when + answer)
        made.end.append(when + end)
    return made
