"""People who must not be called are taken off whatever else is wrong, and one failure stays where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from declarative.app.plan import make_plan
from declarative.engine.observe import ObserveScope
from declarative.engine.results import RequestStatus
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Plan
from tests.engine.edited_answers import Edit
from tests.engine.sandbox_run import ADA, BOB, CLEO, KEY, MARCH, PROJECT, SandboxRun, batch_resource, call_resource
from tests.engine.test_runner import APRIL, apply

DORA = "+12125550104"


def plan_for(run: SandboxRun, *resources: Resource) -> Plan:
    desired = Desired(Project(name=PROJECT), {resource.address: resource for resource in resources}, True, lambda: "")
    scope = ObserveScope(desired=desired, lock=run.ledger.lock, providers={"cartesia": run.provider}, key=KEY)
    return make_plan(scope, run.context.capabilities)


def verbs(plan: Plan, address: str = MARCH) -> dict[Verb, Reason]:
    return {action.verb: action.reason for action in plan.actions if action.address == address}


def without(number: str) -> Edit:
    """Reads of batches leave one person out, and count accordingly."""
    return members_as(lambda member: None if member["to_number"] == number else member)


def members_as(change: Callable[[Any], Any]) -> Edit:
    def edit(method: str, path: str, answer: Any) -> Any:
        if method == "GET" and "recipients" in (answer or {}):
            kept = [changed for member in answer["recipients"] if (changed := change(dict(member))) is not None]
            return {**answer, "recipients": kept, "total_calls_scheduled": len(kept)}
        return answer

    return edit


def short(remote_id: str) -> Edit:
    """One batch is read without its people."""

    def edit(method: str, path: str, answer: Any) -> Any:
        return {**answer, "recipients": []} if method == "GET" and path.endswith(remote_id) else answer

    return edit


def failing(part: str, status: int) -> Edit:
    return lambda method, path, answer: status if method == "GET" and part in path else answer


def two_batches(run: SandboxRun) -> tuple[str, str]:
    """One resource in two batches: Ada and Bob wait in the first, Cleo and Dora in the second."""
    first = apply(run, batch_resource(ADA, BOB)).results[MARCH].remote_ids
    second = apply(run, batch_resource(ADA, BOB, CLEO, DORA)).results[MARCH].remote_ids
    return first[0], second[0]


def test_a_person_who_left_is_taken_off_though_another_batch_cannot_be_read(run: SandboxRun) -> None:
    first, _ = two_batches(run)
    run.answers.edit = short(first)
    wanted = batch_resource(ADA, BOB, DORA)
    plan = plan_for(run, wanted)
    assert verbs(plan) == {Verb.CANCEL: Reason.NOT_DESIRED, Verb.BLOCK: Reason.MEMBERS_UNREADABLE}
    assert plan.needs_human
    (cancel,) = plan.actions_with_verb(Verb.CANCEL)
    assert cancel.reasons == {Reason.NOT_DESIRED: 1, Reason.BATCH_MATES: 1}
    result = apply(run, wanted).results[MARCH]
    assert (result.cancelled, result.submitted) == (2, {})
    run.answers.edit = None
    assert apply(run, wanted).results[MARCH].submitted == {Verb.CREATE: 1}  # Dora, once nothing blocks
    run.advance(900)
    assert run.calls() == {ADA: 1, BOB: 1, DORA: 1}


def test_a_removed_manifest_is_taken_off_though_a_batch_of_it_is_unknown(run: SandboxRun) -> None:
    first, _ = two_batches(run)
    run.answers.edit = failing(first, 404)
    assert verbs(plan_for(run, batch_resource(BOB, address=APRIL)))[Verb.BLOCK] is Reason.LOST
    result = apply(run, batch_resource(BOB, address=APRIL)).results[MARCH]
    assert result.cancelled == 2
    run.advance(900)
    assert CLEO not in run.calls()


def test_who_left_is_taken_off_though_the_agent_of_the_others_is_gone(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA, BOB))
    wanted = batch_resource(ADA, settings={"agent_id": "agent_missing"})
    assert verbs(plan_for(run, wanted)) == {Verb.CANCEL: Reason.NOT_DESIRED, Verb.BLOCK: Reason.MISSING_REFERENCE}
    assert apply(run, wanted).results[MARCH].cancelled == 2
    run.advance(900)
    assert run.calls() == {}


def test_a_failed_cancel_of_one_batch_leaves_nobody_in_another(run: SandboxRun) -> None:
    first, second = two_batches(run)

    def edit(method: str, path: str, answer: Any) -> Any:
        return 500 if path.endswith(f"{first}/cancel") else answer

    run.answers.edit = edit
    result = apply(run, batch_resource(BOB, DORA)).results[MARCH]
    assert [problem.remote_id for problem in result.problems] == [first]
    batches = {batch["id"]: batch["status"] for batch in run.batches()}
    assert batches[second] == "cancelled"


@pytest.mark.parametrize("status", [404, 500])
def test_a_batch_that_cannot_be_read_holds_back_its_own_address_alone(run: SandboxRun, status: int) -> None:
    remote_id = apply(run, batch_resource(ADA)).results[MARCH].remote_ids[0]
    run.answers.edit = failing(remote_id, status)
    changed = batch_resource(ADA, BOB)
    plan = plan_for(run, changed, batch_resource(CLEO, address=APRIL))
    reason = Reason.NOT_READ if status == 500 else Reason.LOST
    if status == 500:
        assert verbs(plan, APRIL) == {Verb.CREATE: Reason.NEW}
    assert verbs(plan) == {Verb.BLOCK: reason}


def test_an_agent_that_cannot_be_listed_holds_back_its_own_calls_alone(run: SandboxRun) -> None:
    wrong = call_resource(ADA, address="call/ada", settings={"agent_id": "agent_gone", "from_number_id": "ap_A"})

    run.answers.edit = failing("agent_id=agent_gone", 404)
    plan = plan_for(run, wrong, call_resource(BOB, address="call/bob"), batch_resource(CLEO, address=APRIL))
    assert verbs(plan, "call/ada") == {Verb.BLOCK: Reason.NOT_READ}
    assert verbs(plan, "call/bob") == {Verb.CREATE: Reason.NEW}
    assert verbs(plan, APRIL) == {Verb.CREATE: Reason.NEW}


def test_a_person_who_is_left_out_consistently_never_counts_as_never_submitted(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA, BOB))
    run.answers.edit = without(BOB)
    plan = plan_for(run, batch_resource(ADA, BOB, CLEO))
    assert verbs(plan) == {Verb.BLOCK: Reason.MEMBERS_UNREADABLE}
    (block,) = plan.actions
    assert "shows 1 of the 2 people that were sent" in block.detail
    assert f"resolve {MARCH}#" in block.hint
    apply(run, batch_resource(ADA, BOB, CLEO))
    run.answers.edit = None
    run.advance(900)
    assert run.calls() == {ADA: 1, BOB: 1}


def test_a_number_in_another_form_is_the_same_person(run: SandboxRun) -> None:
    mexico = "+525512345678"
    apply(run, batch_resource(ADA, mexico))
    run.answers.edit = members_as(
        lambda member: {**member, "to_number": member["to_number"].replace("+5255", "+52155")}
    )
    plan = plan_for(run, batch_resource(ADA, mexico, CLEO))
    assert verbs(plan) == {Verb.CREATE: Reason.ADDED}
    apply(run, batch_resource(ADA, mexico, CLEO))
    assert sorted(len(batch["recipients"]) for batch in run.batches()) == [1, 2]


def test_a_number_that_was_never_sent_blocks(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA, BOB))
    run.answers.edit = members_as(lambda member: {**member, "to_number": member["to_number"].replace(BOB, DORA)})
    plan = plan_for(run, batch_resource(ADA, BOB, settings={"agent_id": "agent_A", "from_number_id": "ap_B"}))
    assert verbs(plan) == {Verb.BLOCK: Reason.MEMBERS_UNREADABLE}
    assert "other numbers than were sent" in plan.actions[0].detail


def test_among_numbers_that_were_never_sent_may_be_one_who_left_the_list(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA, BOB))
    run.answers.edit = members_as(lambda member: {**member, "to_number": member["to_number"].replace(BOB, DORA)})
    assert verbs(plan_for(run, batch_resource(ADA, CLEO))) == {
        Verb.CANCEL: Reason.NOT_DESIRED,
        Verb.BLOCK: Reason.MEMBERS_UNREADABLE,
    }


def test_a_create_that_takes_some_of_its_people_is_reported_as_what_it_took(run: SandboxRun) -> None:
    def edit(method: str, path: str, answer: Any) -> Any:
        if "recipients" in (answer or {}):
            return {**answer, "recipients": answer["recipients"][:1], "total_calls_scheduled": 1}
        return {**answer, "total_calls_scheduled": 1} if method == "POST" else answer

    run.answers.edit = edit
    result = apply(run, batch_resource(ADA, BOB)).results[MARCH]
    assert result.submitted == {Verb.CREATE: 1}
    assert "took 1 of 2 people" in result.problems[0].message
    plan = plan_for(run, batch_resource(ADA, BOB))
    assert verbs(plan) == {Verb.BLOCK: Reason.UNSURE}
    assert plan.actions[0].people == 1, "who is shown waits"
    assert plan.actions[0].hint == "dialctl resolve batch/march --placed | --not-placed"


def test_who_was_left_out_of_the_answer_and_shows_up_later_is_called_once(run: SandboxRun) -> None:
    def count_one(method: str, path: str, answer: Any) -> Any:
        return {**answer, "total_calls_scheduled": 1} if method == "POST" else answer

    run.answers.edit = count_one
    result = apply(run, batch_resource(ADA, BOB)).results[MARCH]
    assert "took 1 of 2 people" in result.problems[0].message
    run.answers.edit = None
    assert not run.ledger.resource_record(MARCH).unseen, "it was read at once, and shows both"
    assert plan_for(run, batch_resource(ADA, BOB)).is_empty
    run.advance(900)
    apply(run, batch_resource(ADA, BOB))
    run.advance(900)
    assert run.calls() == {ADA: 1, BOB: 1}


def test_a_cancel_that_was_taken_and_did_nothing_needs_a_human(run: SandboxRun) -> None:
    remote_id = apply(run, batch_resource(ADA, BOB)).results[MARCH].remote_ids[0]
    before = run.channel.read(remote_id)
    assert before is not None

    def edit(method: str, path: str, answer: Any) -> Any:
        if "recipients" in (answer or {}):
            queued = [{**member, "status": "queued"} for member in answer["recipients"]]
            return {**answer, "recipients": queued}
        return answer

    run.answers.edit = edit
    runner = apply(run, batch_resource(ADA))
    (problem,) = runner.results[MARCH].problems
    assert problem.status is RequestStatus.NOT_TAKEN_OFF
    assert "2 people still wait" in problem.message
    plan = plan_for(run, batch_resource(ADA))
    assert verbs(plan) == {Verb.BLOCK: Reason.NOT_TAKEN_OFF}
    assert plan.needs_human
    assert remote_id in plan.actions[0].detail


def test_a_list_of_another_account_blocks_before_anybody_new_is_called(run: SandboxRun) -> None:
    apply(run, batch_resource(ADA))
    run.advance(900)
    apply(run, batch_resource(ADA))  # reads what is over: settled

    def edit(method: str, path: str, answer: Any) -> Any:
        if method == "GET" and "/batches?" in path:
            return {**answer, "data": [], "has_more": False}
        return 404 if method == "GET" and "/batches/" in path else answer

    assert run.ledger.resource_record(MARCH).remotes
    run.answers.edit = edit
    plan = plan_for(run, batch_resource(ADA), batch_resource(BOB, address=APRIL))
    assert verbs(plan, APRIL) == {Verb.BLOCK: Reason.LOST}
    assert "another account" in next(action.detail for action in plan.actions if action.address == APRIL)
    assert verbs(plan, MARCH) == {Verb.BLOCK: Reason.LOST}
    before = len(run.requests())
    run.answers.edit = None
    assert plan_for(run, batch_resource(ADA)).is_empty
    assert len(run.requests()) - before == 1
