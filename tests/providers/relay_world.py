"""A provider in memory with idempotency keys and one person a request: a scheduled event is made, read, listed and
forgotten when it is deleted. What goes wrong is chosen by the test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from declarative.model.capabilities import CancelProof, Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import AccountEntry, Ambiguous, Done, NotSent, Outcome, Rejected, Submission
from tests.providers.relay_type import EVENTS

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
FORGETFUL = replace(EVENTS, cancel_proof=CancelProof.ABSENCE, cancel_settles=0.0)
"""Events that are gone once they are deleted."""


@dataclass
class Event:
    """One or more people who wait for a call."""

    id: str
    mark: Mark
    numbers: list[str]
    scheduled_at: datetime
    created_at: datetime
    payloads: list[str | None]
    is_over: bool = False


@dataclass
class RelayWorld:
    """The provider's side. Time moves by `advance` alone."""

    capabilities: Capabilities = FORGETFUL
    now: datetime = START
    events: dict[str, Event] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    """Numbers in the order in which they were called."""
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Key and body of each request that landed or was lost."""
    faults: list[str] = field(default_factory=list)
    """What happens to the next requests: `answer` or `request` is lost, `late`, `500`, `500 done`, `422`, or `` for
    nothing."""
    late: list[Submission] = field(default_factory=list)
    """Requests that are still on their way."""
    honours_keys: bool = True
    crash_after: int | None = None
    """After so many requests the process ends between a send and its record."""
    lag: timedelta = timedelta()
    """How long the list takes to show something."""
    _keys: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    _number: int = 0

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for event in self.events.values():
            if event.scheduled_at <= self.now and not event.is_over:
                self.calls += event.numbers
                event.is_over = True

    def land_late(self) -> None:
        """What is still on its way arrives."""
        for submission in self.late:
            if submission.scheduled_at is None or self.now < submission.scheduled_at:
                self.land(submission)
        self.late.clear()

    def land(self, submission: Submission) -> Outcome:
        """A request arrives."""
        body = repr(
            (submission.label, dict(submission.settings), submission.scheduled_at, submission.recipients.rows())
        )
        known = self._keys.get(submission.key)
        life = self.capabilities.idempotent_for
        if known and life and self.honours_keys and self.now < known[2] + life:
            return Done(self.show(self.events[known[0]])) if known[1] == body else Rejected(422, "another body")
        self._number += 1
        event = Event(
            f"event{self._number}", submission.mark, submission.recipients.get_column("number").to_list(),
            submission.scheduled_at or self.now, self.now, submission.recipients.get_column("payload").to_list(),
        )  # fmt: skip
        self.events[event.id] = event
        self._keys[submission.key] = (event.id, body, self.now)
        return Done(self.show(event))

    def show(self, event: Event) -> Remote:
        phase = Phase.REACHED if event.is_over else Phase.QUEUED
        rows: list[dict[str, Any]] = [
            dict.fromkeys(MEMBER_COLUMNS) | {"number": number, "phase": str(phase), "payload": payload}
            for number, payload in zip(event.numbers, event.payloads, strict=True)
        ]
        over = len(rows) if phase is Phase.REACHED else 0
        return Remote(
            id=event.id, route=Route.BATCH, name=f"March {event.mark}", mark=event.mark, status=str(phase),
            cancelled=False, total=len(rows), dispatched=over, finished=over, created_at=event.created_at,
            scheduled_at=event.scheduled_at,
            members=pl.DataFrame(rows, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String)),
        )  # fmt: skip


@dataclass
class RelayChannel:
    """Implements `Channel`."""

    world: RelayWorld

    @property
    def capabilities(self) -> Capabilities:
        return self.world.capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        shown = [event for event in self.world.events.values() if event.created_at + self.world.lag <= self.world.now]
        newest_first = sorted(shown, key=lambda event: event.created_at, reverse=True)
        return [iter([[replace(self.world.show(event), members=None) for event in newest_first]])]

    def read(self, remote_id: str) -> Remote | None:
        event = self.world.events.get(remote_id)
        return self.world.show(event) if event else None

    def submit(self, submission: Submission) -> Outcome:
        world = self.world
        world.sent.append((submission.key, repr(submission)))
        fault = world.faults.pop(0) if world.faults else ""
        if len(world.sent) == world.crash_after:
            if fault == "answer":
                world.land(submission)
            raise KeyboardInterrupt
        if fault in ("request", "late", "500", "422"):
            if fault == "late":
                world.late.append(submission)
            return {
                "500": Ambiguous("answered 500: oops"), "422": Rejected(422, "no"),
            }.get(fault, Ambiguous("the connection was lost"))  # fmt: skip
        if fault == "not sent":
            return NotSent("refused")
        outcome = world.land(submission)
        if fault == "500 done":
            world._keys.pop(submission.key)
        return (
            outcome if not fault else Ambiguous("answered 500: oops" if "500" in fault else "the connection was lost")
        )

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, "there is no such request")

    def cancel(self, remote_id: str) -> Outcome:
        event = self.world.events.get(remote_id)
        if event is None or event.is_over:
            return Rejected(404, "unknown")
        fault = self.world.faults.pop(0) if self.world.faults else ""
        if fault != "request":
            del self.world.events[event.id]
        return Ambiguous("the connection was lost") if fault else Done(self.world.show(event))


@dataclass
class RelayProvider:
    """Implements `Provider`."""

    world: RelayWorld
    host: str = "relay.example"

    @property
    def channels(self) -> Mapping[Route, RelayChannel]:
        return {Route.BATCH: RelayChannel(self.world)}

    def now(self) -> datetime:
        return self.world.now

    def latest_now(self) -> datetime:
        return self.world.now

    def skew(self) -> float:
        return 0.0

    def reading_until(self, deadline: datetime) -> AbstractContextManager[None]:
        return nullcontext()

    def own_number(self, settings: Mapping[str, Json]) -> str:
        return "+14155550100"

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        return []

    def list_agents(self) -> list[AccountEntry]:
        return []

    def list_numbers(self) -> list[AccountEntry]:
        return []

    def close(self) -> None:
        pass
