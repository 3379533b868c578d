"""How often a number was dialed decides what happens next."""

from __future__ import annotations

import httpx

from .account import Account
from .cartesia_requests import act_on_batch, create_batch, read_batch, statuses
from .request_bodies import SECOND_TIME, fictional_numbers

HOUR = 3600


def test_a_person_reached_at_the_second_attempt(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, SECOND_TIME)
    account.advance(HOUR)
    act_on_batch(cartesia, made, "retry")
    account.advance(HOUR)
    assert statuses(read_batch(cartesia, made)) == ["completed"]


def test_attempts_are_counted_across_batches(account: Account, cartesia: httpx.Client) -> None:
    create_batch(cartesia, SECOND_TIME)
    account.advance(HOUR)
    second = create_batch(cartesia, SECOND_TIME)
    account.advance(HOUR)
    assert statuses(read_batch(cartesia, second)) == ["completed"]


def test_a_planned_dial_that_was_cancelled_does_not_count_as_an_attempt(
    account: Account, cartesia: httpx.Client
) -> None:
    first = create_batch(cartesia, *fictional_numbers(3), SECOND_TIME)
    act_on_batch(cartesia, first, "cancel")
    second = create_batch(cartesia, SECOND_TIME)
    account.advance(HOUR)
    assert statuses(read_batch(cartesia, second)) == ["failed"]
