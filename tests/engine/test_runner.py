"""A plan is done in an order that calls no one who is on the way out, and no one whom it did not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import pytest

from declarative.app.emergency_halts import add_halts
from declarative.app.plan import make_plan, numbers_to_call
from declarative.engine.observe import ObserveScope
from declarative.engine.results import RequestStatus
from declarative.engine.runner import PlanRunner
from declarative.errors import LeaseLost
from declarative.model.halts import Halts
from declarative.model.policy import Retry
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.decide import Verb
from declarative.planning.plan import Plan
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    CARTESIA,
    CLEO,
    KEY,
    MARCH,
    PROJECT,
    SILENT,
    SandboxRun,
    batch_resource,
    call_resource,
    fault,
    recipients,
)

APRIL = "batch/april"


def plan_for(run: SandboxRun, *resources: Resource) -> Plan:
    project = Project(name=PROJECT, providers={"cartesia": CARTESIA})
    desired = Desired(project, {resource.address: resource for resource in resources}, True, lambda: "")
    providers = {"cartesia": run.provider}
    scope = ObserveScope(desired=desired, lock=run.ledger.lock, providers=providers, key=KEY)
    return make_plan(scope, run.context.capabilities)


def apply(run: SandboxRun, *resources: Resource, approved: Mapping[str, pl.Series] | None = None) -> PlanRunner:
    runner, plan = PlanRunner(run.context, {}), plan_for(run, *resources)
    runner.run_plan(plan, numbers_to_call(plan) if approved is None else approved)
    return runner


def test_everyone_in_the_plan_is_submitted_and_called_once(run: SandboxRun) -> None:
    runner = apply(run, batch_resource(ADA, BOB))
    assert runner.results[MARCH].submitted == {Verb.CREATE: 2}
    run.advance(600)
    assert run.calls() == {ADA: 1, BOB: 1}
    assert apply(run, batch_resource(ADA, BOB)).results[MARCH].submitted == {}


def test_people_whose_data_do_not_fit_into_one_request_go_in_several(run: SandboxRun) -> None:
    numbers = [f"+121255501{position:02}" for position in range(12)]
    large = recipients(*numbers, payload=f'{{"metadata":{{"note":"{"x" * 900_000}"}}}}')
    plan = plan_for(run, batch_resource(recipients=large))
    assert [action.counts["batches"] for action in plan.actions] == [2]
    runner = apply(run, batch_resource(recipients=large))
    assert runner.results[MARCH].submitted == {Verb.CREATE: 12}
    assert run.operations().count("createCallBatch") == 2
    run.advance(600)
    assert run.calls() == dict.fromkeys(numbers, 1)


def test_only_approved_people_are_called(run: SandboxRun) -> None:
    runner = apply(run, batch_resource(ADA, BOB), approved={MARCH: pl.Series([BOB])})
    assert (runner.results[MARCH].submitted, runner.results[MARCH].unplanned) == ({Verb.CREATE: 1}, 1)
    run.advance(600)
    assert run.calls() == {BOB: 1}


def test_cancels_come_first_then_batches_then_single_calls(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA))
    done_before = len(run.operations())
    apply(run, call_resource(BOB), batch_resource(CLEO, address=APRIL))
    requests = [name for name in run.operations()[done_before:] if name.startswith(("cancel", "create"))]
    assert requests == ["cancelCallBatch", "createCallBatch", "createOutboundCalls"]
    run.advance(600)
    assert run.calls() == {BOB: 1, CLEO: 1}


def test_people_of_a_changed_batch_move_to_a_new_one(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA, BOB))
    changed = batch_resource(ADA, BOB, settings={"agent_id": "agent_A", "from_number_id": "ap_B"})
    result = apply(run, changed).results[MARCH]
    assert (result.cancelled, result.submitted) == (2, {Verb.REPLACE: 2})
    run.advance(600)
    assert run.calls() == {ADA: 1, BOB: 1}


def test_nothing_is_cancelled_for_a_replacement_that_the_provider_would_refuse(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA))
    changed = batch_resource(ADA, settings={"agent_id": "agent_A", "from_number_id": "ap_B"})
    runner, plan = PlanRunner(run.context, {MARCH: changed}), plan_for(run, changed)
    run.answers.edit = lambda method, path, answer: 404 if method == "GET" and "/agents/agent_A" in path else answer
    runner.run_plan(plan, numbers_to_call(plan))  # the agent was deleted after the plan was approved
    assert [problem.message[:16] for problem in runner.results[MARCH].problems] == ["nobody was moved"]
    assert "cancelCallBatch" not in run.operations()
    run.advance(600)
    assert run.calls() == {ADA: 1}


def test_after_a_failed_batch_the_rest_of_its_resource_waits_for_the_next_run(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", {"status": {"code": 400, "effect": False}}))
    runner = apply(run, batch_resource(ADA), batch_resource(BOB, address=APRIL))
    assert (runner.results[MARCH].submitted, runner.results[APRIL].submitted) == ({}, {Verb.CREATE: 1})


def test_an_unsure_request_that_is_found_counts_as_done(run: SandboxRun) -> None:
    run.faults(fault("createCallBatch", "lost_answer"))
    runner = apply(run, batch_resource(ADA, BOB))
    assert not runner.results[MARCH].is_clean
    run.settler.settle([MARCH])
    runner.resolve_unsure()
    assert (runner.results[MARCH].is_clean, runner.results[MARCH].submitted) == (True, {Verb.CREATE: 2})


def test_people_called_in_a_run_are_not_called_again_by_its_next_round(run: SandboxRun) -> None:
    resource = batch_resource(SILENT, retry=Retry(1, frozenset({"dial_no_answer"})))
    runner = apply(run, resource)
    run.advance(3_600)
    plan = plan_for(run, resource)
    assert plan.people_to_call == 1
    runner.run_plan(plan, numbers_to_call(plan))
    assert (runner.results[MARCH].unplanned, run.calls()) == (1, {SILENT: 1})
    assert apply(run, resource).results[MARCH].submitted == {Verb.RETRY: 1}


def test_batches_are_checked_before_single_calls_are_paced(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA), call_resource(BOB))
    created, called = run.operations().index("createCallBatch"), run.operations().index("createOutboundCalls")
    assert "listCallBatches" in run.operations()[created:called]


def test_an_expired_resource_calls_no_one_who_is_left(run: SandboxRun) -> None:
    plan = plan_for(run, resource := call_resource(ADA, expires_at=run.provider.now().replace(year=2027)))
    run.advance(400 * 86_400)
    runner = PlanRunner(run.context, {})
    runner.run_plan(plan, numbers_to_call(plan))
    assert resource.expires_at is not None
    assert (runner.results[CALL].deferred, dict(run.calls())) == (1, {})
    assert "expires_at passed during this run" in runner.results[CALL].problems[0].message


def test_a_run_that_lost_its_lease_ends(run: SandboxRun) -> None:
    plan = plan_for(run, batch_resource(ADA))
    run.context.lease.__exit__(None, None, None)
    with pytest.raises(LeaseLost):
        PlanRunner(run.context, {}).run_plan(plan, numbers_to_call(plan))
    assert not run.batches()


def test_a_batch_that_was_sent_while_a_halt_was_written_is_cancelled_again(run: SandboxRun) -> None:
    """The operator's look at the list was over before the batch was in it."""
    plan = plan_for(run, batch_resource(ADA, BOB))
    read_halts, answered = run.context.read_halts, []

    def halt_after_the_first_look() -> Halts:
        halts = read_halts()
        if not answered:
            answered.append(add_halts(run.halt_backend, [MARCH], "wrong price", {}))
        return halts

    context = replace(run.context, read_halts=halt_after_the_first_look)
    runner = PlanRunner(context, {})
    runner.run_plan(plan, numbers_to_call(plan))
    run.advance(900)
    assert run.calls() == {}
    (finding,) = runner.results[MARCH].findings
    assert finding.message.startswith("it was halted")
    assert run.ledger.resource_record(MARCH).remotes[finding.withdrawn_id].cancel is not None


def test_a_halt_ends_its_resource_and_no_other(run: SandboxRun) -> None:
    april = batch_resource(BOB, address=APRIL)
    plan = plan_for(run, batch_resource(ADA), april)
    add_halts(run.halt_backend, [MARCH], "", {})
    runner = PlanRunner(run.context, {})
    runner.run_plan(plan, numbers_to_call(plan))
    run.advance(900)
    assert run.calls() == {BOB: 1}
    assert [receipt.status for receipt in runner.results[MARCH].problems] == [RequestStatus.HALTED]
