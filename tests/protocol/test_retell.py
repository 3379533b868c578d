"""Retell in whole runs: single calls under a key that lives for an hour, found by their mark once they have begun."""

from __future__ import annotations

import pytest

from tests.protocol.embedded_project import EmbeddedProject, finish
from tests.protocol.faults_reads import rule
from tests.protocol.voices import PHONE_CALLS, REACHED, SILENT

_HOUR = 3600.0


def sends(ground: EmbeddedProject) -> int:
    return sum(request["operation"] == PHONE_CALLS.operation for request in ground.requests())


@pytest.mark.parametrize("fault", ["lost_answer", "lost_request", {"late": 30}])
def test_a_lost_answer_is_settled_by_the_same_run_under_the_key(ground: EmbeddedProject, fault: object) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, fault))
    ran = ground.apply()
    assert (ran.exit, "was sent again under its key" in ran.text, sends(ground)) == (0, True, 2), ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 1}


def test_within_fifty_minutes_the_next_run_sends_the_same_request_again(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, "lost_request", times=2))
    assert ground.apply().exit == 3
    ground.advance(45 * 60)
    plan = ground.run("plan")
    assert "apply sends the same request for 1 person again" in plan.text, plan.text
    ran = ground.apply()
    assert (ran.exit, "was sent again under its key" in ran.text, sends(ground)) == (0, True, 3), ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 1}


def test_a_repeat_after_a_later_wave_leaves_the_lock_as_young_as_it_is(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, "lost_request", times=2))
    ground.apply()
    ground.write(PHONE_CALLS.batch([REACHED, SILENT]))
    ran = ground.apply()
    assert (ran.exit, ground.record("batch/survey")["generation"]) == (0, 2), ran.text
    ground.advance(_HOUR)
    assert (ground.run("plan").exit, ground.calls()) == (0, {REACHED: 1, SILENT: 1})


def test_after_fifty_minutes_only_the_list_or_a_person_can_tell(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED, SILENT]))
    ground.faults(rule(PHONE_CALLS.operation, "lost_request", times=4))
    ground.apply()
    ground.faults()
    ground.advance(51 * 60)
    ran = ground.apply()
    assert (ran.exit, ground.calls(), sends(ground)) == (3, {}, 4), ran.text
    assert "--placed | --not-placed" in ran.text
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_a_lost_call_is_adopted_once_the_list_shows_it(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, "lost_answer", times=2))
    assert ground.apply().exit == 3
    ground.faults()
    ground.advance(2 * _HOUR)
    ran = ground.apply()
    assert (ran.exit, "found again by its mark" in ran.text, sends(ground)) == (0, True, 2), ran.text
    assert ground.calls() == {REACHED: 1}


@pytest.mark.parametrize("do", [{"blind_search": True}, {"lag": 7200}, {"retention": 60}, {"unstarted": "last"}])
def test_a_search_that_shows_nothing_leads_to_no_call(ground: EmbeddedProject, do: object) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    lost = rule(PHONE_CALLS.operation, "lost_answer", times=2)
    ground.faults(lost, rule(PHONE_CALLS.listing, do, times=0))
    ground.apply()
    for _ in range(3):
        ground.advance(_HOUR)
        ground.apply()
    assert ground.calls() == {REACHED: 1}


def test_a_key_that_is_not_honoured_is_seen_as_a_call_of_ours_that_nobody_asked_for(ground: EmbeddedProject) -> None:
    """What remains: the repeat calls again. It is shown, and nothing more is sent."""
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, "lost_answer"), rule(PHONE_CALLS.operation, {"key_life": 0}, times=0))
    ground.apply()
    finish(ground)
    assert (ground.calls(), sends(ground)) == ({REACHED: 2}, 2)


def test_a_key_that_answers_another_call_is_not_believed(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED]))
    ground.faults(rule(PHONE_CALLS.operation, {"edit": {"metadata": {"dialctl": "other"}}}, times=2))
    ran = ground.apply()
    assert ran.exit == 3, ran.text
    ground.faults()
    finish(ground)
    assert ground.calls() == {REACHED: 1}


def test_money_that_is_missing_stops_the_run_and_the_rest_is_called_later(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED, SILENT]))
    ground.limits(usage_limited=True)
    assert ground.apply().exit == 1
    assert sends(ground) == 1
    ground.faults(rule(PHONE_CALLS.operation, {"refusal": 201}, times=0))
    ground.apply()
    ground.advance(_HOUR)
    ground.faults()
    ground.limits(usage_limited=False)
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@pytest.mark.parametrize("at_limit", ["refuse", "end"])
def test_above_the_limit_people_wait_or_are_turned_away(ground: EmbeddedProject, at_limit: str) -> None:
    more = "retry: {max_retries: 2, on: [pre_dial]}, "
    ground.write(PHONE_CALLS.batch([REACHED, SILENT], more=more))
    ground.limits(agent_call_limit=1)
    ground.faults(rule(PHONE_CALLS.operation, {"at_limit": at_limit}, times=0))
    for _ in range(3):
        ground.apply()
        ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_a_number_that_is_not_kept_counts_by_its_mark_alone(ground: EmbeddedProject) -> None:
    masked = {"to_number": "+1415*****01", "metadata": None}
    ground.write(PHONE_CALLS.batch([REACHED, SILENT], more="retry: {max_retries: 1, on: [dial_no_answer]}, "))
    ground.faults(rule("getCall", {"edit": masked}, times=0), rule("listCalls", {"edit_items": masked}, times=0))
    for _ in range(3):
        ground.apply()
        ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_who_leaves_the_list_after_the_call_was_placed_cannot_be_taken_off(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.batch([REACHED, SILENT]))
    plan = ground.run("plan")
    assert "once placed, a call is neither moved nor taken off" in plan.text
    ground.apply()
    ground.write(PHONE_CALLS.batch([REACHED], more="override_agent_id: agent_B, "))
    ground.apply()
    ground.advance(_HOUR)
    assert (ground.calls(), sends(ground)) == ({REACHED: 1, SILENT: 1}, 2)


def test_its_own_batches_are_refused_with_the_reason(ground: EmbeddedProject) -> None:
    ground.write(PHONE_CALLS.call(REACHED, more="via: batch, "))
    said = ground.run("validate").text
    assert "retell v2) has no batches: Retell's own batches can be neither listed, read nor cancelled" in said
