"""CallingBox's answers about a call: statuses, result, charge, transcript."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..callingbox_requests import place_call, reached_number, read_call
from ..request_bodies import MACHINE, NO_ANSWER


def test_a_call_runs_through_its_statuses(account: Account, box: httpx.Client) -> None:
    call, seen = place_call(box, reached_number()), []
    for wait in (0.0, 0.5, 1.0, 5.0, 300.0):
        account.advance(wait)
        seen.append(read_call(box, call)["status"])
    assert seen == ["queued", "initiated", "ringing", "in_progress", "completed"]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (NO_ANSWER, "no_answer"),
        ("+14155550192", "busy"),
        ("+14155550193", "failed"),
        ("+14155550194", "failed"),
        (MACHINE, "no_answer"),
        ("+14155550197", "failed"),
    ],
)
def test_endings_by_number(account: Account, box: httpx.Client, number: str, status: str) -> None:
    call = place_call(box, number)
    account.advance(600)
    shown = read_call(box, call)
    assert shown["status"] == status
    assert (shown["result"], shown["result_status"]) == (None, "pending")
    assert (shown["billing_amount_milli_cents"], shown["reservation_status"]) == (0, "released")
    assert bool(shown["error_code"]) == (status == "failed")


def test_only_a_machine_is_named_as_what_answered(account: Account, box: httpx.Client) -> None:
    calls = [place_call(box, number) for number in (MACHINE, NO_ANSWER)]
    account.advance(600)
    assert [read_call(box, call).get("answered_by") for call in calls] == ["machine", None]


def test_the_result_follows_two_seconds_after_a_conversation(account: Account, box: httpx.Client) -> None:
    call = place_call(box, reached_number())
    while read_call(box, call)["status"] != "completed":
        account.advance(1)
    early = read_call(box, call)["result_status"]
    account.advance(3)
    shown = read_call(box, call)
    assert (early, shown["result_status"]) == ("pending", "completed")
    assert set(shown["result"]) == set(shown["returns"]) == {"confirmed"}


def test_connected_time_is_charged(account: Account, box: httpx.Client) -> None:
    call = place_call(box, reached_number())
    account.advance(600)
    shown = read_call(box, call)
    assert shown["billing_amount_milli_cents"] == shown["billed_duration_seconds"] * 5000 // 60
    assert shown["reservation_status"] == "settled"


def test_metadata_context_and_instructions_come_back(box: httpx.Client) -> None:
    sent: dict[str, Any] = {"metadata": {"key": "k-1"}, "context": {"first": "Ada"}, "instructions": "Be brief."}
    shown = read_call(box, place_call(box, **sent))
    assert {name: shown[name] for name in sent} == sent


def test_a_transcript_exists_after_a_conversation(account: Account, box: httpx.Client) -> None:
    talked, missed = place_call(box, reached_number()), place_call(box, NO_ANSWER)
    account.advance(600)
    segments = [box.get(f"/v1/calls/{one['id']}/transcript").json()["segments"] for one in (talked, missed)]
    assert ([one["role"] for one in segments[0]], segments[1]) == (["agent", "user"], [])
