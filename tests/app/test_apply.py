"""An apply shows its plan, runs it only when approved, and ends with the exit code that its outcome deserves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from declarative.app.apply import ApplyOptions, apply_project
from declarative.app.apply_report import ApplyReport
from declarative.engine.results import Finding, Receipt, RequestStatus, ResourceResult
from declarative.engine.signals import StopSignal
from declarative.errors import Interrupted, ProviderError, Refused
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Plan
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture


def apply(project: ProjectFixture, *, approved: bool = True, **options: Any) -> tuple[ApplyReport, list[Plan]]:
    shown: list[Plan] = []

    def approve(plan: Plan) -> bool:
        shown.append(plan)
        return approved

    with project.session() as session:
        return apply_project(session, ApplyOptions(approve=approve, **options), StopSignal()), shown


def test_an_approved_plan_is_run_once(project: ProjectFixture) -> None:
    report, shown = apply(project)
    assert [plan.people_to_call for plan in shown] == [2]
    assert report.results["batch/outreach"].submitted == {Verb.CREATE: 2}
    assert report.exit_code == 0
    again, _ = apply(project)
    assert ([result.submitted for result in again.results.values()], again.exit_code) == ([{}], 0)


def test_a_plan_that_is_not_approved_sends_nothing_and_starts_no_lock(project: ProjectFixture) -> None:
    with pytest.raises(Refused, match="not applied"):
        apply(project, approved=False)
    assert project.dials() == []
    assert not list(project.root.rglob("dialctl.lock"))


def test_a_plan_over_the_limit_is_shown_and_refused(project: ProjectFixture) -> None:
    shown: list[Plan] = []
    options = ApplyOptions(approve=lambda plan: not shown.append(plan), max_dials=1)
    with project.session() as session, pytest.raises(Refused, match="people"):
        apply_project(session, options, StopSignal())
    assert [len(plan.refusals) for plan in shown] == [1]
    assert project.dials() == []


def test_a_plan_is_made_for_what_restrict_lets_through(project: ProjectFixture) -> None:
    def refuse(session: object, plan: Plan) -> Plan:
        raise Refused(f"{plan.people_to_call} people are too many")

    with pytest.raises(Refused, match="2 people are too many"):
        apply(project, restrict=refuse)


def test_destroy_cancels_what_waits_and_calls_no_one(project: ProjectFixture) -> None:
    apply(project)
    report, _ = apply(project, destroy=True)
    assert report.results["batch/outreach"].cancelled == 2
    assert (report.destroy, report.exit_code) == (True, 0)
    with project.world() as world:
        world.advance(7200)
    assert project.called() == []


def test_new_people_are_called_and_the_others_not_again(project: ProjectFixture) -> None:
    apply(project)
    with project.world() as world:
        world.advance(7200)
    project.people(ADA, BEN, CAY)
    apply(project)
    with project.world() as world:
        world.advance(7200)
    assert project.called() == [ADA, BEN, CAY]


def receipt(status: RequestStatus) -> dict[str, ResourceResult]:
    return {"batch/outreach": ResourceResult(problems=[Receipt(status, message="an answer")])}


def plan_of(*actions: Action) -> Plan:
    return Plan(project="spring", created_at=datetime(2031, 1, 15, tzinfo=UTC), actions=actions)


BLOCKED = Action(address="batch/outreach", verb=Verb.BLOCK, reason=Reason.LOST, provider="cartesia", people=2)


@pytest.mark.parametrize(
    ("plan", "changes", "code"),
    [
        (plan_of(), {}, 0),
        (plan_of(), {"results": receipt(RequestStatus.FAILED)}, 1),
        (plan_of(), {"follow_error": ProviderError("cannot be read")}, 1),
        (plan_of(), {"results": receipt(RequestStatus.MARK_LOST)}, 3),
        (plan_of(), {"open_addresses": ("batch/outreach",)}, 3),
        (plan_of(), {"findings": (Finding("batch/outreach", "not proven", unsure=True),)}, 3),
        (plan_of(BLOCKED), {"results": receipt(RequestStatus.FAILED)}, 3),
        (plan_of(BLOCKED), {"interrupted": Interrupted("stopped", terminated=False)}, 130),
        (plan_of(), {"follow_error": Interrupted("stopped", terminated=True)}, 143),
    ],
)
def test_what_needs_a_person_wins_over_what_failed_and_a_signal_over_both(
    plan: Plan, changes: dict[str, Any], code: int
) -> None:
    assert ApplyReport(plan=plan, **{"results": {}, **changes}).exit_code == code
