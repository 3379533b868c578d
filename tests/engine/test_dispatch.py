"""Requests of several addresses and shards go out side by side: each with its own durable intent before the first of
them, each once, and never more people than the run may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from declarative.engine.dispatch import DialRequest
from declarative.engine.results import Receipt, RequestStatus
from declarative.errors import Interrupted
from declarative.model.lock import ResourceRecord
from declarative.model.resource import Resource
from declarative.state.format import parse_lock
from declarative.state.local import LocalBackend
from tests.engine.sandbox_run import ADA, BOB, CLEO, SandboxRun, batch_resource, fault, open_run

NUMBERS = (ADA, BOB, CLEO)
BUSY = {"status": {"code": 429, "effect": False}}


def resources() -> list[Resource]:
    return [batch_resource(number, address=f"batch/list-{place}") for place, number in enumerate(NUMBERS)]


def dial(run: SandboxRun, may_call: Callable[[], bool] = lambda: True) -> dict[str, Receipt]:
    """Submits all three resources at once. By address, what became of each."""
    receipts: dict[str, Receipt] = {}

    def keep(request: DialRequest, receipt: Receipt) -> None:
        assert request.resource.address not in receipts, "told twice"
        receipts[request.resource.address] = receipt

    requests = [run.executor.submission(one, one.recipients.frame, 1, may_call) for one in resources()]
    with ThreadPoolExecutor() as pool:
        run.executor.dial(requests, keep, pool)
    return receipts


def read_records(directory: Path) -> Mapping[str, ResourceRecord]:
    lock = parse_lock(LocalBackend(directory).load())
    assert lock is not None
    return lock.resources


def read_intents(directory: Path) -> list[str]:
    return [address for address, record in read_records(directory).items() if record.intents]


def test_requests_are_under_way_at_the_same_time_and_all_intents_are_durable_before(
    run: SandboxRun, tmp_path: Path
) -> None:
    met, intents = Barrier(len(NUMBERS)), []

    def wait_for_the_others(method: str, path: str, answer: Any) -> Any:
        if method == "POST":
            met.wait(timeout=30)
            intents.append(read_intents(tmp_path))
        return answer

    journal = tmp_path / "dialctl.lock.journal"
    before = len(journal.read_bytes().splitlines()) if journal.exists() else 0
    run.answers.edit = wait_for_the_others
    receipts = dial(run)
    assert {receipt.status for receipt in receipts.values()} == {RequestStatus.DONE}
    assert {len(addresses) for addresses in intents} <= {1, 2, 3}
    assert max(intents, key=len) == [one.address for one in resources()]
    assert read_intents(tmp_path) == []
    lines = journal.read_bytes().splitlines()[before:]
    assert len(lines) == 1 + len(NUMBERS), "one line for all intents, and one for each answer"
    run.advance(600)
    assert run.calls() == dict.fromkeys(NUMBERS, 1)


def test_each_takes_its_share_of_the_people_that_a_run_may_call(tmp_path: Path) -> None:
    with open_run(tmp_path, max_dials=2) as run:
        receipts = dial(run)
        statuses = [receipts[one.address].status for one in resources()]
        assert statuses == [RequestStatus.DONE, RequestStatus.DONE, RequestStatus.FAILED]
        assert "max_dials allows 0 more" in receipts["batch/list-2"].message
        run.advance(600)
        assert sorted(run.calls()) == sorted(NUMBERS[:2])


def test_a_provider_that_asks_to_wait_slows_down_all_and_none_is_sent_twice(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY, times=2))
    receipts = dial(run)
    assert {receipt.status for receipt in receipts.values()} == {RequestStatus.DONE}
    assert run.operations().count("createCallBatch") == len(NUMBERS) + 2
    assert len(run.pauses) == 1
    run.advance(600)
    assert run.calls() == dict.fromkeys(NUMBERS, 1)


def test_a_lost_answer_leaves_its_own_intent_open_and_no_other(run: SandboxRun, tmp_path: Path) -> None:
    run.faults(fault("createCallBatch", "lost_answer", times=1))
    receipts = dial(run)
    unsure = [address for address, receipt in receipts.items() if receipt.status is RequestStatus.UNSURE]
    assert len(unsure) == 1
    assert read_intents(tmp_path) == unsure
    run.advance(600)
    assert run.calls() == dict.fromkeys(NUMBERS, 1)


def test_what_was_answered_is_told_before_a_stop_ends_the_wait_of_the_rest(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY, times=1))
    run.on_wait = lambda: run.stop._request_stop(2, None)
    told: list[str] = []
    requests = [run.executor.submission(one, one.recipients.frame, 1, lambda: True) for one in resources()]
    with ThreadPoolExecutor() as pool, pytest.raises(Interrupted):
        run.executor.dial(requests, lambda request, _: told.append(request.resource.address), pool)
    assert len(told) == len(NUMBERS) - 1
    assert run.operations().count("createCallBatch") == len(NUMBERS)


def test_people_whose_time_ended_while_all_waited_are_not_called(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", BUSY, times=1))
    receipts = dial(run, may_call=lambda: False)
    assert sorted(receipt.status for receipt in receipts.values()) == ["done", "done", "failed"]
