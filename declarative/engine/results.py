"""What was done at one address in one run: counted as it happens, reported at the end. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from declarative.planning.decide import Verb


@dataclass
class ResourceResult:
    """What was done at one address: people by verb and by result, ids that came to be, and what must be said.
    `unplanned` fell due while this ran, and need a plan that names them."""

    requests: list[tuple[str, Verb, int]] = field(default_factory=list)
    cancelled: int = 0
    in_flight: int = 0
    problems: list[Receipt] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    deferred: int = 0
    unplanned: int = 0
    unsure: list[tuple[Receipt, Verb, int]] = field(default_factory=list)

    def add_request(self, remote_id: str, verb: Verb, count: int) -> None:
        """Counts people of a request that is known to be done."""
        self.requests.append((remote_id, verb, count))

    def undo_request(self, remote_id: str) -> None:
        """What was taken back before it called was not done."""
        self.requests = [entry for entry in self.requests if entry[0] != remote_id]

    @property
    def submitted(self) -> dict[Verb, int]:
        """People by the verb that they were submitted under."""
        counts: dict[Verb, int] = {}
        for _, verb, count in self.requests:
            counts[verb] = counts.get(verb, 0) + count
        return counts

    @property
    def remote_ids(self) -> list[str]:
        return list(dict.fromkeys(remote_id for remote_id, _, _ in self.requests))

    @property
    def is_clean(self) -> bool:
        return not self.problems and not self.deferred


@dataclass(frozen=True)
class Finding:
    """Something that the report must say: an address and a sentence. `undone` is a batch of this run that was taken
    back again."""

    address: str
    message: str
    unsure: bool = False
    withdrawn_id: str = ""


class RequestStatus(StrEnum):
    """What became of a request."""

    DONE = "done"
    FAILED = "failed"
    UNSURE = "unsure"
    REFUSED = "refused"
    OUT_OF_FUNDS = "out_of_funds"
    MARK_LOST = "mark_lost"


@dataclass(frozen=True)
class Receipt:
    """`remote_id` of what exists now, "" where nothing does; `message` for people, "" where all went well. `mark` names
    the intent that an unsure one left open; `final`: whoever else is sent to this resource would fare the same."""

    status: RequestStatus
    remote_id: str = ""
    message: str = ""
    mark: str = ""
    final: bool = False
