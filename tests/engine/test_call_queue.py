"""Calls that wait in their provider's own queue: nothing more is placed while it is long, and nothing is left in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from declarative.app.emergency_halts import add_halts
from declarative.engine.call_queue import CallQueue
from declarative.engine.pacing import POLL_SECONDS
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route
from declarative.providers import catalog
from tests.engine.sandbox_run import ADA, BOB, SandboxRun, batch_resource, call_resource, fault, open_run

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
SETTINGS = {"From": "+12025550100", "Url": "https://agent.example.com/twiml"}
FIELDS = catalog.types()["twilio"].routes["2010-04-01"][Route.CALL].settings


@pytest.fixture
def queued_run(tmp_path: Path) -> Iterator[SandboxRun]:
    with open_run(tmp_path, beside="twilio") as opened:
        yield opened


def resource(number: str = ADA) -> Resource:
    return batch_resource(number, provider="twilio", route=Route.CALL, settings=SETTINGS, fields=FIELDS)


class Queue:
    """The queue of one resource under test, and what it reports."""

    def __init__(self, run: SandboxRun) -> None:
        self.run, self.result = run, ResourceResult()
        self.calls = CallQueue(run.context, run.executor, resource(), self.result)
        self.may_call = True

    def place(self, number: str = ADA, *, behind: float = 0.0) -> str:
        """Places a call behind others that wait so many seconds."""
        self.run.faults(*([fault("createCall", {"queued_before": behind})] if behind else []))
        receipt = self.run.submit(resource(number))
        assert receipt.status is RequestStatus.DONE
        self.calls.add(receipt, lambda: self.may_call)
        return receipt.remote_id

    def phase(self, remote_id: str) -> str | None:
        return self.run.ledger.resource_record("batch/march").remotes[remote_id].phase

    @property
    def messages(self) -> list[str]:
        return [problem.message for problem in self.result.problems]


def test_a_short_queue_stops_nothing(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    queue.place()
    queue.calls.wait_for_room()
    assert queued_run.pauses == []


def test_a_long_queue_is_waited_for_until_the_call_left_it(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    queue.place(behind=20)
    queue.calls.wait_for_room()
    assert 20 <= sum(queued_run.pauses) <= 20 + 2 * POLL_SECONDS
    assert (queue.messages, queued_run.calls()) == ([], {ADA: 1})


def test_the_end_waits_for_every_call(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    queue.place()
    queue.place(BOB, behind=4)
    queue.calls.finish()
    assert (queue.messages, queued_run.calls()) == ([], {ADA: 1, BOB: 1})


def test_what_waits_for_a_minute_is_taken_back(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    call = queue.place(behind=7200)
    queue.calls.wait_for_room()
    assert 60 <= sum(queued_run.pauses) <= 60 + 2 * POLL_SECONDS
    assert (queue.phase(call), queue.messages) == (
        Phase.CANCELLED,
        [f"{call} waited in the provider's queue and was taken back: nobody was called by it"],
    )
    assert all(problem.final for problem in queue.result.problems)
    queued_run.advance(10_000)
    assert queued_run.calls() == {}


@pytest.mark.parametrize("why", ["time", "halt"])
def test_who_may_not_be_called_any_more_is_taken_back_at_once(queued_run: SandboxRun, why: str) -> None:
    queue = Queue(queued_run)
    call = queue.place(behind=7200)
    if why == "time":
        queue.may_call = False
    else:
        add_halts(queued_run.halt_backend, ["batch/march"], "wrong script", {})
    queue.calls.finish()
    assert (queue.phase(call), sum(queued_run.pauses)) == (Phase.CANCELLED, 0)


def test_a_cancel_that_is_not_confirmed_is_said_and_nothing_more_is_placed(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    queue.place(behind=7200)
    queued_run.faults(fault("updateCall", {"status": {"code": 500, "effect": False}}, times=0))
    queue.may_call = False
    queue.calls.finish()
    assert "the cancel was not confirmed" in queue.messages[0]
    assert (queue.result.problems[-1].final, "not known" in queue.messages[-1]) == (True, True)


def test_a_call_that_rings_when_it_is_to_be_taken_back_counts_as_called(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    call = queue.place()
    queued_run.faults(fault("getCall", {"edit": {"status": "queued", "start_time": None}}))
    queued_run.advance(2)
    queue.may_call = False
    queue.calls.finish()
    assert (queue.phase(call), queued_run.calls()) == (Phase.UNREACHED, {ADA: 1})
    assert "left the provider's queue just before" in queue.messages[-1]


def test_a_read_that_fails_is_no_sign_that_a_call_left_the_queue(queued_run: SandboxRun) -> None:
    queue = Queue(queued_run)
    queue.place(behind=30)
    queued_run.faults(fault("getCall", {"status": {"code": 400, "effect": False}}, times=3))
    queue.calls.finish()
    assert (sum(queued_run.pauses) >= 30, queue.messages) == (True, [])


def test_a_clock_that_stands_still_is_not_waited_for_for_ever(
    queued_run: SandboxRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(queued_run)
    call = queue.place(behind=30)
    provider = queued_run.context.providers["twilio"]
    monkeypatch.setattr(provider, "latest_now", partial(min, provider.latest_now(), LAST_MOMENT))
    queued_run.faults(fault("getCall", {"edit": {"status": "queued", "start_time": None}}, times=32))
    queue.calls.finish()
    assert sum(queued_run.pauses) <= 60 + 2 * POLL_SECONDS
    assert call in queue.messages[-1]


def test_what_an_earlier_run_left_is_taken_over(queued_run: SandboxRun) -> None:
    Queue(queued_run).place(behind=7200)
    later = Queue(queued_run)
    later.calls.take_over(lambda: True)
    later.calls.finish()
    assert "was taken back" in later.messages[-1]


def test_a_provider_that_calls_at_once_has_no_queue(run: SandboxRun) -> None:
    queue = CallQueue(run.context, run.executor, call_resource(), ResourceResult())
    queue.add(run.submit(call_resource()), lambda: False)
    queue.take_over(lambda: False)
    queue.wait_for_room()
    queue.finish()
    assert run.pauses == []
