"""What a saved plan shows again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from declarative.planning import shown_plan
from declarative.planning.decide import Verb
from declarative.planning.plan import Notice
from tests.report.sample_plans import NOON, action, plan_of


def test_a_plan_is_shown_again_as_it_was_save_for_settings() -> None:
    plan = plan_of(
        action(Verb.CREATE, starts_at=NOON),
        action(Verb.REPLACE, reasons={"settings_changed": 2}, counts={"called": 3}),
        action(Verb.BLOCK),
        warnings=(Notice("batch/march", "late"),),
        refusals=("too many",),
        held_counts={"suppressed": 2},
    )
    restored = shown_plan.restore("spring", shown_plan.summarize(plan))
    assert restored.actions == tuple(replace(action, changes=()) for action in plan.actions)
    assert (restored.checksum, restored.created_at) == (plan.checksum, NOON)
    assert (restored.warnings, restored.refusals, restored.held_counts) == (
        plan.warnings,
        plan.refusals,
        plan.held_counts,
    )


_FORGED: list[dict[str, Any]] = [
    {"reasons": {"addededed": 1}},
    {"counts": {"attempt": 1}},
    {"counts": {"called": "many"}},
    {"next_at": "2026-12-01T16:00:00"},
    {"starts_at": "0001-01-01T00:00:00+00:00"},
    {"starts_at": "9999-12-31T23:59:59-12:00"},
    {"verb": "call"},
    {"detail": None},
]


@pytest.mark.parametrize("forged", _FORGED, ids=str)
def test_what_no_plan_shows_is_refused_before_it_is_shown(forged: dict[str, Any]) -> None:
    summary = shown_plan.summarize(plan_of(action(Verb.CREATE, starts_at=NOON)))
    assert shown_plan.check_summary(summary) == summary
    summary["actions"][0] |= forged
    with pytest.raises((ValueError, KeyError, TypeError)):
        shown_plan.check_summary(summary)


def test_no_number_is_kept_in_a_sentence() -> None:
    plan = plan_of(action(Verb.BLOCK, detail="call of +14155550101 was lost"))
    assert "5550101" not in str(shown_plan.summarize(plan))
