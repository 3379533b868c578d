"""Each request: intent, one send, and what the answer leaves in the lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from declarative.app.emergency_halts import add_halts, end_halts
from declarative.engine.answers import TRIES
from declarative.engine.execute import ProbeExecutor
from declarative.engine.results import RequestStatus
from declarative.errors import LeaseLost, StateError
from declarative.model.lock import CancelProgress
from declarative.providers.base import Submission
from declarative.state.format import parse_lock
from declarative.state.local import LocalBackend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    MARCH,
    SandboxRun,
    a_mark,
    batch_resource,
    call_resource,
    fault,
    open_run,
)

REFUSED = {"status": {"code": 400, "effect": False}}
BUSY = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": "7"}}}


def test_a_done_request_leaves_a_record_and_no_intent(run: SandboxRun) -> None:
    receipt = run.submit(batch_resource(ADA, BOB))
    record = run.ledger.resource_record(MARCH)
    assert receipt.status is RequestStatus.DONE
    assert (list(record.remotes), dict(record.intents)) == ([receipt.remote_id], {})
    assert record.remotes[receipt.remote_id].mark == str(run.read(receipt.remote_id).mark)


@pytest.mark.parametrize("effect", ["lost_answer", "lost_request", {"truncate": 20}])
def test_a_request_without_an_answer_is_sent_once_and_its_intent_stays_open(run: SandboxRun, effect: object) -> None:
    run.faults(fault("createCallBatch", effect))
    receipt = run.submit(batch_resource(ADA))
    record = run.ledger.resource_record(MARCH)
    assert (receipt.status, list(record.intents)) == (RequestStatus.UNSURE, [receipt.mark])
    assert run.operations().count("createCallBatch") == 1


GATEWAY = {
    "status": {"code": 413, "effect": False, "body": "<title>413 Request Entity Too Large</title>"},
}
"""A page of somebody between us and the provider."""


def test_an_unclear_answer_is_said_at_once_and_kept_with_its_intent(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", GATEWAY))
    receipt = run.submit(batch_resource(ADA))
    [intent] = run.ledger.resource_record(MARCH).intents.values()
    assert receipt.status is RequestStatus.UNSURE
    assert intent.answer.startswith("answered 413 ")  # whose words differ between versions of Python
    assert 'an HTML page, "413 Request Entity Too Large"' in intent.answer
    assert any(line.startswith("batch/march: answered 413") for line in run.progress_lines)
    reread = parse_lock(LocalBackend(run.directory).load())
    assert reread is not None
    assert reread.resources[MARCH].intents[intent.mark].answer == intent.answer


def test_no_number_of_an_answer_is_kept_in_the_lock(run: SandboxRun) -> None:
    page = {"status": {"code": 403, "effect": False, "body": f"blocked: {ADA} and (212) 555-0102, 4194304 bytes"}}
    run.faults(fault("createCallBatch", page))
    run.submit(batch_resource(ADA))
    [intent] = run.ledger.resource_record(MARCH).intents.values()
    assert "blocked: ••• and •••, 4194304 bytes" in intent.answer


def test_after_two_answers_alike_nothing_more_is_sent_for_a_resource(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", GATEWAY, times=0))
    receipts = [run.submit(batch_resource(ADA)) for _ in range(3)]
    assert [receipt.status for receipt in receipts] == [
        RequestStatus.UNSURE,
        RequestStatus.UNSURE,
        RequestStatus.FAILED,
    ]
    assert receipts[2].final
    assert "two requests were answered 413" in receipts[2].message
    assert run.operations().count("createCallBatch") == 2


def test_a_refused_request_leaves_its_people_free(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", REFUSED))
    receipt = run.submit(batch_resource(ADA))
    record = run.ledger.resource_record(MARCH)
    assert receipt.status is RequestStatus.FAILED
    assert (dict(record.remotes), dict(record.intents)) == ({}, {})


def test_a_busy_provider_is_asked_again_after_the_pause_it_names(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY, times=2))
    assert run.submit(batch_resource(ADA)).status is RequestStatus.DONE
    assert run.pauses == [7.0, 7.0]


def test_a_busy_provider_is_given_up_after_some_tries(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY, times=0))
    receipt = run.submit(batch_resource(ADA))
    assert (receipt.status, run.operations().count("createCallBatch")) == (RequestStatus.FAILED, TRIES)
    assert f"gave up after {TRIES} tries" in receipt.message


def test_people_whose_time_ended_during_a_pause_are_not_sent(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY))
    resource = batch_resource(ADA)
    receipt = run.executor.dial_one(run.executor.submission(resource, resource.recipients.frame, 1, lambda: False))
    assert "their time to be called ended while waiting" in receipt.message
    assert not run.batches()


@pytest.mark.parametrize(("code", "stopped"), [(401, True), (404, False)])
def test_a_bad_key_stops_the_provider(run: SandboxRun, code: int, stopped: bool) -> None:
    run.faults(fault("createCallBatch", {"status": {"code": code, "effect": False}}))
    receipt = run.submit(batch_resource(ADA))
    assert (run.executor.stopped_providers == {"cartesia": receipt}) is stopped
    assert run.submit(batch_resource(ADA)).status is (RequestStatus.FAILED if stopped else RequestStatus.DONE)


def test_no_funds_stop_the_provider(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", {"status": {"code": 402, "effect": False}}))
    assert run.submit(batch_resource(ADA)).status is RequestStatus.OUT_OF_FUNDS
    assert run.submit(batch_resource(BOB)).status is RequestStatus.OUT_OF_FUNDS
    assert run.operations().count("createCallBatch") == 1


def test_nothing_is_sent_beyond_the_limit_of_the_run(tmp_path: Path) -> None:
    with open_run(tmp_path, max_dials=1) as run:
        receipt = run.submit(batch_resource(ADA, BOB))
        assert "max_dials allows 1 more in this run" in receipt.message
        assert (receipt.final, run.batches()) == (True, [])


def test_nothing_is_sent_without_the_lease(run: SandboxRun) -> None:
    run.context.lease.__exit__(None, None, None)
    with pytest.raises(LeaseLost):
        run.submit(batch_resource(ADA))
    assert not run.batches()


def test_an_answer_without_the_mark_is_cancelled_at_once(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", {"edit": {"name": "renamed"}}))
    receipt = run.submit(batch_resource(ADA))
    record = run.ledger.resource_record(MARCH).remotes[receipt.remote_id]
    assert (receipt.status, record.mark, record.cancelled) == (RequestStatus.MARK_LOST, None, True)


def test_a_cancel_is_recorded_before_it_is_sent(run: SandboxRun) -> None:
    remote_id = run.submit(batch_resource(ADA)).remote_id
    run.faults(fault("cancelCallBatch", REFUSED))
    receipt = run.executor.cancel(MARCH, run.channel, remote_id)
    assert "the cancel was not confirmed" in receipt.message
    assert run.ledger.resource_record(MARCH).remotes[remote_id].cancel is CancelProgress.ASKED
    assert run.executor.cancel(MARCH, run.channel, remote_id).status is RequestStatus.DONE
    assert run.ledger.resource_record(MARCH).remotes[remote_id].cancel is CancelProgress.DONE


def test_a_taken_retry_is_counted_whatever_its_answer_shows(run: SandboxRun) -> None:
    resource = batch_resource("+12125550191")
    remote_id = run.submit(resource).remote_id
    run.advance(3_600)
    remote = run.read(remote_id)
    run.faults(fault("retryCallBatch", {"edit": {"retry_count": 0}}))
    assert run.retry(resource, remote).status is RequestStatus.DONE
    assert run.ledger.resource_record(MARCH).remotes[remote_id].retry_count == 1


def test_a_single_call_is_recorded_with_its_person(run: SandboxRun) -> None:
    receipt = run.submit(call_resource(ADA))
    assert receipt.status is RequestStatus.DONE
    assert run.ledger.resource_record(CALL).remotes[receipt.remote_id].person


@pytest.mark.parametrize("place", ["directory", "object store"])
def test_a_halt_is_heard_before_a_request_that_dials(run: SandboxRun, place: str) -> None:
    """The operator's process writes it, wherever the lock is kept."""
    if place == "object store":
        run.halt_backend = ObjectStoreBackend(ObjectClient(MemoryStore(), "memory://here"))
    halts = add_halts(run.halt_backend, [MARCH], "wrong price", {})
    receipt = run.submit(batch_resource(ADA))
    assert (receipt.status, receipt.final) == (RequestStatus.HALTED, True)
    assert "wrong price" in receipt.message
    assert "createCallBatch" not in run.operations()
    assert not run.ledger.resource_record(MARCH).intents
    assert run.submit(call_resource(BOB)).status is RequestStatus.DONE
    end_halts(run.halt_backend, halts, {})
    assert run.submit(batch_resource(ADA)).status is RequestStatus.DONE


def test_a_halt_under_an_earlier_address_is_heard_too(run: SandboxRun) -> None:
    add_halts(run.halt_backend, ["batch/old"], "", {})
    assert run.submit(batch_resource(ADA, previously=("batch/old",))).status is RequestStatus.HALTED


def test_a_retry_request_is_a_request_that_dials(run: SandboxRun) -> None:
    receipt = run.submit(batch_resource(ADA))
    run.advance(900)
    add_halts(run.halt_backend, [MARCH], "", {})
    remote = run.read(receipt.remote_id)
    resource = batch_resource(ADA)
    answer = run.retry(resource, remote)
    assert answer.status is RequestStatus.HALTED
    assert "retryCallBatch" not in run.operations()


def test_while_the_project_is_halted_no_list_probe_is_made(run: SandboxRun) -> None:
    add_halts(run.halt_backend, ["*"], "", {})
    resource = batch_resource(ADA)
    probe = Submission(mark=a_mark(), label="probe", settings={}, recipients=resource.recipients.frame)
    outcome, _ = ProbeExecutor(run.context).send_probe("cartesia", probe)
    assert "the project was halted" in str(outcome)
    assert "createCallBatch" not in run.operations()


def test_where_halts_cannot_be_read_nothing_is_sent(run: SandboxRun) -> None:
    (run.directory / "dialctl.halt").mkdir()
    with pytest.raises(StateError):
        run.submit(batch_resource(ADA))
    assert "createCallBatch" not in run.operations()
