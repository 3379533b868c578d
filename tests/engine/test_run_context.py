"""The limit of a run, and what must hold before a request that dials."""

from __future__ import annotations

import os
import signal

import pytest

from declarative.engine.run_context import DialBudget
from declarative.errors import Interrupted, LeaseLost
from declarative.model.history import PeopleCounts
from tests.engine.sandbox_run import SandboxRun
from tests.engine.test_signals import keep_handlers

__all__ = ["keep_handlers"]


def test_a_budget_covers_what_remains_and_no_more() -> None:
    budget = DialBudget(3)
    budget.reserve("m1", PeopleCounts(people_called=2))
    assert (budget.covers(1), budget.covers(2)) == (True, False)


def test_only_requests_of_this_run_are_given_back_and_only_once() -> None:
    budget = DialBudget(3)
    budget.reserve("m1", PeopleCounts(people_called=2))
    for mark in ("m1", "m1", "another run's"):
        budget.release(mark)
    assert budget.remaining == 3


def test_without_a_limit_every_count_is_covered() -> None:
    budget = DialBudget()
    budget.reserve("m1", PeopleCounts(people_called=10**9))
    budget.release("m1")
    assert (budget.covers(10**9), budget.remaining) == (True, None)


def test_a_stopped_run_must_not_dial(run: SandboxRun, keep_handlers: None) -> None:
    run.context.check_may_dial()
    run.stop.listen()
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Interrupted):
        run.context.check_may_dial()
    with pytest.raises(Interrupted):
        run.context.pause(1.0)


def test_a_run_without_its_lease_must_not_dial(run: SandboxRun) -> None:
    run.context.lease.__exit__(None, None, None)
    with pytest.raises(LeaseLost):
        run.context.check_may_dial()
