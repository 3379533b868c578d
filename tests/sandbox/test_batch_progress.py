"""Status and counters of a batch, computed when it is read."""

from __future__ import annotations

import httpx

from .account import Account
from .cartesia_requests import counters, create_batch, read_batch, statuses
from .request_bodies import AWAY, BROKEN, BUSY, FAILED, MACHINE, NO_ANSWER, SECOND_TIME, fictional_numbers

HOUR = 3600


def test_a_batch_is_completed_while_its_calls_are_live(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, NO_ANSWER)
    assert counters(made) == ("completed", 1, 1, 0)
    assert statuses(read_batch(cartesia, made)) == ["dispatched"]


def test_outcomes_follow_the_documented_endings(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, NO_ANSWER, BUSY, FAILED, SECOND_TIME, MACHINE, BROKEN)
    account.advance(HOUR)
    people = read_batch(cartesia, made)["recipients"]
    assert [(one["status"], one["end_reason"]) for one in people] == [
        ("failed", "dial_no_answer"),
        ("failed", "dial_busy"),
        ("failed", "dial_failed"),
        ("failed", "dial_no_answer"),
        ("completed", "agent_hangup"),
        ("failed", "error"),
    ]


def test_turned_away_before_dialing_has_an_error_and_no_call(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, AWAY)
    (person,) = read_batch(cartesia, made)["recipients"]
    assert (person["status"], "agent_call_id" in person) == ("failed", False)
    assert person["error_message"]
    assert counters(made) == ("failed", 1, 1, 1)
    assert account.calls()[AWAY] == 0


def test_a_connected_recipient_reads_started(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, MACHINE)
    account.advance(15)
    assert statuses(read_batch(cartesia, made)) == ["started"]


def test_an_over_batch_reads_the_same_for_ever(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, *fictional_numbers(5), NO_ANSWER)
    account.advance(HOUR)
    before = cartesia.get("/agents/calls/batches").json()
    account.advance(HOUR)
    assert cartesia.get("/agents/calls/batches").json() == before
    assert read_batch(cartesia, made).items() >= before["data"][0].items()
