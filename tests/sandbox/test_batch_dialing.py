"""Batches dial, cancel and retry as the batch guide describes it."""

from __future__ import annotations

import httpx

from .account import Account
from .cartesia_requests import act_on_batch, counters, create_batch, read_batch, statuses
from .request_bodies import ADA, AWAY, BUSY, MACHINE, NO_ANSWER, fictional_numbers

HOUR = 3600


def test_a_batch_dials_one_number_a_second(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, *fictional_numbers(30), target_concurrency_limit=30)
    account.advance(10)
    assert read_batch(cartesia, made)["total_calls_dispatched"] == 11


def test_a_sip_number_dials_as_many_at_once_as_its_limit(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, *fictional_numbers(30), from_number_id="ap_sip", target_concurrency_limit=7)
    assert made["total_calls_dispatched"] == 7


def test_a_number_abroad_is_turned_away_from_a_cartesia_number_only(account: Account, cartesia: httpx.Client) -> None:
    abroad = "+493012345678"
    assert create_batch(cartesia, abroad)["status"] == "failed"
    assert create_batch(cartesia, abroad, from_number_id="ap_twilio")["status"] == "completed"


def test_a_ringing_time_out_ends_a_call_that_nobody_answers(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, NO_ANSWER, ringing_timeout_seconds=20)
    account.advance(19)
    assert statuses(read_batch(cartesia, made)) == ["dispatched"]
    account.advance(2)
    assert statuses(read_batch(cartesia, made)) == ["failed"]


def test_cancel_stops_whoever_was_not_dispatched(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, *[NO_ANSWER] * 5, target_concurrency_limit=5)
    account.advance(2)
    cancelled = act_on_batch(cartesia, made, "cancel")
    assert counters(cancelled) == ("cancelled", 5, 3, 0)
    account.advance(HOUR)
    shown = read_batch(cartesia, made)
    assert counters(shown) == ("cancelled", 5, 3, 3)
    assert statuses(shown) == ["failed"] * 3 + ["cancelled"] * 2
    assert account.calls()[NO_ANSWER] == 3


def test_cancel_is_idempotent(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, scheduled_at=account.later(600))
    first = act_on_batch(cartesia, made, "cancel")
    account.advance(60)
    assert act_on_batch(cartesia, made, "cancel") == first


def test_a_batch_dispatched_in_full_stays_completed_when_cancelled(cartesia: httpx.Client) -> None:
    assert act_on_batch(cartesia, create_batch(cartesia, NO_ANSWER), "cancel")["status"] == "completed"


def test_retry_of_a_batch_that_waits_leaves_it_pending(account: Account, cartesia: httpx.Client) -> None:
    again = act_on_batch(cartesia, create_batch(cartesia, scheduled_at=account.later(60)), "retry")
    assert (again["retry_count"], again["status"]) == (1, "pending")


def test_retry_calls_only_those_not_reached_and_counters_fall(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, MACHINE, NO_ANSWER, AWAY)
    account.advance(HOUR)
    before = read_batch(cartesia, made)
    assert counters(before) == ("completed", 3, 3, 3)
    again = act_on_batch(cartesia, made, "retry")
    assert (again["retry_count"], again["status"], again["total_calls_finished"]) == (1, "in_progress", 1)
    account.advance(HOUR)
    after = read_batch(cartesia, made)
    assert counters(after) == ("completed", 3, 3, 3)
    calls = [[one.get("agent_call_id") for one in shown["recipients"]] for shown in (before, after)]
    assert calls[0][0] == calls[1][0]
    assert calls[0][1] != calls[1][1]
    assert (account.calls()[MACHINE], account.calls()[NO_ANSWER], account.calls()[AWAY]) == (1, 2, 0)


def test_retry_of_a_running_batch_queues_behind_those_who_wait(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, BUSY, *fictional_numbers(20), target_concurrency_limit=1)
    account.advance(5)
    again = act_on_batch(cartesia, made, "retry")
    assert again["total_calls_scheduled"] == 21
    assert statuses(read_batch(cartesia, made))[0] == "queued"
    account.advance(24 * HOUR)
    assert counters(read_batch(cartesia, made)) == ("completed", 21, 21, 21)
    assert account.calls()[BUSY] == 2


def test_retry_of_a_batch_that_waits_changes_only_its_count(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, ADA, scheduled_at=account.later(600))
    assert act_on_batch(cartesia, made, "retry")["retry_count"] == 1
    account.advance(HOUR)
    assert account.calls()[ADA] == 1


def test_the_same_number_twice_calls_twice(account: Account, cartesia: httpx.Client) -> None:
    create_batch(cartesia, ADA, ADA)
    account.advance(5)
    assert account.calls()[ADA] == 2
