"""The only module that makes a request that dials or cancels.

Each request follows one order: write the intent durably, send once, classify the answer, write the result durably.
Nothing here decides who is called: the caller does. CONTRIBUTING.md, "The protocol", numbers the rules and gives the
reason of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import polars as pl

from declarative.engine.dispatch import DialRequest, Dispatcher, outcome_message
from declarative.engine.intents import IntentWriter
from declarative.engine.partial import is_partial, record_partial
from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.engine.unclear_answers import UnclearAnswers
from declarative.model import records
from declarative.model.history import PeopleCounts
from declarative.model.lock import CancelProgress, Intent, RemoteRecord, RequestKind
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.decide import Verb
from declarative.providers.base import (
    Ambiguous,
    Busy,
    Channel,
    Done,
    MarkMissing,
    NotSent,
    Outcome,
    OutOfFunds,
    Rejected,
    Submission,
)

BAD_KEY = 401
"""The HTTP status of a wrong key: no later request to this provider can succeed."""
FAILS_RESOURCE = (403, 404)
"""HTTP statuses that every request for the same resource would get."""

steps = logging.getLogger("dialctl.steps")


class Executor:
    """Makes requests under the lease of one run. Raises Interrupted only before a send, never between a send and its
    record. Raises LeaseLost and StateError at any time; the intent stays open then.

    `on_wait` is called before every pause between two tries, and before a cancel is waited for. `stopped_providers`
    holds, by provider, the receipt of the request after which nothing more is dialed there in this run: a bad key, or
    no funds.
    """

    def __init__(self, run: RunContext, on_wait: Callable[[], None]) -> None:
        self._run = run
        self.on_wait = on_wait
        self._intent_writer = IntentWriter(run)
        self.stopped_providers: dict[str, Receipt] = {}
        self._unclear_answers = UnclearAnswers(run)
        self._dispatcher = Dispatcher(run, self._find_stop, self._record_outcome, lambda: self.on_wait())

    def submission(
        self,
        resource: Resource,
        recipients: pl.DataFrame,
        attempt: int,
        may_call: Callable[[], bool],
        counts: Mapping[Verb, int] = MappingProxyType({}),
    ) -> DialRequest:
        """The request that creates one batch of `recipients` (columns `number`, `payload`), or places one call to its
        one person. `may_call` is asked after each wait and says whether their time still allows a call. `counts` holds
        how many of them are submitted by which verb, for the history."""
        moved = counts.get(Verb.REPLACE, 0)
        channel = self._run.provider(resource).channels[resource.route]

        def write_intent() -> tuple[Intent, Callable[[], Outcome]]:
            intent, submission = self._intent_writer.write_submission(resource, recipients, attempt, moved)
            return intent, lambda: _send(self._run, f"submit {resource.address}", lambda: channel.submit(submission))

        return DialRequest(resource, recipients, may_call, write_intent)

    def retry_request(
        self, resource: Resource, remote: Remote, recipients: pl.DataFrame, may_call: Callable[[], bool]
    ) -> DialRequest:
        """The request to call the unreached people of one batch again, who are these `recipients`."""
        channel = self._run.provider(resource).channels[Route.BATCH]

        def write_intent() -> tuple[Intent, Callable[[], Outcome]]:
            intent = self._intent_writer.write_retry(resource, remote, len(recipients))
            return intent, lambda: _send(self._run, f"retry {remote.id}", lambda: channel.retry(remote.id))

        return DialRequest(resource, recipients, may_call, write_intent)

    def dial(self, requests: Sequence[DialRequest], on_receipt: Callable[[DialRequest, Receipt], None]) -> None:
        """Sends requests side by side. No two of them may call the same person. `on_receipt` is called for each as soon
        as it is known what became of it."""
        self._dispatcher.send(requests, on_receipt)

    def dial_one(self, request: DialRequest) -> Receipt:
        """Sends one request until its answer allows a conclusion."""
        receipts: list[Receipt] = []
        self._dispatcher.send([request], lambda _, receipt: receipts.append(receipt))
        return receipts[0]

    def cancel(self, address: str, channel: Channel, remote_id: str) -> Receipt:
        """Cancels one batch that the lock knows. A stop signal does not prevent it: the cancel may be what prevents a
        call."""
        self._run.lease.check()
        # Protocol 1: our cancel is recorded before it is sent, so that it can be told from a person's stop in the
        # dashboard: people count as free only after a cancel that is known to be ours.
        remote_record = self._run.ledger.resource_record(address).remotes[remote_id]
        remote_record = replace(remote_record, cancel=remote_record.cancel or CancelProgress.ASKED)
        # Written also where nothing else changes: whoever sends a cancel has a line in the history.
        self._run.ledger.update(address, remotes={remote_id: remote_record}, quiet=None, counts=PeopleCounts())
        outcome = _send(self._run, f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        if not isinstance(outcome, Done):
            return Receipt(RequestStatus.FAILED, remote_id, f"the cancel was not confirmed: {outcome_message(outcome)}")
        settles = channel.capabilities.cancel_settles
        remote_record = replace(
            records.refreshed(remote_record, outcome.remote),
            cancel=CancelProgress.DONE,
            cancelled_at=self._latest_time(address) if settles else None,
        )
        self._run.ledger.update(address, remotes={remote_id: remote_record})
        return Receipt(RequestStatus.DONE, remote_id)

    def _latest_time(self, address: str) -> datetime:
        return self._run.providers[self._run.ledger.resource_record(address).provider].latest_now()

    def _find_stop(self, resource: Resource) -> Receipt | None:
        stopped = self.stopped_providers.get(resource.provider)
        return stopped or self._unclear_answers.find_stop(resource.address)

    def _record_outcome(self, request: DialRequest, intent: Intent, outcome: Outcome) -> Receipt | None:
        """Writes down what the answer allows to conclude. None where the request may be sent again."""
        resource = request.resource
        match outcome:
            case Done(remote) if is_partial(intent, remote):
                record_partial(self._run, resource, intent, remote, request.recipients)
                left_out = intent.count - remote.total
                return Receipt(RequestStatus.DONE, remote.id, starts_at=intent.scheduled_at, left_out=left_out)
            case Done(remote):
                self._close_intent(resource, intent, {remote.id: self._build_remote_record(resource, intent, remote)})
                return Receipt(RequestStatus.DONE, remote.id, starts_at=intent.scheduled_at)
            case MarkMissing(remote):
                return self._withdraw_unmarked(resource, intent, remote)
            # Protocol 3: it may have happened, so the intent stays open until it is settled.
            case Ambiguous(message):
                self._unclear_answers.record(resource.address, intent, message)
                return Receipt(RequestStatus.UNSURE, intent.remote or "", message, mark=intent.mark)
            # The provider refused this one person inside an accepted answer. It is recorded as a call that ended before
            # any phone was called, so that later plans know of it.
            case Rejected(status=0, message=message) if intent.person:
                self._undo_intent(resource, intent, {f"refused:{intent.mark}": records.from_refusal(intent)})
                return Receipt(RequestStatus.REFUSED, message=message)
            # Protocol 3: it did not happen, so the intent closes and its people are free again.
            case NotSent() | Busy() | Rejected() | OutOfFunds():
                self._undo_intent(resource, intent, {})
        return self._failure_receipt(resource, outcome)

    def _failure_receipt(self, resource: Resource, outcome: NotSent | Busy | Rejected | OutOfFunds) -> Receipt | None:
        """Says why a request was not done; None where the next try may succeed. Stops the provider where none can."""
        if isinstance(outcome, NotSent | Busy):
            return None
        if isinstance(outcome, OutOfFunds):
            self.stopped_providers[resource.provider] = Receipt(RequestStatus.OUT_OF_FUNDS, message=outcome.message)
            return self.stopped_providers[resource.provider]
        receipt = Receipt(RequestStatus.FAILED, message=outcome.message, final=outcome.status in FAILS_RESOURCE)
        if outcome.status == BAD_KEY:
            self.stopped_providers[resource.provider] = receipt
        return receipt

    def _withdraw_unmarked(self, resource: Resource, intent: Intent, remote: Remote) -> Receipt:
        """Cancels what was created without our mark, by its id."""
        # Protocol 4: without the mark no later run could find it in a list.
        remote_record = replace(self._build_remote_record(resource, intent, remote), mark=None)
        self._close_intent(resource, intent, {remote.id: remote_record})
        receipt = self.cancel(resource.address, self._run.provider(resource).channels[intent.route], remote.id)
        detail = "it was cancelled" if receipt.status is RequestStatus.DONE else receipt.message
        return Receipt(
            RequestStatus.MARK_LOST,
            remote.id,
            f"the provider did not give back the name by which dialctl finds it again; {detail}",
            final=True,
        )

    def _build_remote_record(self, resource: Resource, intent: Intent, remote: Remote) -> RemoteRecord:
        resource_record = self._run.ledger.resource_record(resource.address)
        if intent.request is RequestKind.RETRY:
            return records.with_retry(records.refreshed(resource_record.remotes[remote.id], remote), intent)
        return records.from_intent(intent, remote)

    def _close_intent(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """Removes the intent and records what exists now, in one durable step."""
        self._run.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes)

    def _undo_intent(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """Removes the intent of a request that called nobody. Its people count towards no limit any more."""
        counts = self._run.budget.release(intent.mark)
        self._run.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes, counts=counts)


class ProbeExecutor:
    """Makes and cancels list probes, under the lease of one run. Raises as Executor does."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    def send_probe(self, name: str, submission: Submission) -> tuple[Outcome, str]:
        """Creates a list probe at a provider and cancels it at once. Returns the outcome, and why the cancel failed."""
        self._run.check_may_dial()
        if halt := self._run.read_halts().find():
            return NotSent(f"{halt}"), ""
        channel = self._run.providers[name].channels[Route.BATCH]
        # Protocol 5: its time is durable before it is sent, so that no other run sends one within the settle time.
        self._run.ledger.set_probe_time(name, self._run.providers[name].now())
        outcome = _send(self._run, f"probe {name}", lambda: channel.submit(submission))
        failure = self.cancel_probe(channel, outcome.remote.id) if isinstance(outcome, Done | MarkMissing) else ""
        return outcome, failure

    def cancel_probe(self, channel: Channel, remote_id: str) -> str:
        """Cancels a list probe, which no address records. Returns why it could not be cancelled; "" where it was."""
        outcome = _send(self._run, f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        return "" if isinstance(outcome, Done) else outcome_message(outcome)


def cancel_unrecorded(channel: Channel, remote_id: str) -> str:
    """Cancels a batch without the lease and without a record: the emergency stop, which calls nobody. Returns why it
    could not be cancelled; "" where it was."""
    steps.debug("send: cancel %s without the lease", remote_id)
    outcome = channel.cancel(remote_id)
    return "" if isinstance(outcome, Done) else outcome_message(outcome) or "the answer says nothing"


def _send(run: RunContext, description: str, request: Callable[[], Outcome]) -> Outcome:
    """Sends one request, once."""
    # Protocol 11: writing the intent may have taken long. A run that took the lease meanwhile may not have read it.
    run.lease.check()
    steps.debug("send: %s", description)
    outcome = request()
    steps.debug("answer: %s: %s", description, type(outcome).__name__)
    return outcome
