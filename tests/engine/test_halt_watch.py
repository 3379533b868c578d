"""A list of single calls that go wrong is not placed to its end."""

from __future__ import annotations

from declarative.app.plan import numbers_to_call
from declarative.engine.halt_watch import LOOK_EVERY
from declarative.engine.results import RequestStatus
from declarative.engine.runner import PlanRunner
from declarative.model.policy import HaltWhen, Pace
from declarative.model.resource import Resource, Route
from tests.engine.sandbox_run import MARCH, SandboxRun, batch_resource
from tests.engine.test_runner import plan_for

NUMBERS = tuple(f"+1{area}55501{line:02}" for area in (212, 415) for line in range(90))
RULE = HaltWhen(failed_above=20, of_at_least=5)


def one_by_one(agent: str, rule: HaltWhen | None = RULE) -> Resource:
    settings = {"agent_id": agent, "from_number_id": "ap_A"}
    pace = Pace(calls_per_second=1, max_in_flight=200)
    return batch_resource(*NUMBERS, route=Route.CALL, settings=settings, pace=pace, halt_when=rule)


def place(run: SandboxRun, resource: Resource) -> PlanRunner:
    runner, plan = PlanRunner(run.context, {}), plan_for(run, resource)
    runner.run_plan(plan, numbers_to_call(plan))
    return runner


def test_it_ends_within_a_minute_of_the_failures(run: SandboxRun) -> None:
    runner = place(run, one_by_one("agent_broken"))
    placed = run.operations().count("createOutboundCalls")
    assert placed <= 2 * LOOK_EVERY.total_seconds()
    (problem,) = runner.results[MARCH].problems
    assert problem.status is RequestStatus.HALTED
    assert "failed (100 %), and halt_when says more than 20 %" in problem.message
    halted = run.ledger.resource_record(MARCH).halted
    assert halted is not None
    assert halted.figures in problem.message
    assert place(run, one_by_one("agent_broken")).results.get(MARCH) is None or (
        run.operations().count("createOutboundCalls") == placed
    )


def test_calls_that_go_well_are_placed_to_the_end(run: SandboxRun) -> None:
    runner = place(run, one_by_one("agent_A"))
    assert runner.results[MARCH].problems == []
    assert run.operations().count("createOutboundCalls") == len(NUMBERS)


def test_without_a_rule_nothing_is_read_meanwhile(run: SandboxRun) -> None:
    place(run, one_by_one("agent_broken", None))
    assert "getCall" not in run.operations()
