"""Sends requests that dial, several at once: their intents in one durable step, then each request once, then what each
answer allows to conclude. A request that was certainly not done is sent again after a pause. What a request is, and
what its answer means, execute.py says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import as_completed, wait
from dataclasses import dataclass

import polars as pl

from declarative.engine.answers import LONGEST_PAUSE, TRIES, outcome_message, retry_delay
from declarative.engine.results import Receipt, RequestStatus, over_budget_receipt
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.lock import Intent
from declarative.model.resource import Resource
from declarative.providers.base import NotSent, Outcome


@dataclass(frozen=True, eq=False)
class DialRequest:
    """One request that dials."""

    resource: Resource
    """Whose people it calls."""
    recipients: pl.DataFrame
    """The people that it may call."""
    may_call: Callable[[], bool]
    """Whether their time still allows a call. Asked after each wait."""
    write_intent: Callable[[], tuple[Intent, Callable[[], Outcome]]]
    """Writes its intent, and returns it with what sends the request, once."""


@dataclass(frozen=True)
class Dispatcher:
    """Works under the lease of one run. Raises Interrupted only while no request is under way. Raises LeaseLost and
    StateError at any time; intents stay open then."""

    run: RunContext
    """The run."""
    find_stop: Callable[[Resource], Receipt | None]
    """Says why nothing more may be sent for a resource; None where something may."""
    conclude: Callable[[DialRequest, Intent, Outcome], Receipt | None]
    """Writes down what an answer allows to conclude. None where the request may be sent again."""
    on_wait: Callable[[], None]
    """Called before every pause."""

    def send(
        self,
        requests: Sequence[DialRequest],
        on_receipt: Callable[[DialRequest, Receipt], None],
        pool: Pool | None = None,
    ) -> None:
        """Send until each answer allows a conclusion, at most TRIES times. `on_receipt` is called for each request as
        soon as it is known what became of it. Several go out at once through the pool."""
        outcomes: dict[DialRequest, Outcome] = dict.fromkeys(requests, NotSent(""))
        for try_index in range(TRIES):
            for request in [request for request in outcomes if try_index and not request.may_call()]:
                message = f"their time to be called ended while waiting: {outcome_message(outcomes.pop(request))}"
                on_receipt(request, Receipt(RequestStatus.FAILED, message=message))
            outcomes = self._send_once(list(outcomes), on_receipt, pool)
            for request in [
                request for request in outcomes if retry_delay(outcomes[request], try_index) > LONGEST_PAUSE
            ]:
                pause = retry_delay(outcomes.pop(request), try_index)
                message = f"the provider asks to wait {pause:,.0f} s; run dialctl apply again then"
                on_receipt(request, Receipt(RequestStatus.FAILED, message=message, final=True))
            if not outcomes:
                return
            # Protocol 7: batches created before must be checked before their guards end, however long this pause is.
            self.on_wait()
            # A provider that is asked too often is asked less by all of them.
            self.run.pause(max(retry_delay(outcome, try_index) for outcome in outcomes.values()))
        for request, outcome in outcomes.items():
            message = f"gave up after {TRIES} tries: {outcome_message(outcome)}"
            on_receipt(request, Receipt(RequestStatus.FAILED, message=message))

    def _send_once(
        self,
        requests: Sequence[DialRequest],
        on_receipt: Callable[[DialRequest, Receipt], None],
        pool: Pool | None,
    ) -> dict[DialRequest, Outcome]:
        """Send each request that may be sent. Returns the outcomes of those that may be sent again."""
        self.run.check_may_dial()
        written = self._write_intents(requests, on_receipt)
        outcomes = {}
        for request, outcome in _exchange({request: send for request, (_, send) in written.items()}, pool):
            # Protocol 3: only a request that was certainly not done is sent again, never an ambiguous one.
            receipt = self.conclude(request, written[request][0], outcome)
            if receipt is None:
                outcomes[request] = outcome
            else:
                on_receipt(request, receipt)
        return outcomes

    def _write_intents(
        self, requests: Sequence[DialRequest], on_receipt: Callable[[DialRequest, Receipt], None]
    ) -> dict[DialRequest, tuple[Intent, Callable[[], Outcome]]]:
        """Write the intents of all requests that may be sent."""
        written: dict[DialRequest, tuple[Intent, Callable[[], Outcome]]] = {}
        refused = {request: receipt for request in requests if (receipt := self.find_stop(request.resource))}
        # Protocol 1: durable before the first of these requests. They share one step, and so one sync.
        with self.run.ledger.one_step():
            for request in [request for request in requests if request not in refused]:
                count, budget = len(request.recipients), self.run.budget
                if not budget.covers(count):
                    refused[request] = over_budget_receipt(count, budget.remaining)
                    continue
                try:
                    written[request] = request.write_intent()
                except ProviderError as error:
                    refused[request] = Receipt(RequestStatus.FAILED, message=error.message)
        for request, receipt in refused.items():
            on_receipt(request, receipt)
        return written


def _exchange(
    sends: Mapping[DialRequest, Callable[[], Outcome]], pool: Pool | None
) -> Iterator[tuple[DialRequest, Outcome]]:
    """Send side by side, and yield each answer as it comes."""
    if len(sends) < 2 or pool is None:
        yield from ((request, send()) for request, send in sends.items())
        return
    requests = {pool.submit(send): request for request, send in sends.items()}
    try:
        for answered in as_completed(requests):
            yield requests[answered], answered.result()
    finally:
        wait(requests)  # whatever goes wrong here, nothing goes on unseen
