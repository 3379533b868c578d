"""Which exit code a plan has."""

from __future__ import annotations

import pytest

from declarative.cli.plan import plan_exit_code
from declarative.errors import Exit
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action
from tests.report.sample_plans import action, plan_of

CREATE, KEEP = action(Verb.CREATE), action(Verb.KEEP)
UNSURE = action(Verb.BLOCK, "unsure", reason=Reason.UNSURE)
UNREAD = action(Verb.BLOCK, "unread", reason=Reason.NOT_READ)
BEING_APPLIED = action(Verb.BLOCK, "applied", reason=Reason.BEING_APPLIED)


@pytest.mark.parametrize(
    ("actions", "refusals", "plain", "detailed"),
    [
        ((KEEP,), (), Exit.DONE, Exit.DONE),
        ((CREATE,), (), Exit.DONE, Exit.CHANGES),
        ((action(Verb.ADOPT),), (), Exit.DONE, Exit.DONE),
        ((CREATE,), ("too many",), Exit.FAILED, Exit.FAILED),
        ((CREATE, UNREAD), (), Exit.FAILED, Exit.FAILED),
        ((CREATE, BEING_APPLIED), (), Exit.DONE, Exit.CHANGES),
        ((CREATE, UNREAD, UNSURE), ("too many",), Exit.NEEDS_HUMAN, Exit.NEEDS_HUMAN),
    ],
)
def test_a_person_who_is_needed_wins_over_failures_and_these_over_changes(
    actions: tuple[Action, ...], refusals: tuple[str, ...], plain: Exit, detailed: Exit
) -> None:
    plan = plan_of(*actions, refusals=refusals)
    assert plan_exit_code(plan, detailed=False) == plain
    assert plan_exit_code(plan, detailed=True) == detailed
