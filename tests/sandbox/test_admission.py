"""Which batch starts when: capacity, order, schedules."""

from __future__ import annotations

import httpx

from .account import Account
from .cartesia_requests import act_on_batch, counters, create_batch, read_batch
from .request_bodies import ADA, NO_ANSWER, fictional_numbers

HOUR = 3600


def test_a_scheduled_batch_calls_nobody_before_its_time(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, ADA, scheduled_at=account.later(120))
    account.advance(118)
    assert (account.calls()[ADA], read_batch(cartesia, made)["status"]) == (0, "pending")
    account.advance(5)
    shown = read_batch(cartesia, made)
    assert (account.calls()[ADA], shown["admitted_at"]) == (1, shown["scheduled_at"])


def test_a_batch_waits_for_capacity_and_starts_by_itself(account: Account, cartesia: httpx.Client) -> None:
    first = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=80)
    second = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=30)
    assert (second["status"], "admitted_at" in second) == ("pending", False)
    account.advance(HOUR)
    shown = read_batch(cartesia, second)
    assert shown["status"] == "completed"
    assert shown["admitted_at"] == read_batch(cartesia, first)["last_updated_at"]


def test_the_oldest_batch_is_never_overtaken(account: Account, cartesia: httpx.Client) -> None:
    create_batch(cartesia, NO_ANSWER, target_concurrency_limit=60)
    waiting = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=50)
    small = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=1)
    assert [waiting["status"], small["status"]] == ["pending", "pending"]
    account.advance(61)
    assert {read_batch(cartesia, one)["status"] for one in (waiting, small)} == {"completed"}


def test_cancel_frees_capacity(account: Account, cartesia: httpx.Client) -> None:
    first = create_batch(cartesia, *fictional_numbers(60), target_concurrency_limit=100)
    second = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=100)
    act_on_batch(cartesia, first, "cancel")
    account.advance(300)
    assert read_batch(cartesia, second)["status"] == "completed"


def test_a_retry_waits_for_capacity_like_a_new_batch(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, NO_ANSWER, target_concurrency_limit=100)
    account.advance(HOUR)
    create_batch(cartesia, *fictional_numbers(40), target_concurrency_limit=100)
    again = act_on_batch(cartesia, made, "retry")
    assert counters(again) == ("in_progress", 1, 0, 0)
    account.advance(24 * HOUR)
    assert read_batch(cartesia, made)["status"] == "completed"
