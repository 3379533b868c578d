"""Requests go out in groups. What a group leaves to write of its addresses is one line, once nothing of it is under
way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from declarative.app.plan import numbers_to_call
from declarative.engine.runner import PlanRunner
from declarative.errors import Interrupted
from declarative.state.local import JOURNAL_FILE
from tests.engine.sandbox_run import SandboxRun, fault
from tests.engine.test_dispatch import BUSY, read_records, resources
from tests.engine.test_runner import plan_for


def run_side_by_side(run: SandboxRun) -> None:
    plan = plan_for(run, *resources())
    PlanRunner(replace(run.context, parallelism=8), {}).run_plan(plan, numbers_to_call(plan))


def read_applied(directory: Path) -> list[str]:
    """The addresses that stand in the lock as applied in full."""
    return [address for address, record in read_records(directory).items() if record.numbers]


def test_a_group_writes_its_intents_in_one_line_each_answer_in_its_own_and_its_results_in_one(
    run: SandboxRun, tmp_path: Path
) -> None:
    journal = tmp_path / JOURNAL_FILE
    before = len(journal.read_bytes().splitlines()) if journal.exists() else 0
    run_side_by_side(run)
    assert len(journal.read_bytes().splitlines()) - before == 1 + 3 + 1
    assert read_applied(tmp_path) == [one.address for one in resources()]


def test_a_stop_while_one_of_a_group_waits_leaves_the_results_of_the_others(run: SandboxRun, tmp_path: Path) -> None:
    run.faults(fault("createCallBatch", BUSY, times=1))
    run.on_wait = lambda: run.stop._request_stop(2, None)
    with pytest.raises(Interrupted):
        run_side_by_side(run)
    assert len(read_applied(tmp_path)) == 2
    run.advance(600)
    assert sorted(run.calls().values()) == [1, 1]
