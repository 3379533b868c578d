"""What was done at one address in one run: counted as it happens, reported at the end. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from declarative.humanize import people
from declarative.model.mark import Mark
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Route
from declarative.planning.decide import Verb


@dataclass
class ResourceResult:
    """What one run did at one address."""

    requests: list[tuple[str, Verb, int]] = field(default_factory=list)
    """Requests known to be done: id of the remote, verb, number of people."""
    cancelled: int = 0
    """People whose own status read `cancelled` after a cancel of this run."""
    in_flight: int = 0
    """People who were on the phone when their batch was cancelled."""
    problems: list[Receipt] = field(default_factory=list)
    """Requests that were not done, or may not have been, in the order they were made."""
    findings: list[Finding] = field(default_factory=list)
    """Sentences that the report says under this address."""
    deferred: int = 0
    """People left to the next run: out of time, out of funds, or after a failure."""
    unplanned: int = 0
    """People who fell due during this run. They need a plan that names them."""
    listed: int = 0
    """People who were put on a do-not-call list while the run dialed, and were not called."""
    taken_back: int = 0
    """People of batches that were taken back before they called, and that were not submitted again."""
    unsure: list[tuple[Receipt, Verb, int]] = field(default_factory=list)
    """Requests without a usable answer: receipt, verb, number of people."""

    def add_receipt(self, receipt: Receipt, verb: Verb, count: int) -> None:
        """Counts the people of one verb in one request. A request of several verbs is a problem only once."""
        if receipt.status is RequestStatus.DONE:
            self.add_request(receipt.remote_id, verb, count)
        elif receipt not in self.problems:
            self.problems.append(receipt)
        if receipt.status is RequestStatus.UNSURE:
            self.unsure.append((receipt, verb, count))
        if receipt.status is RequestStatus.OUT_OF_FUNDS:
            self.deferred += count

    def add_shard(self, receipt: Receipt, counts: Mapping[Verb, int]) -> None:
        """Counts the people of one submission, by verb: those that the provider took, and a problem for the others."""
        total = sum(counts.values())
        taken_count = remaining = total - receipt.left_out
        for verb, count in counts.items():
            self.add_receipt(receipt, verb, min(count, remaining))
            remaining -= min(count, remaining)
        if receipt.left_out:
            message = (
                f"{receipt.remote_id} took {taken_count:,} of {people(total)}, as its answer says: whoever it does not "
                "show stays unsure, and dialctl plan says who"
            )
            self.problems.append(Receipt(RequestStatus.PARTLY_DONE, receipt.remote_id, message))

    def add_request(self, remote_id: str, verb: Verb, count: int) -> None:
        """Counts people of a request that is known to be done."""
        self.requests.append((remote_id, verb, count))

    def add_left(self, count: int, *, comes_again: bool) -> None:
        """Counts people who were not submitted. `comes_again` where the run ends early to plan them anew at once."""
        if comes_again:
            self.unplanned += count
        else:
            self.deferred += count

    def undo_request(self, remote_id: str, *, people_are_free: bool = False) -> None:
        """Removes the requests of a batch that was withdrawn before it called."""
        if people_are_free:
            self.taken_back += sum(count for request_id, _, count in self.requests if request_id == remote_id)
        self.requests = [entry for entry in self.requests if entry[0] != remote_id]

    def close_unsure(self, receipt: Receipt) -> None:
        """Removes every entry of an unsure request that was settled."""
        self.unsure = [entry for entry in self.unsure if entry[0] is not receipt]
        self.problems = [problem for problem in self.problems if problem is not receipt]

    def list_findings(self, address: str) -> list[Finding]:
        """Return what the report says under this address."""
        if not self.listed:
            return self.findings
        phrase = f"{people(self.listed)} put on a do-not-call list while this run dialed"
        return [*self.findings, Finding(address, f"not called: {phrase}")]

    @property
    def submitted(self) -> dict[Verb, int]:
        """People by the verb that they were submitted under."""
        counts: dict[Verb, int] = {}
        for _, verb, count in self.requests:
            counts[verb] = counts.get(verb, 0) + count
        return counts

    @property
    def remote_ids(self) -> list[str]:
        """Each id once, in the order of the requests."""
        return list(dict.fromkeys(remote_id for remote_id, _, _ in self.requests))

    @property
    def is_clean(self) -> bool:
        """Whether there was no problem and no one was left to the next run."""
        return not self.problems and not self.deferred and not self.taken_back


@dataclass(frozen=True)
class Finding:
    """Something that the report must say."""

    address: str
    """The address it is about; "" where it is about a whole provider."""
    message: str
    """A sentence for people, without a full stop."""
    unsure: bool = False
    """Whether a person or a later run must look at it: the exit code says so."""
    withdrawn_id: str = ""
    """Id of the batch that was cancelled before it called; "" where none was."""
    people_are_free: bool = False
    """Whether a read proved that the withdrawn batch called no one, and its people may be submitted again."""


class RequestStatus(StrEnum):
    """What became of a request."""

    DONE = "done"
    FAILED = "failed"
    UNSURE = "unsure"
    PARTLY_DONE = "partly_done"
    REFUSED = "refused"
    OUT_OF_FUNDS = "out_of_funds"
    MARK_LOST = "mark_lost"
    NOT_TAKEN_OFF = "not_taken_off"
    HALTED = "halted"


NEEDS_PERSON = (
    RequestStatus.PARTLY_DONE,
    RequestStatus.MARK_LOST,
    RequestStatus.NOT_TAKEN_OFF,
    RequestStatus.HALTED,
)
"""What became of a request, where only a person can say how it goes on."""


@dataclass(frozen=True)
class Receipt:
    """What became of one request, as far as its caller must know."""

    status: RequestStatus
    """What the answer allows to conclude."""
    remote_id: str = ""
    """Id of the batch or call that exists now; "" where none is known."""
    message: str = ""
    """The reason, for people; "" where the request was done."""
    mark: str = ""
    """The mark of the intent that an unsure request left open; "" otherwise."""
    starts_at: datetime | None = None
    """When the batch that was created starts to call, as it was asked for. None: at once, or no batch was created."""
    queued_for: timedelta | None = None
    """How long the call that was placed waits in its provider's queue. None: not told, or no such call."""
    read_before: Remote | None = None
    """A batch as read before it was cancelled, where the provider forgets what is cancelled. None elsewhere."""
    final: bool = False
    """Whether every other request for this resource would fail in the same way."""
    left_out: int = 0
    """People of a done request whom the provider did not take, as its answer says."""


def over_budget_receipt(count: int, remaining: int | None) -> Receipt:
    """Says that the run's limit is used up. The people called so far are recorded; the others are not called."""
    message = f"max_dials allows {remaining or 0:,} more in this run, the next request would call {count:,}"
    return Receipt(RequestStatus.FAILED, message=message, final=True)


@dataclass(frozen=True, kw_only=True)
class StoppedBatch:
    """A batch that was to be cancelled, and what became of it."""

    provider: str
    """The name of its provider."""
    address: str
    """The address that it belongs to; empty where only its mark is known."""
    remote_id: str
    """Its id at the provider."""
    route: Route = Route.BATCH
    """A batch, or a single call that waits."""
    name: str = ""
    """Its name in the vendor's dashboard; empty where it was not read."""
    mark: Mark | None = None
    """Our mark on it; None where it was not read, or shows none."""
    failure: str = ""
    """Why it may still call: the cancel failed, or people still wait in it. Empty: it does not."""
    remote: Remote | None = None
    """What it showed after the cancel. None: it could not be read."""
    is_proven: bool = True
    """Whether the cancel proves of whoever waited that nobody called them. False: it may have come too late."""
    was_over: bool = False
    """Whether nobody waited in it any more, so that there was nothing to cancel."""

    def count(self, phase: Phase) -> int:
        """How many of its people are in a phase; 0 where it was not read."""
        if self.remote is None or self.remote.members is None:
            return 0
        return len(self.remote.members.filter(phase=phase))
