"""The only module that makes a request that dials or cancels.

Each follows one order: write the intent durably, send once, sort the answer, write what became of it durably. Nothing
here decides who is called; it is told. The protocol and the reason of each rule: CONTRIBUTING.md, "The protocol".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from declarative.engine.intents import IntentWriter
from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.model import records
from declarative.model.lock import CancelProgress, Intent, RemoteRecord, RequestKind
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
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
)

TRIES = 4
LONGEST_PAUSE = 600.0
"""Seconds; a provider that asks for more between two tries is not waited for."""
BAD_KEY = 401
FAILS_RESOURCE = (403, 404)

steps = logging.getLogger("dialctl.steps")


class Executor:
    """Makes requests under the lease of one run. Interrupted is raised before anything is sent, never between a send
    and its record; LeaseLost and StateError may be, and leave the intent open. `on_wait` is called before
    every pause between two tries. `closed` holds, by provider, why nothing is dialed there any more in this run (a bad
    key, no funds)."""

    def __init__(self, run: RunContext, on_wait: Callable[[], None]) -> None:
        self._run = run
        self._on_wait = on_wait
        self._intent_writer = IntentWriter(run)
        self.stopped_providers: dict[str, Receipt] = {}

    def submit(
        self, resource: Resource, recipients: pl.DataFrame, attempt: int, may_call: Callable[[], bool]
    ) -> Receipt:
        """Creates one batch of `crowd` (columns `number`, `payload`), or places one call to its one person. `may_call`
        is asked again after each wait."""
        channel = self._run.provider(resource).channels[resource.route]

        def send_once() -> tuple[Intent, Outcome]:
            intent, submission = self._intent_writer.write_submission(resource, recipients, attempt)
            return intent, self._send(f"submit {resource.address}", lambda: channel.submit(submission))

        return self._dial(resource, len(recipients), send_once, may_call)

    def retry(self, resource: Resource, remote: Remote, count: int, may_call: Callable[[], bool]) -> Receipt:
        """Asks the provider to call again the `called_again` unreached people of one batch."""
        channel = self._run.provider(resource).channels[Route.BATCH]

        def send_once() -> tuple[Intent, Outcome]:
            intent = self._intent_writer.write_retry(resource, remote, count)
            return intent, self._send(f"retry {remote.id}", lambda: channel.retry(remote.id))

        return self._dial(resource, count, send_once, may_call)

    def cancel(self, address: str, channel: Channel, remote_id: str) -> Receipt:
        """Cancels one batch that the lock knows. The wish is written down first, so that its people count as free
        afterwards. A wish to stop does not keep it from being sent: it may be what keeps somebody from being called."""
        self._run.lease.check()
        remote_record = self._run.ledger.resource_record(address).remotes[remote_id]
        remote_record = replace(remote_record, cancel=remote_record.cancel or CancelProgress.ASKED)
        self._run.ledger.update(address, remotes={remote_id: remote_record}, quiet=None)
        outcome = self._send(f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        if not isinstance(outcome, Done):
            return Receipt(
                RequestStatus.FAILED, remote_id, f"the cancel was not confirmed: {_outcome_message(outcome)}"
            )
        remote_record = replace(records.refreshed(remote_record, outcome.remote), cancel=CancelProgress.DONE)
        self._run.ledger.update(address, remotes={remote_id: remote_record})
        return Receipt(RequestStatus.DONE, remote_id)

    def _dial(
        self,
        resource: Resource,
        calls: int,
        send_once: Callable[[], tuple[Intent, Outcome]],
        may_call: Callable[[], bool],
    ) -> Receipt:
        """Sends until there is something to conclude: only what provably was not done is ever sent again."""
        outcome: Outcome = NotSent("")
        for try_index in range(TRIES):
            if try_index and not may_call():
                return Receipt(
                    RequestStatus.FAILED,
                    message=f"their time to be called ended while waiting: {_outcome_message(outcome)}",
                )
            if receipt := self.stopped_providers.get(resource.provider):
                return receipt
            self._run.check_may_dial()
            if not self._run.budget.covers(calls):
                return _over_budget_receipt(calls, self._run.budget.remaining)
            intent, outcome = send_once()
            receipt = self._record_outcome(resource, intent, outcome)
            if receipt is not None:
                return receipt
            if (pause := _retry_delay(outcome, try_index)) > LONGEST_PAUSE:
                message = f"the provider asks to wait {pause:,.0f} s; run dialctl apply again then"
                return Receipt(RequestStatus.FAILED, message=message, final=True)
            self._on_wait()
            self._run.pause(pause)
        return Receipt(RequestStatus.FAILED, message=f"gave up after {TRIES} tries: {_outcome_message(outcome)}")

    def _record_outcome(self, resource: Resource, intent: Intent, outcome: Outcome) -> Receipt | None:
        """What the answer allows to conclude, written down; None where it may be sent again."""
        match outcome:
            case Done(remote):
                self._close_intent(resource, intent, {remote.id: self._build_remote_record(resource, intent, remote)})
                return Receipt(RequestStatus.DONE, remote.id)
            case MarkMissing(remote):
                return self._withdraw_unmarked(resource, intent, remote)
            case Ambiguous(message):
                return Receipt(RequestStatus.UNSURE, intent.remote or "", message, mark=intent.mark)
            case Rejected(status=0, message=message) if intent.person:
                self._close_intent(resource, intent, {f"refused:{intent.mark}": records.from_refusal(intent)})
                self._run.budget.release(intent.mark)
                return Receipt(RequestStatus.REFUSED, message=message)
            case NotSent() | Busy() | Rejected() | OutOfFunds():
                self._close_intent(resource, intent, {})
                self._run.budget.release(intent.mark)
        return self._failure_receipt(resource, outcome)

    def _failure_receipt(self, resource: Resource, outcome: NotSent | Busy | Rejected | OutOfFunds) -> Receipt | None:
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
        """An answer without our name: nobody could find it again by it, so it is taken back at once, by its id."""
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
        return records.from_intent(
            intent,
            remote,
            tuple(mark for mark, earlier_intent in resource_record.intents.items() if earlier_intent.absent),
        )

    def _close_intent(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """The intent goes, and what exists now is recorded, in one durable step."""
        self._run.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes)

    def _send(self, description: str, request: Callable[[], Outcome]) -> Outcome:
        """The lease is asked for once more: writing the intent down may have taken long, and whoever took the lease
        meanwhile may not have read it."""
        self._run.lease.check()
        steps.debug("send: %s", description)
        outcome = request()
        steps.debug("answer: %s: %s", description, type(outcome).__name__)
        return outcome


def _over_budget_receipt(count: int, remaining: int | None) -> Receipt:
    """Whoever is left is not called; those called so far are recorded."""
    message = f"max_dials allows {remaining or 0:,} more in this run, the next request would call {count:,}"
    return Receipt(RequestStatus.FAILED, message=message, final=True)


def _retry_delay(outcome: Outcome, try_index: int) -> float:
    """Seconds before the next try: what the provider asked for, else 1, 2, 4, ..."""
    retry_after = outcome.retry_after if isinstance(outcome, Busy) else None
    return retry_after if retry_after is not None else float(2**try_index)


def _outcome_message(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, NotSent | Busy | Rejected | OutOfFunds | Ambiguous) else ""
