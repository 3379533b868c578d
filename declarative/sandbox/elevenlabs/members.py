"""Where the people of an ElevenLabs campaign or batch stand now, computed from planned dials. Knows no JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from declarative.sandbox import batches
from declarative.sandbox.batches import Batch
from declarative.sandbox.ids import format_member_id
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.timeline import NEVER, Attempt
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One recipient."""

    batch: Batch
    """The campaign or batch."""
    index: int
    """Position in the request, from 0."""
    number: str
    """E.164."""
    info: dict[str, Any]
    """`id` and `data` as they were sent."""
    attempt: Attempt | None
    """The latest dial by now, one turned away included; None while nobody dialed."""
    now: float
    """The moment of the reading, in seconds since the epoch."""

    @property
    def is_removed(self) -> bool:
        return self.index in self.batch.removed

    @property
    def is_handed_off(self) -> bool:
        return self.attempt is not None

    @property
    def is_over(self) -> bool:
        return self.attempt is not None and self.attempt.end <= self.now

    @property
    def is_answered(self) -> bool:
        return self.attempt is not None and NEVER < self.attempt.answer <= self.now

    @property
    def is_given_up(self) -> bool:
        """Whether nobody dialed, and nobody will."""
        return self.attempt is None and (self.is_removed or self.batch.cancelled is not None)

    @property
    def outcome(self) -> Outcome | None:
        """How the dial ended; None before its end."""
        return Outcome(self.attempt.outcome) if self.attempt is not None and self.is_over else None

    @property
    def lead_id(self) -> str:
        return format_member_id("lead", self.batch.key, self.index)

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id; None before the dial, and for a dial turned away before any phone was called."""
        if self.attempt is None or self.attempt.outcome == Outcome.PRE_DIAL:
            return None
        return format_member_id("conv", self.batch.key, self.attempt.ordinal)

    @property
    def updated(self) -> float:
        """Last change, in seconds since the epoch."""
        if self.attempt is None:
            return self.batch.cancelled or self.batch.created
        return self.attempt.end if self.is_over else self.attempt.dispatch


def read_members(moment: Moment, batch: Batch) -> list[Member]:
    """Read all recipients, in the order of the request."""
    numbers, infos = batches.read_batch_recipients(moment, batch)
    live, _ = batches.read_attempts(moment, batch)
    dialed = {live.member[index]: live[index] for index in range(live.count_started(moment.now))}
    return [
        Member(batch, index, number, infos[index] if infos is not None else {}, dialed.get(index), moment.now)
        for index, number in enumerate(numbers)
    ]
