"""A cancelled batch is read until its people are free, or left as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from declarative.engine.cancel import READS_AFTER_CANCEL, UNREAD_AFTER_CANCEL, cancel_and_read, refuse_to_replace
from declarative.engine.execute import Executor
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.model.lock import CancelProgress
from declarative.model.remote import Phase
from declarative.model.resource import Route
from declarative.providers.base import Channel, Provider
from tests.engine.sandbox_run import ADA, BOB, MARCH, SandboxRun, batch_resource, fault


def test_people_of_a_cancelled_batch_read_cancelled_and_are_counted(run: SandboxRun) -> None:
    remote = run.read(run.submit(batch_resource(ADA, BOB)).remote_id)
    result = ResourceResult()
    cancelled = cancel_and_read(run.context, run.executor, MARCH, remote, result)
    assert cancelled is not None
    assert cancelled.has_phase(Phase.CANCELLED)
    assert not cancelled.has_phase(Phase.QUEUED)
    assert (result.cancelled, result.problems) == (2, [])
    assert run.ledger.resource_record(MARCH).remotes[remote.id].cancel is CancelProgress.DONE


def test_a_cancel_that_is_not_confirmed_frees_no_one(run: SandboxRun) -> None:
    remote = run.read(run.submit(batch_resource(ADA)).remote_id)
    run.faults(fault("cancelCallBatch", {"status": {"code": 400, "effect": False}}))
    result = ResourceResult()
    assert cancel_and_read(run.context, run.executor, MARCH, remote, result) is None
    assert [problem.status for problem in result.problems] == [RequestStatus.FAILED]


def test_people_who_cannot_be_read_after_the_cancel_are_not_free(run: SandboxRun) -> None:
    remote = run.read(run.submit(batch_resource(ADA)).remote_id)
    run.faults(fault("getCallBatch", {"status": {"code": 404, "effect": False}}, times=0))
    result = ResourceResult()
    assert cancel_and_read(run.context, run.executor, MARCH, remote, result) is None
    assert [problem.message for problem in result.problems] == [UNREAD_AFTER_CANCEL]
    assert run.pauses == list(READS_AFTER_CANCEL)


def test_a_batch_is_not_replaced_by_one_that_the_provider_would_refuse(run: SandboxRun) -> None:
    assert refuse_to_replace(run.context, batch_resource(ADA)) is None
    refusal = refuse_to_replace(run.context, batch_resource(ADA, settings={"agent_id": "agent_missing"}))
    assert refusal is not None
    assert refusal.message.startswith("nobody was moved: ")
    assert "agent_missing" in refusal.message


class SettlingChannel:
    """A channel of a type whose calls may go out for a while after a cancel."""

    def __init__(self, channel: Channel, seconds: float) -> None:
        self._channel = channel
        self.capabilities = replace(channel.capabilities, cancel_settles=seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class SettlingProvider:
    def __init__(self, provider: Provider, seconds: float) -> None:
        self._provider = provider
        self.channels = {Route.BATCH: SettlingChannel(provider.channels[Route.BATCH], seconds)}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def test_people_are_read_only_once_the_cancel_has_settled(run: SandboxRun) -> None:
    remote = run.read(run.submit(batch_resource(ADA)).remote_id)
    provider: Any = SettlingProvider(run.provider, 30)
    context = replace(run.context, providers={"cartesia": provider})
    before, pauses_before_wait = run.provider.now(), list[float]()
    executor = Executor(context, on_wait=lambda: pauses_before_wait.append(sum(run.pauses)))
    assert cancel_and_read(context, executor, MARCH, remote, ResourceResult()) is not None
    assert sum(run.pauses) >= 30
    assert pauses_before_wait == [0], "batches whose guards may end meanwhile are looked at first"
    record = run.ledger.resource_record(MARCH).remotes[remote.id]
    assert record.cancelled_at is not None
    assert before <= record.cancelled_at < before + timedelta(seconds=5)


def test_a_cancel_that_settles_at_once_is_neither_waited_for_nor_dated(run: SandboxRun) -> None:
    remote = run.read(run.submit(batch_resource(ADA)).remote_id)
    cancel_and_read(run.context, run.executor, MARCH, remote, ResourceResult())
    assert sum(run.pauses) == 0
    assert run.ledger.resource_record(MARCH).remotes[remote.id].cancelled_at is None
