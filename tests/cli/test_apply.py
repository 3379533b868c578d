"""What an apply asks before it sends anything."""

from __future__ import annotations

import pytest

from declarative.cli.apply import approval_question
from declarative.planning.decide import Verb
from declarative.planning.plan import Action
from tests.project_fixture import ProjectFixture
from tests.report.sample_plans import action, plan_of


@pytest.mark.parametrize(
    ("actions", "question"),
    [
        ((action(Verb.CREATE, people=1),), "Call 1 person?"),
        ((action(Verb.CREATE, people=2), action(Verb.REPLACE, people=3)), "Call 2 people and move 3?"),
        ((action(Verb.REPLACE, people=3),), "Move 3?"),
        ((action(Verb.CANCEL, people=1_200),), "Take 1,200 off?"),
        (
            (action(Verb.CREATE, people=2), action(Verb.REPLACE, people=3), action(Verb.CANCEL, people=4)),
            "Call 2 people, move 3 and take 4 off?",
        ),
        ((action(Verb.RETRY, people=2), action(Verb.CANCEL, people=1)), "Call 2 people and take 1 off?"),
    ],
)
def test_the_question_counts_the_people_that_requests_are_about(actions: tuple[Action, ...], question: str) -> None:
    assert approval_question(plan_of(*actions)) == question


def test_the_lock_of_the_sandbox_is_nobody_s_to_commit(project: ProjectFixture) -> None:
    assert "commit it" not in project.apply().text


def test_who_may_not_ask_is_told_which_plan_to_look_at(project: ProjectFixture) -> None:
    assert "look at it with dialctl plan, then" in project.dialctl("apply", "--json").text
    assert "look at it with dialctl plan --destroy, then" in project.dialctl("destroy", "--json").text
