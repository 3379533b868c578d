"""Single calls that wait in their provider's own queue, from which they may go out hours later. Nothing more is placed
while the queue is long, and no run leaves anything in it. Cancels through execute.py; never dials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from declarative.engine.cancel import cancel_batch, read_cancelled
from declarative.engine.execute import Executor
from declarative.engine.pacing import POLL_SECONDS
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.history import PeopleCounts
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route

LONGEST_WAIT = timedelta(minutes=1)
"""How long a call may wait in the queue before it is taken back."""


@dataclass
class _QueuedCall:
    """A call that was not seen to leave the queue."""

    placed_at: datetime
    """When it was placed, by the provider's clock."""
    queued_for: timedelta | None
    """How long it waits, as the provider last said."""
    may_call: Callable[[], bool]
    """Whether its person may still be called."""
    waited: timedelta = timedelta()
    """How long this run has waited for it. The provider's clock may stand still."""


class CallQueue:
    """The queued calls of one resource: call `wait_for_room` before each request, `add` after it, `finish` at the end.
    Does nothing at a provider that calls at once. Works under the lease of one run. Raises Interrupted, LeaseLost and
    StateError."""

    def __init__(self, run: RunContext, executor: Executor, resource: Resource, result: ResourceResult) -> None:
        self._run = run
        self._executor = executor
        self._resource = resource
        self._result = result
        self._most_queued = run.capabilities(resource.provider, resource.route).most_queued
        self._calls: dict[str, _QueuedCall] = {}

    def take_over(self, may_call: Callable[[], bool]) -> None:
        """Adds the calls that an earlier run left in the queue."""
        if self._most_queued is None:
            return
        for remote_id, record in self._run.ledger.resource_record(self._resource.address).remotes.items():
            if record.route is Route.CALL and record.phase == Phase.QUEUED and not record.settled:
                placed_at = record.created_at or self._read_time()
                self._calls[remote_id] = _QueuedCall(placed_at, None, may_call)

    def add(self, receipt: Receipt, may_call: Callable[[], bool]) -> None:
        """Adds the call that a request created, if it did. `may_call` is asked again while the call waits."""
        if self._most_queued is not None and receipt.status is RequestStatus.DONE:
            self._calls[receipt.remote_id] = _QueuedCall(self._read_time(), receipt.queued_for, may_call)

    def wait_for_room(self) -> None:
        """Waits until a call that is placed now goes out soon, and takes back what waits too long."""
        self._look(timedelta(seconds=POLL_SECONDS))
        while self._is_long():
            self._pause()

    def finish(self) -> None:
        """Waits until nothing of the resource is in the queue, and takes back what waits too long."""
        self._look(timedelta())
        while self._calls:
            self._pause()

    def _pause(self) -> None:
        self._run.progress(f"{self._resource.address}: {len(self._calls)} of its calls wait in the provider's queue")
        self._executor.on_wait()
        self._run.pause(POLL_SECONDS)
        for call in self._calls.values():
            call.waited += timedelta(seconds=POLL_SECONDS)
        self._look(timedelta())

    def _is_long(self) -> bool:
        return self._most_queued is not None and any(
            max(call.queued_for or timedelta(), self._age(call)) > self._most_queued for call in self._calls.values()
        )

    def _age(self, call: _QueuedCall) -> timedelta:
        return max(self._read_time() - call.placed_at, call.waited)

    def _look(self, least_age: timedelta) -> None:
        """Reads the calls that have waited so long, and drops those that left the queue."""
        channel = self._run.provider(self._resource).channels[self._resource.route]
        for remote_id, call in list(self._calls.items()):
            age = self._age(call)
            if age < least_age:
                continue
            try:
                remote = channel.read(remote_id)
            except ProviderError:
                remote = None
                if age <= LONGEST_WAIT and self._may_wait(call):
                    continue
            if remote is not None and not remote.has_phase(Phase.QUEUED):
                del self._calls[remote_id]
            elif age > LONGEST_WAIT or not self._may_wait(call):
                del self._calls[remote_id]
                self._take_back(remote_id)
            elif remote is not None:
                call.queued_for = remote.queued_for

    def _may_wait(self, call: _QueuedCall) -> bool:
        # Protocol 15: a person's halt takes off whoever waits.
        return call.may_call() and self._run.find_halt(self._resource) is None

    def _take_back(self, remote_id: str) -> None:
        # Protocol 8: its person is free once the call itself reads `cancelled`, in a read begun after the answer.
        address, scratch = self._resource.address, ResourceResult()
        receipt = cancel_batch(self._run, self._executor, address, remote_id, scratch)
        remote = read_cancelled(self._run, address, remote_id, None, scratch) if receipt else None
        self._result.problems += scratch.problems
        message = f"{remote_id} waited in the provider's queue, and it is not known whether it calls anybody"
        if remote is not None and remote.has_phase(Phase.CANCELLED):
            self._free_person(remote_id)
            message = f"{remote_id} waited in the provider's queue and was taken back: nobody was called by it"
        elif remote is not None:
            message = f"{remote_id} left the provider's queue just before it was to be taken back"
        # Nothing more is placed behind a queue that does not move.
        self._result.problems.append(Receipt(RequestStatus.FAILED, remote_id, message, final=True))

    def _free_person(self, remote_id: str) -> None:
        """Counts the person of a call of this run as neither called nor taken off."""
        record = self._run.ledger.resource_record(self._resource.address).remotes[remote_id]
        counts = self._run.budget.release(record.mark or "")
        if counts != PeopleCounts():
            self._run.ledger.update(self._resource.address, counts=counts + PeopleCounts(people_taken_off=-1))
        self._result.undo_request(remote_id, people_are_free=True)

    def _read_time(self) -> datetime:
        return self._run.provider(self._resource).latest_now()
