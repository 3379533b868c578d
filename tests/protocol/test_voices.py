"""ElevenLabs and Telnyx in whole runs: whatever goes wrong with a request, nobody is called twice, and nobody is left
out."""

from __future__ import annotations

import pytest

from tests.protocol.embedded_project import EmbeddedProject, apply_under, come_to_rest, resolve_like_a_person
from tests.protocol.faults_answers import FAULTS, Fault
from tests.protocol.faults_reads import rule
from tests.protocol.voices import BATCHES, BUSY, CAMPAIGNS, EVENTS, PHONE_CALLS, REACHED, SILENT, VOICES, Voice

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
    "409 with effect",
    "200 page with effect",
    "502 page without",
    "400",
    "401",
    "429",
)
"""Of the faults of every request that dials, one of each kind."""

voices = pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.title.replace(" ", "-"))


@voices
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in _TELLING], ids=lambda fault: fault.name)
def test_a_request_that_goes_wrong_calls_nobody_twice_and_leaves_nobody_out(
    ground: EmbeddedProject, voice: Voice, fault: Fault
) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    apply_under(ground, rule(voice.operation, fault.do))
    ground.advance(_HOUR)
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


keyed = pytest.mark.parametrize("voice", [CAMPAIGNS, EVENTS, PHONE_CALLS], ids=lambda voice: voice.title)
_UNANSWERED = ("request lost", "answer lost", "answer cut", "late", "later than the guard", "later than settle")
"""After these the key holds, whatever became of the request."""


@keyed
@pytest.mark.parametrize("lag", [0, 40], ids=["shown at once", "shown later"])
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.name in _UNANSWERED], ids=lambda fault: fault.name
)
def test_with_a_key_a_lost_create_is_settled_in_seconds_and_nobody_waits_for_settle(
    ground: EmbeddedProject, voice: Voice, fault: Fault, lag: int
) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    ground.faults(rule(voice.operation, fault.do), *([rule(voice.listing, {"lag": lag}, times=0)] if lag else []))
    began = ground.now()
    ran = ground.apply()
    assert (ran.exit, "not proven" in ran.text) == (0, False), ran.text
    assert "was sent again under its key" in ran.text or "found again by its mark" in ran.text, ran.text
    assert not ground.record("batch/survey").get("intents")
    assert (ground.now() - began).total_seconds() < 100, "settle is five minutes, and the guard two"
    ground.faults()
    ground.advance(_HOUR)
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@keyed
def test_who_entered_a_do_not_call_list_after_a_lost_answer_is_not_called_by_the_repeat(
    ground: EmbeddedProject, voice: Voice
) -> None:
    """The run ends before it can settle anything: no list can be read, and no request arrives."""
    no_list = {"status": {"code": 500, "effect": False}}
    ground.write(voice.batch([REACHED, SILENT, BUSY]))
    ground.faults(rule(voice.operation, "lost_request", times=0), rule(voice.listing, no_list, after=1, times=0))
    assert ground.apply().exit == 3
    ground.faults()
    (ground.directory / "dnc.csv").write_text(f"to_number\n{SILENT}\n")
    ground.write(voice.batch([REACHED, SILENT, BUSY], more="policy: {suppress_from: [{file: dnc.csv}]}, "))
    for _ in range(3):
        ground.apply()
        ground.advance(2 * _HOUR)
        resolve_like_a_person(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}


@voices
def test_people_are_called_once_and_called_again_as_the_manifest_says(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(
        voice.batch([REACHED, SILENT], more=f"retry: {{max_retries: 1, on: [{voice.unanswered}], after: 10m}}, ")
    )
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 2}


@voices
def test_a_call_is_a_batch_of_one_that_can_be_taken_back(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.call(REACHED))
    assert ground.apply().exit == 0
    ground.write(voice.batch([BUSY]))
    ran = ground.apply("--allow-shrink", "call/survey")
    assert ran.exit == 0, ran.text
    come_to_rest(ground)
    assert ground.calls() == {BUSY: 1}


@voices
def test_new_settings_move_whoever_still_waits(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    ground.apply()
    ground.write(voice.batch([REACHED, SILENT], more=f"{voice.agent}: agent_B, "))
    plan = ground.run("plan")
    assert "2 moved" in plan.text, plan.text
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@voices
def test_somebody_who_leaves_the_list_in_time_is_not_called(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED, SILENT, BUSY]))
    ground.apply()
    ground.write(voice.batch([REACHED, BUSY]))
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, BUSY: 1}


@voices
def test_changed_data_of_one_person_move_that_person(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED, SILENT], data=", dynamic_variables: {plan: free}"))
    ground.apply()
    ground.write(voice.batch([REACHED, SILENT], data=", dynamic_variables: {plan: pro}"))
    assert "2 moved" in ground.run("plan").text
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}
    assert ground.run("drift").exit == 0


@voices
def test_a_list_that_lags_leads_to_no_second_call(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    ground.faults(rule(voice.operation, "lost_answer"), rule(voice.listing, {"lag": 90}, times=0))
    ground.apply()
    ground.faults()
    ground.advance(_HOUR)
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
def test_a_search_that_finds_nothing_leads_to_no_second_call(ground: EmbeddedProject, fault: str) -> None:
    ground.write(CAMPAIGNS.batch([REACHED, SILENT]))
    blind = rule(CAMPAIGNS.listing, {"lag": 90, "blind_search": True}, times=0)
    ground.faults(rule(CAMPAIGNS.operation, fault), blind)
    ground.apply()
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@voices
def test_a_name_that_was_cut_is_taken_back_at_once(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED]))
    cut = {"submitCampaign": {"campaign": {"call_name": "surv"}}, "submitBatch": {"name": "surv"}}
    ground.faults(rule(voice.operation, {"edit": cut.get(voice.operation, {"conversation_metadata": None})}))
    ran = ground.apply()
    assert ran.exit == 3, ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {}


def test_a_campaign_that_would_call_again_is_taken_back_at_once(ground: EmbeddedProject) -> None:
    ground.write(CAMPAIGNS.batch([REACHED]))
    more = {"campaign": {"policy": {"retry": {"max_total_calls": 3}}}}
    ground.faults(rule(CAMPAIGNS.operation, {"edit": more}))
    ran = ground.apply()
    assert (ran.exit, "retries of its own" in ran.text) == (3, True), ran.text
    ground.advance(_HOUR)
    assert ground.calls() == {}


def test_a_batch_that_began_is_not_moved_and_nobody_of_it_is_called_twice(ground: EmbeddedProject) -> None:
    more = "target_concurrency_limit: 1, "
    ground.write(BATCHES.batch([REACHED, SILENT, BUSY], more=more))
    ground.apply()
    ground.advance(125)
    assert ground.calls() == {REACHED: 1}
    ground.write(BATCHES.batch([REACHED, SILENT, BUSY], more=f"{more}agent_id: agent_B, "))
    ground.apply()
    ground.advance(_HOUR)
    ground.apply()
    ground.advance(_HOUR)
    assert max(ground.calls().values()) == 1


def test_an_account_without_campaigns_is_told_the_other_way(ground: EmbeddedProject) -> None:
    ground.write(CAMPAIGNS.batch([REACHED]))
    ground.faults(rule("listCampaigns", {"status": {"code": 403, "effect": False}}, times=0))
    ran = ground.apply()
    assert ran.exit == 1, ran.text
    assert 'api_version: "batch-calling"' in ran.text


@voices
def test_a_key_that_is_not_honoured_leads_to_no_second_call(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    ground.faults(rule(voice.operation, {"key_life": 0}, times=0), rule(voice.operation, "lost_answer"))
    ground.apply()
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@voices
def test_a_list_that_forgets_leads_to_no_second_call(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch([REACHED]))
    come_to_rest(ground)
    ground.faults(rule(voice.listing, {"retention": 60}, times=0))
    ground.write(voice.batch([REACHED, SILENT]))
    ground.apply()
    ground.advance(2 * _HOUR)
    ground.apply()
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@voices
def test_endings_that_nobody_knows_count_as_called(ground: EmbeddedProject, voice: Voice) -> None:
    numbers = [f"+141555501{ending}" for ending in range(91, 99)]
    ground.write(voice.batch(numbers))
    come_to_rest(ground)
    assert max(ground.calls().values()) == 1
    turned_away = {numbers[3]}
    assert {*numbers} - {*ground.calls()} == turned_away
    assert ground.run("drift").exit == 0


def test_an_event_that_has_begun_is_not_deleted(ground: EmbeddedProject) -> None:
    ground.write(EVENTS.batch([REACHED, SILENT]))
    ground.apply()
    ground.advance(100)
    ground.write(EVENTS.batch([REACHED]))
    ran = ground.apply()
    assert "DELETE" not in [request["method"] for request in ground.requests()], ran.text
    assert "1 person no longer wanted waits in what begins within 30 seconds, or has begun" in ran.text
    ground.advance(_HOUR)
    ground.apply()
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@pytest.mark.parametrize(
    ("fault", "pause", "exit_code", "calls"),
    [
        ("lost_answer", 30, 0, {REACHED: 1}),  # the next run sees in time that it is gone
        ("lost_answer", _HOUR, 3, {}),
    ],
)
def test_a_deletion_frees_nobody_without_a_proof_from_before_the_start(
    ground: EmbeddedProject, fault: object, pause: float, exit_code: int, calls: dict[str, int]
) -> None:
    ground.write(EVENTS.batch([REACHED]))
    ground.apply()
    ground.write(EVENTS.batch([REACHED], more="assistant_id: agent_B, "))
    ground.faults(rule(EVENTS.cancel, fault))
    assert ground.apply().exit == 1
    ground.advance(pause)
    ran = ground.apply()
    ground.advance(_HOUR)
    assert (ran.exit, ground.calls()) == (exit_code, calls), ran.text
    assert ("dialctl resolve batch/survey#assistant-A:" in ran.text) == (exit_code == 3)


@pytest.mark.parametrize(("pause", "exit_code"), [(10, 0), (100, 0), (130, 3)])
def test_a_halt_takes_back_events_that_have_not_begun_and_deletes_no_other(
    ground: EmbeddedProject, pause: float, exit_code: int
) -> None:
    ground.write(EVENTS.batch([REACHED, SILENT]))
    ground.apply()
    ground.advance(pause)
    halted = ground.run("halt", "batch/survey", "--reason", "a mistake")
    assert halted.exit == exit_code, halted.text
    deleted = [request for request in ground.requests() if request["method"] == "DELETE"]
    assert len(deleted) == (0 if exit_code else 2)
    ground.advance(_HOUR)
    assert sum(ground.calls().values()) == (2 if exit_code else 0)
    ground.run("resolve", "batch/survey", "--resume")
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}
