"""Where the people of a Vapi campaign stand now, computed from planned dials. Knows no JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from declarative.sandbox import batches
from declarative.sandbox.batches import Batch
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.timeline import Attempt
from declarative.sandbox.world import Moment


@dataclass(frozen=True, slots=True)
class Contact:
    """One customer of a campaign."""

    batch: Batch
    """The campaign."""
    index: int
    """Position in the request, from 0."""
    number: str
    """E.164."""
    info: dict[str, Any]
    """The customer as it was sent."""
    attempt: Attempt | None
    """The dial made by now, one turned away included; None while nobody dialed."""
    now: float
    """The moment of the reading, in seconds since the epoch."""

    @property
    def is_over(self) -> bool:
        return self.attempt is not None and self.attempt.end <= self.now

    @property
    def is_given_up(self) -> bool:
        """Whether nobody dialed, and nobody will: cancelled, the window has closed, or the check could not be asked."""
        is_late = self.now >= self.batch.ready and self.now > self.batch.deadline
        return self.attempt is None and (self.batch.cancelled is not None or is_late)

    @property
    def is_dialed(self) -> bool:
        return self.attempt is not None and self.attempt.outcome != Outcome.PRE_DIAL

    @property
    def outcome(self) -> Outcome | None:
        """How the dial ended; None before its end."""
        return Outcome(self.attempt.outcome) if self.attempt is not None and self.is_over else None


def read_contacts(moment: Moment, batch: Batch) -> list[Contact]:
    """Read all customers, in the order of the request, which is that of dialing."""
    numbers, infos = batches.read_batch_recipients(moment, batch)
    live, _ = batches.read_attempts(moment, batch)
    dialed = {live.member[index]: live[index] for index in range(live.count_started(moment.now))}
    return [
        Contact(batch, index, number, infos[index] if infos is not None else {}, dialed.get(index), moment.now)
        for index, number in enumerate(numbers)
    ]
