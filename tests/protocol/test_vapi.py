"""Vapi in whole runs: whatever goes wrong with a request, nobody is called twice, nobody is left out, and nobody is
called after the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.protocol.embedded_project import EmbeddedProject, apply_under, come_to_rest
from tests.protocol.faults_answers import FAULTS, Fault
from tests.protocol.faults_reads import rule
from tests.protocol.voices import BUSY, REACHED, SILENT, VAPI

_HOUR = 3600.0
_TELLING = (
    "request lost",
    "answer lost",
    "answer cut",
    "late",
    "later than the guard",
    "later than settle",
    "500 with effect",
    "500 without",
    "200 page with effect",
    "400",
    "401",
    "429",
)
ONE_AT_ONCE = replace(VAPI, batch_fields="maxConcurrency: 1, ")


def methods(ground: EmbeddedProject) -> set[str]:
    return {str(request["method"]) for request in ground.requests()}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in _TELLING], ids=lambda fault: fault.name)
def test_a_request_that_goes_wrong_calls_nobody_twice_and_leaves_nobody_out(
    ground: EmbeddedProject, fault: Fault
) -> None:
    ground.write(VAPI.batch([REACHED, SILENT]))
    apply_under(ground, rule(VAPI.operation, fault.do))
    ground.advance(_HOUR)
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}
    assert "DELETE" not in methods(ground)


@pytest.mark.parametrize("late", [3000.0, 3900.0, 8000.0])
def test_a_request_that_lands_after_its_end_calls_nobody(ground: EmbeddedProject, late: float) -> None:
    ground.write(VAPI.batch([REACHED]))
    ground.faults(rule(VAPI.operation, {"late": late}))
    ground.apply()
    ground.faults()
    ground.advance(3 * _HOUR)
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1}


def test_people_are_called_once_and_called_again_as_the_manifest_says(ground: EmbeddedProject) -> None:
    ground.write(VAPI.batch([REACHED, SILENT], f"retry: {{max_retries: 1, on: [{VAPI.unanswered}], after: 10m}}, "))
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 2}


@pytest.mark.parametrize("words", [{}, {"keeps_pending": True}])
def test_somebody_who_leaves_the_list_in_time_is_not_called(ground: EmbeddedProject, words: dict[str, bool]) -> None:
    ground.write(VAPI.batch([REACHED, SILENT, BUSY]))
    if words:
        ground.faults(rule("listContacts", words, times=0))
    ground.apply()
    ground.write(VAPI.batch([REACHED, BUSY]))
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}
    assert "PATCH" in methods(ground)
    assert "DELETE" not in methods(ground)


def test_data_of_one_person_move_the_campaign_together(ground: EmbeddedProject) -> None:
    ground.write(VAPI.batch([REACHED, SILENT], data=", variableValues: {plan: free}"))
    ground.apply()
    ground.write(VAPI.batch([REACHED, SILENT], data=", variableValues: {plan: pro}"))
    assert "2 moved" in ground.run("plan").text
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@pytest.mark.parametrize("do", ["lost_answer", {"effect_after": 20}, {"effect_after": "never"}])
def test_a_cancel_that_takes_no_effect_in_time_leads_to_no_second_call(ground: EmbeddedProject, do: object) -> None:
    ground.write(VAPI.batch([REACHED, SILENT]))
    ground.apply()
    ground.advance(110)
    ground.write(VAPI.batch([REACHED, SILENT], "assistantId: assistant-B, "))
    ground.faults(rule(VAPI.cancel, do))
    ground.apply()
    ground.faults()
    ground.advance(_HOUR)
    ground.apply()
    ground.advance(2 * _HOUR)
    ground.apply()
    assert max(ground.calls().values()) == 1


def test_whoever_was_not_called_in_the_window_is_called_in_the_next(ground: EmbeddedProject) -> None:
    numbers = [f"+1{area}5550191" for area in range(201, 301)]
    ground.write(ONE_AT_ONCE.batch(numbers, "expected_call: 30s, "))
    ran = ground.apply()
    assert ran.exit == 0, ran.text
    ground.advance(2 * _HOUR)
    first = ground.calls()
    assert 0 < len(first) < 100
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(numbers, 1)


def test_a_campaign_ends_with_expires_at(ground: EmbeddedProject) -> None:
    numbers = [f"+1{area}5550191" for area in range(201, 221)]
    expires_at = f"{ground.now() + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    ground.write(ONE_AT_ONCE.batch(numbers, f'expires_at: "{expires_at}", '))
    ground.apply()
    ground.advance(3 * _HOUR)
    called = ground.calls()
    assert 0 < len(called) < 20
    ground.apply()
    ground.advance(3 * _HOUR)
    assert ground.calls() == called


def test_a_list_that_lags_or_forgets_leads_to_no_second_call(ground: EmbeddedProject) -> None:
    ground.write(VAPI.batch([REACHED]))
    ground.faults(rule(VAPI.operation, "lost_answer"), rule(VAPI.listing, {"lag": 90}, times=0))
    ground.apply()
    ground.faults()
    ground.advance(_HOUR)
    come_to_rest(ground)
    ground.faults(rule(VAPI.listing, {"retention": 60}, times=0))
    ground.write(VAPI.batch([REACHED, SILENT]))
    ground.apply()
    ground.advance(2 * _HOUR)
    ground.apply()
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_endings_that_nobody_knows_count_as_called(ground: EmbeddedProject) -> None:
    numbers = [f"+141555501{ending}" for ending in range(91, 99)]
    ground.write(VAPI.batch(numbers))
    come_to_rest(ground)
    assert max(ground.calls().values()) == 1
    assert {*numbers} - {*ground.calls()} == {numbers[3]}
    assert ground.run("drift").exit == 0


def test_a_name_that_was_cut_is_taken_back_at_once(ground: EmbeddedProject) -> None:
    ground.write(VAPI.batch([REACHED]))
    ground.faults(rule(VAPI.operation, {"edit": {"name": "surv"}}))
    ran = ground.apply()
    assert ran.exit == 3, ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {}


def test_an_account_without_campaigns_is_told_so_and_nobody_is_called(ground: EmbeddedProject) -> None:
    ground.write(VAPI.batch([REACHED]))
    ground.faults(rule("*", {"no_campaigns": True}, times=0))
    ran = ground.apply()
    assert ran.exit == 1, ran.text
    assert "Campaigns V2 is not enabled" in ran.text
    assert "kind: Call" in ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {}


@pytest.mark.parametrize(("do", "calls"), [("lost_answer", 1), ("lost_request", 0), ({"late": 30}, 1)])
def test_a_single_call_whose_answer_is_lost_is_never_placed_again(
    ground: EmbeddedProject, do: object, calls: int
) -> None:
    ground.write(VAPI.call(REACHED))
    ground.faults(rule("createCall", do))
    ground.apply()
    ground.faults()
    for _ in range(3):
        ground.advance(_HOUR)
        ground.apply()
    assert sum(ground.calls().values()) == calls
