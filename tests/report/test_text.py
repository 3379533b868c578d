"""Plans and reports for people: counts in proper English, and nobody counted who was not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
import pytest

from declarative.app.apply_report import ApplyReport
from declarative.engine.results import ResourceResult
from declarative.errors import Interrupted, StateError
from declarative.planning.decide import Reason, Verb
from declarative.planning.diff import Change
from declarative.planning.plan import Notice
from declarative.report import text

from .sample_plans import NOON, action, plan_of


def said(verb: Verb, **changes: object) -> str:
    return click.unstyle(text.format_plan(plan_of(action(verb, **changes))))


def test_one_person_moves_as_one() -> None:
    told = said(Verb.REPLACE, people=1, counts={"total": 2}, changes=(Change("spec.display_name", "a", "b"),))
    assert "  1 person moves to the new settings (of 2 who still wait)\n" in told


def test_a_move_to_another_agent_says_so_and_counts_only_people_who_still_wait() -> None:
    told = said(Verb.REPLACE, people=12, counts={"total": 4_800, "queued": 13, "called": 4_787})
    assert "  12 people move to the new agent (of 13 who still wait)\n" in told
    assert "4,787 were already called and are not affected" in told


def test_whose_data_changed_is_not_said_to_have_new_settings() -> None:
    told = said(Verb.REPLACE, people=3, counts={"total": 9}, changes=())
    assert "  3 people move to what the manifest says of them now (of 9 who still wait)\n" in told


def test_people_who_share_a_batch_move_to_a_new_one() -> None:
    mates = {"people": 1, "reasons": {Reason.BATCH_MATES: 1}}
    assert "1 person moves to a new batch, because their batch has to be cancelled" in said(Verb.REPLACE, **mates)
    both = {"people": 3, "reasons": {Reason.SETTINGS_CHANGED: 2, Reason.BATCH_MATES: 1}, "counts": {"total": 3}}
    told = "2 people move to the new agent (of 3 who still wait), and 1 more who shares their batch"
    assert told in said(Verb.REPLACE, **both)


def test_people_taken_off_alone_leave_the_others_where_they_are() -> None:
    left = {"people": 1, "reason": Reason.NOT_DESIRED, "reasons": {Reason.NOT_DESIRED: 1}}
    assert "1 person taken off (no longer listed); the others stay\n" in said(Verb.CANCEL, **left, counts={"alone": 1})
    assert "1 person who still waits (no longer listed)\n" in said(Verb.CANCEL, **left, counts={})
    some = {**left, "people": 3, "reasons": {Reason.NOT_DESIRED: 3}, "counts": {"alone": 1}}
    told = "3 people who still wait (no longer listed); the others stay in the batches that 1 of them leaves"
    assert told in said(Verb.CANCEL, **some)
    moved = {"people": 1, "counts": {"total": 2, "alone": 1}, "changes": ()}
    assert "1 person moves to what the manifest says of them now (of 2 who still wait); the others stay\n" in said(
        Verb.REPLACE, **moved
    )


def test_twins_are_said_to_be_cancelled_both() -> None:
    told = said(Verb.REPLACE, people=1, reasons={Reason.TWINS: 1})
    assert "1 person waits in two batches: both are cancelled" in told


def test_a_plan_with_a_block_does_not_say_that_nobody_is_called() -> None:
    assert said(Verb.BLOCK).splitlines()[-1] == "Plan: nothing is sent. 1 blocked."
    assert said(Verb.FORGET).splitlines()[-1] == "Plan: nobody is called."


@pytest.mark.parametrize(
    ("called", "told"), [(1, "1 was already called and is"), (4788, "4,788 were already called and are")]
)
def test_those_called_already_are_not_affected(called: int, told: str) -> None:
    assert f"{told} not affected" in said(Verb.REPLACE, counts={"total": 2, "called": called})


def test_more_people_than_a_batch_takes_are_submitted_in_several() -> None:
    told = said(Verb.CREATE, people=1_000_000, counts={"batches": 200})
    assert "1,000,000 people in 200 batches, at the earliest moment" in told


def test_who_is_too_early_is_told_when_they_are_submitted_and_when_they_are_called() -> None:
    day = NOON + timedelta(days=40)
    wait = {"reason": Reason.TOO_EARLY, "starts_at": day, "next_at": day - timedelta(days=29)}
    told = "2 people wait until 12:00 UTC on 12 Dec: calls begin at 12:00 UTC on 10 Jan 2027, too early to submit now"
    assert told in said(Verb.WAIT, **wait)


@pytest.mark.parametrize("reasons", [{}, {Reason.CALLING_HOURS: 2}])
def test_who_waits_is_told_why_and_until_when(reasons: dict[Reason, int]) -> None:
    told = said(Verb.WAIT, reasons=reasons, next_at=NOON + timedelta(hours=2))
    assert "2 people wait until 14:00 UTC on 1 Dec (outside calling hours)\n" in told


def test_who_was_moved_is_not_taken_off() -> None:
    """One of the moved had been turned away meanwhile, and was cancelled by nobody."""
    tally = ResourceResult(requests=[("acb_new", Verb.REPLACE, 5)], cancelled=4)
    report = ApplyReport(plan=plan_of(action(Verb.REPLACE, people=5)), results={"batch/march": tally})
    told = click.unstyle(text.format_report(report))
    assert "batch/march: 5 people moved\n" in told
    assert "taken off" not in told
    assert told.endswith("\nApply: 5 people moved.")


def test_the_last_line_speaks_as_the_plans_headline_does() -> None:
    first = ResourceResult(requests=[("acb_1", Verb.CREATE, 3), ("acb_2", Verb.RETRY, 1)])
    second = ResourceResult(requests=[("acb_3", Verb.REPLACE, 5)], cancelled=7)
    report = ApplyReport(plan=plan_of(), results={"batch/march": first, "batch/april": second})
    told = click.unstyle(text.format_report(report)).splitlines()[-1]
    assert told == "Apply: 4 people submitted, 5 people moved, 2 people taken off."


def test_an_interrupted_run_that_did_nothing_says_so() -> None:
    report = ApplyReport(plan=plan_of(), results={}, interrupted=Interrupted("stopped by Ctrl-C", terminated=False))
    told = click.unstyle(text.format_report(report))
    assert told == "Interrupted: stopped by Ctrl-C. Before: nobody was called and nobody taken off."


def test_a_run_that_ended_early_says_what_went_out_and_who_is_left() -> None:
    result = ResourceResult(requests=[("acb_1", Verb.CREATE, 12)])
    told = {"plan": plan_of(action(Verb.CREATE, people=60)), "results": {"batch/march": result}}
    stopped = ApplyReport(**told, interrupted=Interrupted("stopped by Ctrl-C", terminated=False))
    assert click.unstyle(text.format_report(stopped)).splitlines()[-1] == (
        "Interrupted: stopped by Ctrl-C. Before: 12 people submitted, 48 people left for the next run."
    )
    failed = ApplyReport(**told, failure=StateError("the disk is full", hint="make room"))
    assert click.unstyle(text.format_report(failed)).splitlines() == [
        "  ✓ batch/march: 12 people submitted",
        "Apply: 12 people submitted, 48 people left for the next run.",
        "Ended early: the disk is full",
        "  make room",
    ]


def test_a_report_says_when_to_apply_again() -> None:
    plan = plan_of(action(Verb.WAIT, people=16, next_at=NOON + timedelta(hours=4)))
    *_, later, summary = click.unstyle(text.format_report(ApplyReport(plan=plan, results={}))).splitlines()
    assert later == "  … 16 people are due later, first at 16:00 UTC on 1 Dec: apply again then"
    assert summary == "Apply: nothing to do."


@pytest.mark.parametrize(
    ("destroy", "blocks", "changes", "told"),
    [
        (False, 0, {}, "Apply: nothing to do."),
        (False, 2, {}, "Apply: nobody was called and nobody taken off, 2 blocked."),
        (
            False,
            0,
            {"open_addresses": ("call/ada",)},
            "Apply: nobody is known to have been called or taken off, 1 unsure.",
        ),
        (True, 0, {}, "Destroy: nobody was waiting."),
        (True, 1, {}, "Destroy: nobody was taken off, and people may still wait and be called, 1 blocked."),
    ],
)
def test_the_last_line_says_no_more_than_is_known(
    destroy: bool, blocks: int, changes: dict[str, Any], told: str
) -> None:
    plan = plan_of(*(action(Verb.BLOCK, f"b{number}") for number in range(blocks)))
    report = ApplyReport(plan=plan, results={}, destroy=destroy, **changes)
    assert click.unstyle(text.format_report(report)).splitlines()[-1] == told


def test_a_destroy_says_nothing_of_a_state_that_no_manifest_has() -> None:
    assert "2 people who still wait (paused)" in said(Verb.CANCEL, people=2, reasons={"paused": 2})


def test_who_is_forgotten_is_not_said_to_have_been_called() -> None:
    assert "the lock keeps its people, so nobody is called again" in said(Verb.FORGET, people=3)


def test_a_block_that_many_addresses_share_is_told_once() -> None:
    shared = {"reason": Reason.NOT_READ, "detail": "cartesia: no API key", "hint": "set it"}
    told = click.unstyle(
        text.format_plan(plan_of(*(action(Verb.BLOCK, f"b{number}", people=3, **shared) for number in range(400))))
    )
    assert told.count("no API key") == 1
    assert "! batch/b0 and 399 more  block" in told
    assert told.endswith("Plan: nothing is sent. 400 blocked.")


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.RETRY, Verb.WAIT])
def test_a_new_agent_is_shown_whoever_is_called_by_it(verb: Verb) -> None:
    assert "\n      agent_id: a → b\n" in said(verb, changes=(Change("spec.agent_id", "a", "b"),))


def test_the_settings_of_a_new_resource_are_no_changes() -> None:
    assert "agent_id" not in said(Verb.CREATE, changes=(Change("spec.agent_id", None, "b"),))


@pytest.mark.parametrize(("count", "lines"), [(1, 1), (3, 3), (4, 1), (1_000, 1)])
def test_a_warning_that_many_addresses_share_is_said_once(count: int, lines: int) -> None:
    alike = [Notice(f"batch/list-{place}", "nobody is told") for place in range(count)]
    plan = replace(plan_of(action(Verb.CREATE)), warnings=(*alike, Notice("cartesia", "the clock is wrong")))
    told = [line for line in click.unstyle(text.format_plan(plan)).splitlines() if line.startswith("Warning: ")]
    assert len(told) == lines + 1
    assert told[0].startswith("Warning: batch/list-0")
    assert told[-1] == "Warning: cartesia: the clock is wrong"
    assert (f" and {count - 1:,} more: nobody" in told[0]) is (count > 3)
