"""The only module that makes a request that dials or cancels.

Each follows one order: write the intent durably, send once, sort the answer, write what became of it durably. Nothing
here decides who is rung; it is told. The protocol and the reason of each rule: CONTRIBUTING.md, "The protocol".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl

from declarative import mark, people, records
from declarative.desk import LEAST_GUARD, Desk
from declarative.memory import Cancel, Intent, Record, RemoteRecord, Request
from declarative.model import Resource, Route
from declarative.providers.base import (
    Ambiguous,
    Busy,
    Channel,
    Done,
    NotSent,
    Outcome,
    OutOfFunds,
    Rejected,
    Submission,
    Unsigned,
)
from declarative.remote import Remote

TRIES = 4
BAD_KEY = 401
FAILS_RESOURCE = (403, 404)

steps = logging.getLogger("dialctl.steps")


class Result(StrEnum):
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

    result: Result
    remote_id: str = ""
    message: str = ""
    mark: str = ""
    final: bool = False


@dataclass
class Wave:
    """The requests of one address in one run: one generation, shards counted from 1."""

    generation: int
    shard: int = 0


class Executor:
    """Makes requests under the lease of one run. Interrupted, LeaseLost, StateError, and Refused over max_dials, are
    raised before anything is sent, never between a send and its record."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waves: dict[str, Wave] = {}

    def submit(self, resource: Resource, crowd: pl.DataFrame, attempt: int) -> Receipt:
        """Creates one batch of `crowd` (columns `number`, `payload`), or places one call to its one person."""
        channel = self._desk.provider(resource).channels[resource.route]

        def once() -> tuple[Intent, Outcome]:
            intent, submission = self._intend(resource, crowd, attempt)
            return intent, self._send(f"submit {resource.address}", lambda: channel.submit(submission))

        return self._dial(resource, len(crowd), once)

    def retry(self, resource: Resource, remote: Remote, rung_again: int) -> Receipt:
        """Asks the provider to ring again the `rung_again` unreached people of one batch."""
        channel = self._desk.provider(resource).channels[Route.BATCH]

        def once() -> tuple[Intent, Outcome]:
            intent = self._intend_retry(resource, remote, rung_again)
            return intent, self._send(f"retry {remote.id}", lambda: channel.retry(remote.id))

        return self._dial(resource, rung_again, once)

    def cancel(self, address: str, channel: Channel, remote: Remote) -> Receipt:
        """Cancels one batch of ours. The wish is written down first, so that its people count as free afterwards.
        A wish to stop does not keep it from being sent: it may be what keeps somebody from being rung."""
        self._desk.lease.check()
        known = self._record(address).remotes.get(remote.id) or records.found(remote)
        known = replace(known, cancel=known.cancel or Cancel.ASKED)
        self._desk.ledger.update(address, remotes={remote.id: known}, quiet=None)
        outcome = self._send(f"cancel {remote.id}", lambda: channel.cancel(remote.id))
        if not isinstance(outcome, Done):
            return Receipt(Result.FAILED, remote.id, f"the cancel was not confirmed: {_text(outcome)}")
        answered = replace(records.seen(known, outcome.remote), cancel=Cancel.DONE)
        self._desk.ledger.update(address, remotes={remote.id: answered})
        return Receipt(Result.DONE, remote.id)

    def _dial(self, resource: Resource, rings: int, once: Callable[[], tuple[Intent, Outcome]]) -> Receipt:
        """Sends until there is something to conclude: only what provably was not done is ever sent again."""
        outcome: Outcome = NotSent("")
        for turn in range(TRIES):
            if reason := self._desk.closed.get(resource.provider):
                return Receipt(Result.OUT_OF_FUNDS, message=reason)
            self._desk.gate()
            self._desk.budget.take(rings)
            intent, outcome = once()
            receipt = self._conclude(resource, intent, outcome)
            if receipt is not None:
                return receipt
            self._desk.pause(_patience(outcome, turn))
        return Receipt(Result.FAILED, message=f"gave up after {TRIES} tries: {_text(outcome)}")

    def _conclude(self, resource: Resource, intent: Intent, outcome: Outcome) -> Receipt | None:
        """What the answer allows to conclude, written down; None where it may be sent again."""
        match outcome:
            case Done(remote):
                self._answer(resource, intent, {remote.id: self._brought(resource, intent, remote)})
                return Receipt(Result.DONE, remote.id)
            case Unsigned(remote):
                return self._withdraw(resource, intent, remote)
            case Ambiguous(message):
                return Receipt(Result.UNSURE, intent.remote or "", message, mark=intent.mark)
            case Rejected(status=0, message=message) if intent.person:
                self._answer(resource, intent, {f"refused:{intent.mark}": records.refused(intent)})
                self._desk.budget.give_back(intent.count)
                return Receipt(Result.REFUSED, message=message)
            case NotSent() | Busy() | Rejected() | OutOfFunds():
                self._answer(resource, intent, {})
                self._desk.budget.give_back(intent.count)
        return self._not_done(resource, outcome)

    def _not_done(self, resource: Resource, outcome: NotSent | Busy | Rejected | OutOfFunds) -> Receipt | None:
        if isinstance(outcome, NotSent | Busy):
            return None
        if isinstance(outcome, OutOfFunds):
            self._desk.closed[resource.provider] = outcome.message
            return Receipt(Result.OUT_OF_FUNDS, message=outcome.message)
        if outcome.status == BAD_KEY:
            self._desk.closed[resource.provider] = outcome.message
        return Receipt(Result.FAILED, message=outcome.message, final=outcome.status in FAILS_RESOURCE)

    def _withdraw(self, resource: Resource, intent: Intent, remote: Remote) -> Receipt:
        """An answer without our name: nobody could find it again by it, so it is taken back at once, by its id."""
        unsigned = replace(self._brought(resource, intent, remote), mark=None)
        self._answer(resource, intent, {remote.id: unsigned})
        taken_back = self.cancel(resource.address, self._desk.provider(resource).channels[intent.route], remote)
        fate = "it was cancelled" if taken_back.result is Result.DONE else taken_back.message
        return Receipt(
            Result.MARK_LOST,
            remote.id,
            f"the provider did not give back the name by which dialctl finds it again; {fate}",
            final=True,
        )

    def _brought(self, resource: Resource, intent: Intent, remote: Remote) -> RemoteRecord:
        record = self._record(resource.address)
        if intent.request is Request.RETRY:
            return records.seen(record.remotes[remote.id], remote)
        return records.answered(intent, remote, tuple(mark for mark, old in record.intents.items() if old.absent))

    def _answer(self, resource: Resource, intent: Intent, remotes: dict[str, RemoteRecord]) -> None:
        """The intent goes, and what exists now is recorded, in one durable step."""
        self._desk.ledger.update(resource.address, intents={intent.mark: None}, remotes=remotes)

    def _intend(self, resource: Resource, crowd: pl.DataFrame, attempt: int) -> tuple[Intent, Submission]:
        record = self._record(resource.address)
        wave = self._waves.setdefault(resource.address, Wave(record.generation + 1))
        wave.shard += 1
        signature = self._mark(resource, wave, attempt)
        now = self._desk.provider(resource).now()
        doubtful = bool(record.revoked) or any(intent.absent for intent in record.intents.values())
        starts = self._starts(resource, now, doubtful) if resource.route is Route.BATCH else None
        intent = Intent(
            request=Request.SUBMIT,
            route=resource.route,
            mark=str(signature),
            generation=wave.generation,
            shard=wave.shard,
            attempt=attempt,
            sent_at=now,
            count=len(crowd),
            numbers=people.numbers_digest(crowd, self._desk.key),
            payloads=people.payloads_digest(crowd, self._desk.key),
            settings=resource.settings_digest,
            agent_id=str(resource.settings.get("agent_id", "")),
            scheduled_at=starts,
            person=self._person(crowd) if resource.route is Route.CALL else None,
        )
        self._write_down(resource, intent)
        return intent, Submission(
            mark=signature, label=resource.display_name, settings=resource.settings, people=crowd, scheduled_at=starts
        )

    def _intend_retry(self, resource: Resource, remote: Remote, rung_again: int) -> Intent:
        record = self._record(resource.address)
        known = record.remotes[remote.id]
        intent = Intent(
            request=Request.RETRY,
            route=Route.BATCH,
            mark=f"retry:{remote.id}:{remote.retry_count}",
            generation=record.generation,
            shard=known.shard,
            attempt=known.attempt,
            sent_at=self._desk.provider(resource).now(),
            count=rung_again,
            numbers=known.numbers or "",
            payloads=known.payloads or "",
            settings=known.settings or "",
            remote=remote.id,
            retry_count=remote.retry_count,
        )
        self._write_down(resource, intent)
        return intent

    def _write_down(self, resource: Resource, intent: Intent) -> None:
        self._desk.ledger.update(
            resource.address,
            intents={intent.mark: intent},
            generation=intent.generation,
            provider=resource.provider,
            tombstone=False,
            quiet=None,
        )

    def _starts(self, resource: Resource, now: datetime, doubtful: bool) -> datetime | None:
        """When the provider may begin to ring: the guard from now, or the manifest's later time."""
        guard = max(self._desk.project.guard, LEAST_GUARD) if doubtful else self._desk.project.guard
        earliest = (now + guard + timedelta(seconds=1)).replace(microsecond=0) if guard else None
        wanted = resource.scheduled_at if resource.scheduled_at and resource.scheduled_at > now else None
        return max((moment for moment in (earliest, wanted) if moment), default=None)

    def _mark(self, resource: Resource, wave: Wave, attempt: int) -> mark.Mark:
        return mark.Mark(
            mark.project_hash(self._desk.project.name),
            self._desk.ledger.lock.lineage,
            mark.address_hash(resource.address),
            wave.generation,
            wave.shard,
            attempt,
            mark.settings_hash(resource.settings_digest),
        )

    def _person(self, crowd: pl.DataFrame) -> str:
        return self._desk.key.of_person(self._desk.ledger.lock.lineage, crowd.item(0, "number"))

    def _send(self, what: str, request: Callable[[], Outcome]) -> Outcome:
        steps.debug("send: %s", what)
        outcome = request()
        steps.debug("answer: %s: %s", what, type(outcome).__name__)
        return outcome

    def _record(self, address: str) -> Record:
        return self._desk.ledger.lock.resources.get(address) or Record()


def _patience(outcome: Outcome, turn: int) -> float:
    """Seconds before the next try: what the provider asked for, else 1, 2, 4, ..."""
    asked = outcome.retry_after if isinstance(outcome, Busy) else None
    return asked if asked is not None else float(2**turn)


def _text(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, NotSent | Busy | Rejected | OutOfFunds | Ambiguous) else ""
