"""A cancelled batch is read until its people are free, or left as it is."""

from __future__ import annotations

from declarative.engine.cancel import READS_AFTER_CANCEL, UNREAD_AFTER_CANCEL, cancel_and_read, refuse_to_replace
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.model.lock import CancelProgress
from declarative.model.remote import Phase
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
    assert refusal.message.startswith("nothing was cancelled: ")
    assert "agent_missing" in refusal.message
