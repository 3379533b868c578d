"""A plan is made from what is wanted and what exists, and changes nothing."""

from __future__ import annotations

import pytest

from declarative.app.apply import ApplyOptions, apply_project
from declarative.app.plan import numbers_to_call, plan_project
from declarative.app.session import Session
from declarative.engine.signals import StopSignal
from declarative.errors import MissingKey
from declarative.planning.decide import Verb
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture


def test_everyone_in_a_new_batch_is_to_be_called(project: ProjectFixture) -> None:
    with project.session() as session:
        plan = plan_project(session)
    assert [(action.address, action.verb, action.people) for action in plan.actions] == [
        ("batch/outreach", Verb.CREATE, 2)
    ]
    assert sorted(numbers_to_call(plan)["batch/outreach"]) == [ADA, BEN]
    assert not list(project.root.rglob("dialctl.lock"))


def test_only_new_people_are_to_be_called_after_an_apply(project: ProjectFixture) -> None:
    with project.session() as session:
        apply_project(session, ApplyOptions(approve=lambda _: True), StopSignal())
        session.connections.sleep(7200)
    project.people(ADA, BEN, CAY)
    with project.session() as session:
        assert numbers_to_call(plan_project(session))["batch/outreach"].to_list() == [CAY]


def test_a_limit_refuses_the_plan_and_leaves_it_to_be_shown(project: ProjectFixture) -> None:
    with project.session() as session:
        plan = plan_project(session, max_dials=1)
    assert (plan.people_to_call, len(plan.refusals)) == (2, 1)


def test_an_unknown_address_under_allow_shrink_is_refused(project: ProjectFixture) -> None:
    with project.session() as session:
        plan = plan_project(session, allow_shrink=["batch/nothing"])
    assert ["batch/nothing" in refusal for refusal in plan.refusals] == [True]


def test_without_any_provider_the_reason_is_raised(project: ProjectFixture) -> None:
    with Session(environment={}) as session, pytest.raises(MissingKey):
        plan_project(session)


def test_offline_it_needs_no_provider(project: ProjectFixture) -> None:
    with Session(environment={}) as session:
        plan = plan_project(session, offline=True)
    assert (plan.offline, plan.people_to_call) == (True, 2)
