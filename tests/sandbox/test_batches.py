"""Call batches: admission, counters, cancel, retry, as the batch guide describes them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .lab import ADA, Lab, batch_body

NO_ANSWER, BUSY, FAILED, AWAY = "+14155550191", "+14155550192", "+14155550193", "+14155550194"
SECOND_TIME, MACHINE, BROKEN = "+14155550195", "+14155550196", "+14155550197"
HOUR = 3600


@pytest.fixture
def cartesia(lab: Lab) -> httpx.Client:
    return lab.at_cartesia()


def create(cartesia: httpx.Client, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = cartesia.post("/agents/calls/batches", json=batch_body(*numbers, **changes))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def read(cartesia: httpx.Client, batch: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = cartesia.get(f"/agents/calls/batches/{batch['id']}").json()
    return shown


def act(cartesia: httpx.Client, batch: dict[str, Any], verb: str) -> dict[str, Any]:
    response = cartesia.post(f"/agents/calls/batches/{batch['id']}/{verb}")
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


def counters(batch: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(batch[name] for name in ("status", *COUNTED))


COUNTED = ("total_calls_scheduled", "total_calls_dispatched", "total_calls_finished")


def statuses(batch: dict[str, Any]) -> list[str]:
    return [person["status"] for person in batch["recipients"]]


def numbers(count: int) -> list[str]:
    return [f"+1{area}5550142" for area in range(201, 201 + count)]


def test_an_answer_to_create_carries_no_recipients(cartesia: httpx.Client) -> None:
    made = create(cartesia)
    assert "recipients" not in made
    assert "scheduled_at" not in made


def test_a_batch_dials_one_number_a_second(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, *numbers(30), target_concurrency_limit=30)
    lab.advance(10)
    assert read(cartesia, made)["total_calls_dispatched"] == 11


def test_a_sip_number_dials_as_many_at_once_as_its_limit(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, *numbers(30), from_number_id="ap_sip", target_concurrency_limit=7)
    assert made["total_calls_dispatched"] == 7


def test_a_batch_is_completed_while_its_calls_are_live(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, NO_ANSWER)
    assert counters(made) == ("completed", 1, 1, 0)
    assert statuses(read(cartesia, made)) == ["dispatched"]


def test_outcomes_follow_the_documented_endings(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, NO_ANSWER, BUSY, FAILED, SECOND_TIME, MACHINE, BROKEN)
    lab.advance(HOUR)
    people = read(cartesia, made)["recipients"]
    assert [(one["status"], one["end_reason"]) for one in people] == [
        ("failed", "dial_no_answer"),
        ("failed", "dial_busy"),
        ("failed", "dial_failed"),
        ("failed", "dial_no_answer"),
        ("completed", "agent_hangup"),
        ("failed", "error"),
    ]


def test_turned_away_before_dialing_has_an_error_and_no_call(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, AWAY)
    (person,) = read(cartesia, made)["recipients"]
    assert (person["status"], "agent_call_id" in person) == ("failed", False)
    assert person["error_message"]
    assert counters(made) == ("failed", 1, 1, 1)
    assert lab.calls()[AWAY] == 0


def test_a_number_abroad_is_turned_away_from_a_cartesia_number_only(lab: Lab, cartesia: httpx.Client) -> None:
    abroad = "+493012345678"
    assert create(cartesia, abroad)["status"] == "failed"
    assert create(cartesia, abroad, from_number_id="ap_twilio")["status"] == "completed"


def test_a_ringing_time_out_ends_a_call_that_nobody_answers(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, NO_ANSWER, ringing_timeout_seconds=20)
    lab.advance(19)
    assert statuses(read(cartesia, made)) == ["dispatched"]
    lab.advance(2)
    assert statuses(read(cartesia, made)) == ["failed"]


def test_a_connected_recipient_reads_started(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, MACHINE)
    lab.advance(15)
    assert statuses(read(cartesia, made)) == ["started"]


def test_a_scheduled_batch_calls_nobody_before_its_time(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, ADA, scheduled_at=lab.later(120))
    lab.advance(118)
    assert (lab.calls()[ADA], read(cartesia, made)["status"]) == (0, "pending")
    lab.advance(5)
    shown = read(cartesia, made)
    assert (lab.calls()[ADA], shown["admitted_at"]) == (1, shown["scheduled_at"])


def test_a_batch_waits_for_capacity_and_starts_by_itself(lab: Lab, cartesia: httpx.Client) -> None:
    first = create(cartesia, NO_ANSWER, target_concurrency_limit=80)
    second = create(cartesia, NO_ANSWER, target_concurrency_limit=30)
    assert (second["status"], "admitted_at" in second) == ("pending", False)
    lab.advance(HOUR)
    shown = read(cartesia, second)
    assert shown["status"] == "completed"
    assert shown["admitted_at"] == read(cartesia, first)["last_updated_at"]


def test_the_oldest_batch_is_never_overtaken(lab: Lab, cartesia: httpx.Client) -> None:
    create(cartesia, NO_ANSWER, target_concurrency_limit=60)
    waiting = create(cartesia, NO_ANSWER, target_concurrency_limit=50)
    small = create(cartesia, NO_ANSWER, target_concurrency_limit=1)
    assert [waiting["status"], small["status"]] == ["pending", "pending"]
    lab.advance(61)
    assert {read(cartesia, one)["status"] for one in (waiting, small)} == {"completed"}


def test_the_default_target_is_half_of_the_limit(lab: Lab, cartesia: httpx.Client) -> None:
    lab.limits(agent_call_limit=9)
    assert create(cartesia)["target_concurrency_limit"] == 4


def test_cancel_stops_whoever_was_not_dispatched(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, *[NO_ANSWER] * 5, target_concurrency_limit=5)
    lab.advance(2)
    cancelled = act(cartesia, made, "cancel")
    assert counters(cancelled) == ("cancelled", 5, 3, 0)
    lab.advance(HOUR)
    shown = read(cartesia, made)
    assert counters(shown) == ("cancelled", 5, 3, 3)
    assert statuses(shown) == ["failed"] * 3 + ["cancelled"] * 2
    assert lab.calls()[NO_ANSWER] == 3


def test_cancel_is_idempotent(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, scheduled_at=lab.later(600))
    first = act(cartesia, made, "cancel")
    lab.advance(60)
    assert act(cartesia, made, "cancel") == first


def test_a_batch_dispatched_in_full_stays_completed_when_cancelled(cartesia: httpx.Client) -> None:
    assert act(cartesia, create(cartesia, NO_ANSWER), "cancel")["status"] == "completed"


def test_cancel_frees_capacity(lab: Lab, cartesia: httpx.Client) -> None:
    first = create(cartesia, *numbers(60), target_concurrency_limit=100)
    second = create(cartesia, NO_ANSWER, target_concurrency_limit=100)
    act(cartesia, first, "cancel")
    lab.advance(300)
    assert read(cartesia, second)["status"] == "completed"


def test_retry_of_a_cancelled_batch_is_refused(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, scheduled_at=lab.later(600))
    act(cartesia, made, "cancel")
    assert cartesia.post(f"/agents/calls/batches/{made['id']}/retry").status_code == 400


def test_retry_of_a_batch_that_waits_leaves_it_pending(lab: Lab, cartesia: httpx.Client) -> None:
    again = act(cartesia, create(cartesia, scheduled_at=lab.later(60)), "retry")
    assert (again["retry_count"], again["status"]) == (1, "pending")


def test_retry_calls_only_those_not_reached_and_counters_fall(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, MACHINE, NO_ANSWER, AWAY)
    lab.advance(HOUR)
    before = read(cartesia, made)
    assert counters(before) == ("completed", 3, 3, 3)
    again = act(cartesia, made, "retry")
    assert (again["retry_count"], again["status"], again["total_calls_finished"]) == (1, "in_progress", 1)
    lab.advance(HOUR)
    after = read(cartesia, made)
    assert counters(after) == ("completed", 3, 3, 3)
    calls = [[one.get("agent_call_id") for one in shown["recipients"]] for shown in (before, after)]
    assert calls[0][0] == calls[1][0]
    assert calls[0][1] != calls[1][1]
    assert (lab.calls()[MACHINE], lab.calls()[NO_ANSWER], lab.calls()[AWAY]) == (1, 2, 0)


def test_old_attempts_stay_listed(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, NO_ANSWER)
    lab.advance(HOUR)
    act(cartesia, made, "retry")
    listed = cartesia.get("/agents/calls", params={"batch_id": made["id"]}).json()["data"]
    assert [one["status"] for one in listed] == ["created", "failed"]
    assert listed[0]["id"] == read(cartesia, made)["recipients"][0]["agent_call_id"]
    assert cartesia.get(f"/agents/calls/{listed[1]['id']}").json()["end_reason"] == "dial_no_answer"


def test_a_person_reached_at_the_second_attempt(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, SECOND_TIME)
    lab.advance(HOUR)
    act(cartesia, made, "retry")
    lab.advance(HOUR)
    assert statuses(read(cartesia, made)) == ["completed"]


def test_attempts_are_counted_across_batches(lab: Lab, cartesia: httpx.Client) -> None:
    create(cartesia, SECOND_TIME)
    lab.advance(HOUR)
    second = create(cartesia, SECOND_TIME)
    lab.advance(HOUR)
    assert statuses(read(cartesia, second)) == ["completed"]


def test_a_planned_dial_that_was_cancelled_does_not_count_as_an_attempt(lab: Lab, cartesia: httpx.Client) -> None:
    first = create(cartesia, *numbers(3), SECOND_TIME)
    act(cartesia, first, "cancel")
    second = create(cartesia, SECOND_TIME)
    lab.advance(HOUR)
    assert statuses(read(cartesia, second)) == ["failed"]


def test_retry_of_a_running_batch_queues_behind_those_who_wait(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, BUSY, *numbers(20), target_concurrency_limit=1)
    lab.advance(5)
    again = act(cartesia, made, "retry")
    assert again["total_calls_scheduled"] == 21
    assert statuses(read(cartesia, made))[0] == "queued"
    lab.advance(24 * HOUR)
    assert counters(read(cartesia, made)) == ("completed", 21, 21, 21)
    assert lab.calls()[BUSY] == 2


def test_a_retry_waits_for_capacity_like_a_new_batch(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, NO_ANSWER, target_concurrency_limit=100)
    lab.advance(HOUR)
    create(cartesia, *numbers(40), target_concurrency_limit=100)
    again = act(cartesia, made, "retry")
    assert counters(again) == ("in_progress", 1, 0, 0)
    lab.advance(24 * HOUR)
    assert read(cartesia, made)["status"] == "completed"


def test_retry_of_a_batch_that_waits_changes_only_its_count(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, ADA, scheduled_at=lab.later(600))
    assert act(cartesia, made, "retry")["retry_count"] == 1
    lab.advance(HOUR)
    assert lab.calls()[ADA] == 1


def test_the_same_number_twice_calls_twice(lab: Lab, cartesia: httpx.Client) -> None:
    create(cartesia, ADA, ADA)
    lab.advance(5)
    assert lab.calls()[ADA] == 2


def test_an_over_batch_reads_the_same_for_ever(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia, *numbers(5), NO_ANSWER)
    lab.advance(HOUR)
    before = cartesia.get("/agents/calls/batches").json()
    lab.advance(HOUR)
    assert cartesia.get("/agents/calls/batches").json() == before
    assert read(cartesia, made).items() >= before["data"][0].items()


def test_batches_of_another_key_do_not_exist(lab: Lab, cartesia: httpx.Client) -> None:
    made = create(cartesia)
    other = lab.at_cartesia(key="sk_other")
    assert other.get("/agents/calls/batches").json()["data"] == []
    assert other.get(f"/agents/calls/batches/{made['id']}").status_code == 404
    assert other.post(f"/agents/calls/batches/{made['id']}/cancel").status_code == 404


def test_no_batch_is_accepted_beyond_the_usage_limit(lab: Lab, cartesia: httpx.Client) -> None:
    lab.limits(usage_limited=True)
    assert cartesia.post("/agents/calls/batches", json=batch_body()).status_code == 402
