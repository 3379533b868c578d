"""The only module that makes a request that dials or cancels.

Each request follows one order: write the intent durably, send once, classify the answer, write the result durably.
Nothing here decides who is called: the caller does. CONTRIBUTING.md, "The protocol", numbers the rules and gives the
reason of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Pool
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from declarative.engine import before_start
from declarative.engine.answers import cancel_problem, failure_receipt, outcome_message, send, stops_provider
from declarative.engine.dispatch import DialRequest, Dispatcher
from declarative.engine.intents import IntentWriter
from declarative.engine.partial import is_partial, record_partial
from declarative.engine.results import Receipt, RequestStatus, over_budget_receipt
from declarative.engine.run_context import RunContext
from declarative.engine.unclear_answers import UnclearAnswers
from declarative.model import records
from declarative.model.capabilities import Cancellable, CancelProof
from declarative.model.history import PeopleCounts
from declarative.model.lock import CancelProgress, Intent, RemoteRecord
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.decide import Verb
from declarative.providers.base import (
    Ambiguous,
    Busy,
    Channel,
    Done,
    Failure,
    MarkMissing,
    NotSent,
    Outcome,
    OutOfFunds,
    Rejected,
    Removal,
    RemovalChannel,
    Submission,
)

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
        self.unclear_answers = UnclearAnswers(run)
        self._dispatcher = Dispatcher(run, self._find_stop, self._record_answer, lambda: self.on_wait())

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
            return intent, lambda: send(self._run, f"submit {resource.address}", lambda: channel.submit(submission))

        return DialRequest(resource, recipients, may_call, write_intent)

    def retry_request(
        self, resource: Resource, remote: Remote, recipients: pl.DataFrame, may_call: Callable[[], bool]
    ) -> DialRequest:
        """The request to call the unreached people of one batch again, who are these `recipients`."""
        channel = self._run.provider(resource).channels[Route.BATCH]

        def write_intent() -> tuple[Intent, Callable[[], Outcome]]:
            intent = self._intent_writer.write_retry(resource, remote, len(recipients))
            return intent, lambda: send(self._run, f"retry {remote.id}", lambda: channel.retry(remote.id))

        return DialRequest(resource, recipients, may_call, write_intent)

    def dial(
        self, requests: Sequence[DialRequest], on_receipt: Callable[[DialRequest, Receipt], None], pool: Pool
    ) -> None:
        """Sends requests side by side, through the pool. No two of them may call the same person. `on_receipt` is
        called for each as soon as it is known what became of it."""
        self._dispatcher.send(requests, on_receipt, pool)

    def dial_one(self, request: DialRequest) -> Receipt:
        """Sends one request until its answer allows a conclusion."""
        receipts: list[Receipt] = []
        self._dispatcher.send([request], lambda _, receipt: receipts.append(receipt))
        return receipts[0]

    def cancel(self, address: str, channel: Channel, remote_id: str) -> Receipt:
        """Cancels one batch that the lock knows. A stop signal does not prevent it: the cancel may be what prevents a
        call."""
        self._run.lease.check()
        resource_record = self._run.ledger.resource_record(address)
        remote_record, read_before = resource_record.remotes[remote_id], None
        provider = self._run.providers[resource_record.provider]
        if channel.capabilities.cancellable is Cancellable.BEFORE_START:
            read_before, refusal = before_start.read_before_cancel(provider, channel, remote_id)
            if read_before is None:
                return Receipt(RequestStatus.FAILED, remote_id, refusal)
            remote_record = replace(remote_record, starts_at=read_before.scheduled_at)
        # Protocol 1: our cancel is recorded before it is sent, so that it can be told from a person's stop in the
        # dashboard: people count as free only after a cancel that is known to be ours.
        remote_record = replace(remote_record, cancel=remote_record.cancel or CancelProgress.ASKED)
        # Written also where nothing else changes: whoever sends a cancel has a line in the history.
        self._run.ledger.update(address, remotes={remote_id: remote_record}, quiet=None, counts=PeopleCounts())
        outcome = send(self._run, f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        if not isinstance(outcome, Done) or not before_start.came_in_time(provider, channel, read_before):
            return Receipt(RequestStatus.FAILED, remote_id, cancel_problem(outcome))
        remote_record = replace(
            records.refreshed(remote_record, outcome.remote),
            cancel=CancelProgress.DONE,
            cancelled_at=provider.latest_now() if channel.capabilities.cancel_settles else None,
        )
        self._run.ledger.update(address, remotes={remote_id: remote_record})
        return Receipt(RequestStatus.DONE, remote_id, read_before=read_before)

    def find_refusal(self, resource: Resource, count: int, mark: str = "") -> Receipt | None:
        """Why a request for `count` people may not be sent now; None where it may. Raises Interrupted and LeaseLost."""
        self._run.check_may_dial()
        if receipt := self._find_stop(resource):
            return receipt
        fits = self._run.budget.covers(count, mark)
        return None if fits else over_budget_receipt(count, self._run.budget.remaining)

    def _find_stop(self, resource: Resource) -> Receipt | None:
        if receipt := self.stopped_providers.get(resource.provider):
            return receipt
        if receipt := self.unclear_answers.find_stop(resource.address):
            return receipt
        # Protocol 15: a person's halt is heard before each request that dials, whatever was approved.
        if halt := self._run.find_halt(resource):
            return Receipt(RequestStatus.HALTED, message=f"{halt}; nobody more is called", final=True)
        return None

    def _record_answer(self, request: DialRequest, intent: Intent, outcome: Outcome) -> Receipt | None:
        return self.record_outcome(request.resource, intent, outcome, request.recipients)

    def record_outcome(
        self, resource: Resource, intent: Intent, outcome: Outcome, recipients: pl.DataFrame
    ) -> Receipt | None:
        """Writes down what the answer allows to conclude. None where the request may be sent again."""
        match outcome:
            case Done(remote) if is_partial(intent, remote):
                record_partial(self._run, resource, intent, remote, recipients)
                left_out = intent.count - remote.total
                return Receipt(RequestStatus.DONE, remote.id, starts_at=intent.scheduled_at, left_out=left_out)
            case Done(remote):
                self._close_intent(resource, intent, {remote.id: self._make_record(resource, intent, remote)})
                return Receipt(
                    RequestStatus.DONE, remote.id, starts_at=intent.scheduled_at, queued_for=remote.queued_for
                )
            case MarkMissing(remote, message):
                return self._withdraw_unmarked(resource, intent, remote, message)
            # Protocol 3: it may have happened, so the intent stays open until it is settled.
            case Ambiguous(message):
                self.unclear_answers.record(resource.address, intent, message)
                return Receipt(RequestStatus.UNSURE, intent.remote or "", message, mark=intent.mark)
            # The provider refused this one person inside an accepted answer. It is recorded as a call that ended before
            # any phone was called, so that later plans know of it.
            case Rejected(status=0, message=message) if intent.person:
                self._undo_intent(resource, intent, {f"refused:{intent.mark}": records.from_refusal(intent)})
                return Receipt(RequestStatus.REFUSED, message=message)
            # Protocol 3: it did not happen, so the intent closes and its people are free again.
            case NotSent() | Busy() | Rejected() | OutOfFunds():
                self._undo_intent(resource, intent, {})
        receipt = failure_receipt(outcome)
        if receipt is not None and stops_provider(outcome):
            self.stopped_providers[resource.provider] = receipt
        return receipt

    def _withdraw_unmarked(self, resource: Resource, intent: Intent, remote: Remote, message: str) -> Receipt:
        """Cancels what was created without our mark, or otherwise than it was sent, by its id."""
        # Protocol 4: without the mark no later run could find it in a list.
        remote_record = replace(self._make_record(resource, intent, remote), mark=None)
        self._close_intent(resource, intent, {remote.id: remote_record})
        receipt = self.cancel(resource.address, self._run.provider(resource).channels[intent.route], remote.id)
        detail = "it was cancelled" if receipt.status is RequestStatus.DONE else receipt.message
        return Receipt(
            RequestStatus.MARK_LOST,
            remote.id,
            f"{message}; {detail}",
            final=True,
        )

    def _make_record(self, resource: Resource, intent: Intent, remote: Remote) -> RemoteRecord:
        return records.from_answer(self._run.ledger.resource_record(resource.address), intent, remote)

    def _close_intent(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """Removes the intent and records what exists now, in one durable step."""
        self._run.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes)

    def _undo_intent(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """Removes the intent of a request that called nobody. Its people count towards no limit any more."""
        counts = self._run.budget.release(intent.mark)
        self._run.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes, counts=counts)


class RepeatExecutor:
    """Sends lost requests again under their idempotency keys. Raises as Executor does."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor

    def repeat(self, resource: Resource, intent: Intent, submission: Submission, recipients: pl.DataFrame) -> Receipt:
        """Sends a submission again, the same to the byte."""
        if receipt := self._executor.find_refusal(resource, intent.count, intent.mark):
            return receipt
        intent = IntentWriter(self._run).write_repeat(resource, intent)
        channel = self._run.provider(resource).channels[resource.route]
        outcome = send(self._run, f"repeat {resource.address}", lambda: channel.submit(submission))
        # Protocol 5: the first request may have taken effect, whatever the second one is answered.
        is_ours = isinstance(outcome, Done) and str(outcome.remote.mark) == intent.mark
        if (is_ours or isinstance(outcome, MarkMissing)) and (
            receipt := self._executor.record_outcome(resource, intent, outcome, recipients)
        ):
            return receipt
        message = outcome_message(outcome) or "answered about another request"
        self._executor.unclear_answers.record(resource.address, intent, message)
        return Receipt(RequestStatus.UNSURE, message=message, mark=intent.mark)


class ProbeExecutor:
    """Makes and cancels list probes, under the lease of one run. Raises as Executor does."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    def send_probe(self, name: str, submission: Submission) -> tuple[Outcome, str]:
        """Creates a list probe at a provider. Returns the outcome, and why its cancel failed. It is cancelled at once,
        unless the provider forgets what is cancelled: then its list would never show it."""
        self._run.check_may_dial()
        if halt := self._run.read_halts().find():
            return NotSent(f"{halt}"), ""
        channel = self._run.providers[name].channels[Route.BATCH]
        # Protocol 5: its time is durable before it is sent, so that no other run sends one within the settle time.
        self._run.ledger.set_probe_time(name, self._run.providers[name].now())
        outcome = send(self._run, f"probe {name}", lambda: channel.submit(submission))
        if channel.capabilities.cancel_proof is CancelProof.ABSENCE or not isinstance(outcome, Done | MarkMissing):
            return outcome, ""
        return outcome, self.cancel_probe(channel, outcome.remote.id)

    def cancel_probe(self, channel: Channel, remote_id: str) -> str:
        """Cancels a list probe, which no address records. Returns why it could not be cancelled; "" where it was."""
        outcome = send(self._run, f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        return "" if isinstance(outcome, Done) else outcome_message(outcome)


def remove_member(run: RunContext, channel: RemovalChannel, remote_id: str, member_id: str) -> Removal | Failure:
    """Takes one person off a batch, by a request that removal.py has recorded."""
    return send(run, f"take off {member_id}", lambda: channel.remove_member(remote_id, member_id))


def cancel_unrecorded(channel: Channel, remote_id: str) -> str:
    """Cancels a batch without the lease and without a record: the emergency stop, which calls nobody. Returns why it
    could not be cancelled; "" where it was."""
    steps.debug("send: cancel %s without the lease", remote_id)
    outcome = channel.cancel(remote_id)
    return "" if isinstance(outcome, Done) else outcome_message(outcome) or "the answer says nothing"
