"""The requests of a round that need not wait for each other: shards of all addresses, and retry requests. They are sent
side by side, in the order of the plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor as Pool
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from declarative.engine.dispatch import DialRequest
from declarative.engine.execute import Executor
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.resource import Resource


@dataclass(frozen=True, eq=False)
class QueuedRequest:
    """One request that dials, before it is made. Its people are in no other one."""

    resource: Resource
    """Whose people it calls."""
    result: ResourceResult
    """What this run did at that address."""
    count: int
    """How many people it was planned for."""
    make: Callable[[], DialRequest | None]
    """Makes it of those of its people who may be called now; None where nobody may. Counts the others."""
    finish: Callable[[DialRequest, Receipt], None]
    """Counts what became of it."""


class RequestQueue:
    """Sends what was added, up to `run.parallelism` at once. Raises Interrupted only while nothing is under way, and
    LeaseLost and StateError at any time."""

    def __init__(
        self,
        run: RunContext,
        executor: Executor,
        *,
        must_stop: Callable[[Resource, ResourceResult], bool],
        before_send: Callable[[], None],
    ) -> None:
        self._run = run
        self._executor = executor
        self._must_stop = must_stop
        self._before_send = before_send
        self._waiting: deque[QueuedRequest] = deque()
        self._unfinished: dict[str, int] = {}
        self._closing: dict[str, Callable[[], None]] = {}
        self._finished: list[Callable[[], None]] = []

    def add(self, request: QueuedRequest) -> None:
        """Add a request at the end."""
        self._waiting.append(request)
        address = request.resource.address
        self._unfinished[address] = self._unfinished.get(address, 0) + 1

    def close(self, address: str, finish: Callable[[], None]) -> None:
        """Call `finish` once nothing of an address is waiting or under way: now, or later. It only writes to the
        ledger."""
        if self._unfinished.get(address):
            self._closing[address] = finish
        else:
            finish()

    def send_all(self) -> None:
        """Send everything."""
        with ThreadPoolExecutor(self._run.parallelism) as pool:
            while self._waiting:
                self._before_send()
                try:
                    self._send_group(pool)
                finally:
                    self._finish()

    def _send_group(self, pool: Pool) -> None:
        group: dict[DialRequest, QueuedRequest] = {}
        while self._waiting and len(group) < self._run.parallelism:
            queued = self._waiting.popleft()
            if request := self._make(queued):
                group[request] = queued
            else:
                self._count_off(queued)

        def finish(request: DialRequest, receipt: Receipt) -> None:
            group[request].finish(request, receipt)
            self._count_off(group[request])

        self._executor.dial(list(group), finish, pool)

    def _make(self, queued: QueuedRequest) -> DialRequest | None:
        """Make a request; None where it is not to be sent. Then nothing more of its address may follow."""
        is_early = self._run.must_look_again
        try:
            if not is_early and not self._must_stop(queued.resource, queued.result):
                return queued.make()
        except ProviderError as error:
            queued.result.problems.append(Receipt(RequestStatus.FAILED, message=error.message))
        dropped = [other for other in self._waiting if other.resource.address == queued.resource.address]
        self._waiting = deque(other for other in self._waiting if other not in dropped)
        queued.result.add_left(queued.count + sum(other.count for other in dropped), comes_again=is_early)
        for other in dropped:
            self._count_off(other)
        return None

    def _count_off(self, queued: QueuedRequest) -> None:
        address = queued.resource.address
        self._unfinished[address] -= 1
        if not self._unfinished[address] and (finish := self._closing.pop(address, None)):
            self._finished.append(finish)

    def _finish(self) -> None:
        """Close the addresses of which nothing is waiting or under way any more. What they write is one line: what was
        answered is in the lock already, and a run that is cut off before this line plans them anew."""
        finished, self._finished = self._finished, []
        if finished:
            with self._run.ledger.one_step():
                for finish in finished:
                    finish()
