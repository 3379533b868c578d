"""The only module that makes a request that dials or cancels.

Each follows one order: write the intent durably, send once, sort the answer, write what became of it durably. Nothing
here decides who is rung; it is told. The protocol and the reason of each rule: CONTRIBUTING.md, "The protocol".
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

    def __init__(self, desk: RunContext, on_wait: Callable[[], None]) -> None:
        self._desk = desk
        self._on_wait = on_wait
        self._intents = IntentWriter(desk)
        self.stopped_providers: dict[str, Receipt] = {}

    def submit(self, resource: Resource, crowd: pl.DataFrame, attempt: int, may_ring: Callable[[], bool]) -> Receipt:
        """Creates one batch of `crowd` (columns `number`, `payload`), or places one call to its one person. `may_ring`
        is asked again after each wait."""
        channel = self._desk.provider(resource).channels[resource.route]

        def once() -> tuple[Intent, Outcome]:
            intent, submission = self._intents.submission(resource, crowd, attempt)
            return intent, self._send(f"submit {resource.address}", lambda: channel.submit(submission))

        return self._dial(resource, len(crowd), once, may_ring)

    def retry(self, resource: Resource, remote: Remote, rung_again: int, may_ring: Callable[[], bool]) -> Receipt:
        """Asks the provider to ring again the `rung_again` unreached people of one batch."""
        channel = self._desk.provider(resource).channels[Route.BATCH]

        def once() -> tuple[Intent, Outcome]:
            intent = self._intents.retry(resource, remote, rung_again)
            return intent, self._send(f"retry {remote.id}", lambda: channel.retry(remote.id))

        return self._dial(resource, rung_again, once, may_ring)

    def cancel(self, address: str, channel: Channel, remote_id: str) -> Receipt:
        """Cancels one batch that the lock knows. The wish is written down first, so that its people count as free
        afterwards. A wish to stop does not keep it from being sent: it may be what keeps somebody from being rung."""
        self._desk.lease.check()
        known = self._desk.ledger.record(address).remotes[remote_id]
        known = replace(known, cancel=known.cancel or CancelProgress.ASKED)
        self._desk.ledger.update(address, remotes={remote_id: known}, quiet=None)
        outcome = self._send(f"cancel {remote_id}", lambda: channel.cancel(remote_id))
        if not isinstance(outcome, Done):
            return Receipt(RequestStatus.FAILED, remote_id, f"the cancel was not confirmed: {_text(outcome)}")
        answered = replace(records.refreshed(known, outcome.remote), cancel=CancelProgress.DONE)
        self._desk.ledger.update(address, remotes={remote_id: answered})
        return Receipt(RequestStatus.DONE, remote_id)

    def _dial(
        self, resource: Resource, rings: int, once: Callable[[], tuple[Intent, Outcome]], may_ring: Callable[[], bool]
    ) -> Receipt:
        """Sends until there is something to conclude: only what provably was not done is ever sent again."""
        outcome: Outcome = NotSent("")
        for turn in range(TRIES):
            if turn and not may_ring():
                return Receipt(
                    RequestStatus.FAILED, message=f"their time to be rung ended while waiting: {_text(outcome)}"
                )
            if closed := self.stopped_providers.get(resource.provider):
                return closed
            self._desk.gate()
            if not self._desk.budget.covers(rings):
                return _over_budget(rings, self._desk.budget.left)
            intent, outcome = once()
            receipt = self._conclude(resource, intent, outcome)
            if receipt is not None:
                return receipt
            if (pause := _patience(outcome, turn)) > LONGEST_PAUSE:
                message = f"the provider asks to wait {pause:,.0f} s; run dialctl apply again then"
                return Receipt(RequestStatus.FAILED, message=message, final=True)
            self._on_wait()
            self._desk.pause(pause)
        return Receipt(RequestStatus.FAILED, message=f"gave up after {TRIES} tries: {_text(outcome)}")

    def _conclude(self, resource: Resource, intent: Intent, outcome: Outcome) -> Receipt | None:
        """What the answer allows to conclude, written down; None where it may be sent again."""
        match outcome:
            case Done(remote):
                self._answer(resource, intent, {remote.id: self._brought(resource, intent, remote)})
                return Receipt(RequestStatus.DONE, remote.id)
            case MarkMissing(remote):
                return self._withdraw(resource, intent, remote)
            case Ambiguous(message):
                return Receipt(RequestStatus.UNSURE, intent.remote or "", message, mark=intent.mark)
            case Rejected(status=0, message=message) if intent.person:
                self._answer(resource, intent, {f"refused:{intent.mark}": records.from_refusal(intent)})
                self._desk.budget.give_back(intent.mark)
                return Receipt(RequestStatus.REFUSED, message=message)
            case NotSent() | Busy() | Rejected() | OutOfFunds():
                self._answer(resource, intent, {})
                self._desk.budget.give_back(intent.mark)
        return self._not_done(resource, outcome)

    def _not_done(self, resource: Resource, outcome: NotSent | Busy | Rejected | OutOfFunds) -> Receipt | None:
        if isinstance(outcome, NotSent | Busy):
            return None
        if isinstance(outcome, OutOfFunds):
            self.stopped_providers[resource.provider] = Receipt(RequestStatus.OUT_OF_FUNDS, message=outcome.message)
            return self.stopped_providers[resource.provider]
        failed = Receipt(RequestStatus.FAILED, message=outcome.message, final=outcome.status in FAILS_RESOURCE)
        if outcome.status == BAD_KEY:
            self.stopped_providers[resource.provider] = failed
        return failed

    def _withdraw(self, resource: Resource, intent: Intent, remote: Remote) -> Receipt:
        """An answer without our name: nobody could find it again by it, so it is taken back at once, by its id."""
        unsigned = replace(self._brought(resource, intent, remote), mark=None)
        self._answer(resource, intent, {remote.id: unsigned})
        taken_back = self.cancel(resource.address, self._desk.provider(resource).channels[intent.route], remote.id)
        fate = "it was cancelled" if taken_back.result is RequestStatus.DONE else taken_back.message
        return Receipt(
            RequestStatus.MARK_LOST,
            remote.id,
            f"the provider did not give back the name by which dialctl finds it again; {fate}",
            final=True,
        )

    def _brought(self, resource: Resource, intent: Intent, remote: Remote) -> RemoteRecord:
        record = self._desk.ledger.record(resource.address)
        if intent.request is RequestKind.RETRY:
            return records.with_retry(records.refreshed(record.remotes[remote.id], remote), intent)
        return records.from_intent(intent, remote, tuple(mark for mark, old in record.intents.items() if old.absent))

    def _answer(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """The intent goes, and what exists now is recorded, in one durable step."""
        self._desk.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes)

    def _send(self, what: str, request: Callable[[], Outcome]) -> Outcome:
        """The lease is asked for once more: writing the intent down may have taken long, and whoever took the lease
        meanwhile may not have read it."""
        self._desk.lease.check()
        steps.debug("send: %s", what)
        outcome = request()
        steps.debug("answer: %s: %s", what, type(outcome).__name__)
        return outcome


def _over_budget(people: int, left: int | None) -> Receipt:
    """Whoever is left is not rung; those rung so far are recorded."""
    message = f"max_dials allows {left or 0:,} more in this run, the next request would ring {people:,}"
    return Receipt(RequestStatus.FAILED, message=message, final=True)


def _patience(outcome: Outcome, turn: int) -> float:
    """Seconds before the next try: what the provider asked for, else 1, 2, 4, ..."""
    asked = outcome.retry_after if isinstance(outcome, Busy) else None
    return asked if asked is not None else float(2**turn)


def _text(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, NotSent | Busy | Rejected | OutOfFunds | Ambiguous) else ""
