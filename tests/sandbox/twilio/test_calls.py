"""Twilio's calls in the sandbox: the queue, what a cancel does, how calls end, and what is refused."""

from __future__ import annotations

from base64 import b64encode
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from ..account import TWILIO, Account
from ..request_bodies import ADA, BUSY, FAILED, MACHINE, NO_ANSWER, UNKNOWN_WORD, fault_rule, twilio_form

CALLS = f"{TWILIO}/Calls.json"


def place(twilio: httpx.Client, number: str = ADA, **changes: str) -> dict[str, Any]:
    response = twilio.post(CALLS, data=twilio_form(number, **changes))
    assert response.status_code == 201, response.text
    placed: dict[str, Any] = response.json()
    return placed


def read(twilio: httpx.Client, call: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = twilio.get(call["uri"]).json()
    return current


def end(twilio: httpx.Client, call: dict[str, Any], status: str = "canceled") -> httpx.Response:
    return twilio.post(call["uri"], data={"Status": status})


def test_one_call_a_second_leaves_the_queue_of_an_account(twilio: httpx.Client, account: Account) -> None:
    made = [place(twilio, f"+1415555011{digit}", From=f"+1202555010{digit}") for digit in range(3)]
    assert [call["queue_time"] for call in made] == ["1000", "2000", "3000"]
    assert {(call["status"], call["start_time"]) for call in made} == {("queued", None)}
    account.advance(2.5)
    assert [read(twilio, call)["status"] for call in made] == ["ringing", "ringing", "queued"]
    assert len(account.calls()) == 2


def test_the_queue_of_others_may_be_long_and_full(twilio: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("createCall", {"queued_before": 3600}))
    call = place(twilio)
    account.advance(3600)
    assert (read(twilio, call)["status"], account.calls()) == ("queued", {})
    account.advance(2)
    assert account.calls() == {ADA: 1}
    account.faults(fault_rule("createCall", {"queued_before": 86_400}))
    full = twilio.post(CALLS, data=twilio_form())
    assert (full.status_code, full.json()["code"]) == (400, 22005)


def test_a_queued_call_is_cancelled_and_calls_no_phone(twilio: httpx.Client, account: Account) -> None:
    call = place(twilio)
    cancelled = end(twilio, call).json()
    assert (cancelled["status"], cancelled["start_time"], cancelled["duration"]) == ("canceled", None, "0")
    account.advance(600)
    assert (read(twilio, call)["status"], account.calls()) == ("canceled", {})
    # Its place in the queue is free again.
    assert place(twilio)["queue_time"] == "1000"


def test_a_call_that_rings_is_cancelled_and_one_in_progress_goes_on(twilio: httpx.Client, account: Account) -> None:
    ringing = place(twilio, NO_ANSWER)
    account.advance(5)
    cancelled = end(twilio, ringing).json()
    assert (cancelled["status"], cancelled["start_time"] is not None) == ("canceled", True)
    talking = place(twilio)
    account.advance(20)
    assert end(twilio, talking).json()["status"] == "in-progress"
    assert end(twilio, talking, "completed").json()["status"] == "completed"
    refused = end(twilio, talking)
    assert (refused.status_code, refused.json()["code"]) == (400, 21220)
    assert account.calls() == {NO_ANSWER: 1, ADA: 1}


@pytest.mark.parametrize(
    ("number", "status", "answered_by"),
    [
        (ADA, "completed", "human"),
        (NO_ANSWER, "no-answer", None),
        (BUSY, "busy", None),
        (FAILED, "failed", None),
        (MACHINE, "completed", "machine_start"),
        (UNKNOWN_WORD, "diverted", None),
    ],
)
def test_how_calls_end(
    twilio: httpx.Client, account: Account, number: str, status: str, answered_by: str | None
) -> None:
    call = place(twilio, number, MachineDetection="Enable", Timeout="20")
    account.advance(600)
    ended = read(twilio, call)
    assert (ended["status"], ended["answered_by"]) == (status, answered_by)
    assert parsedate_to_datetime(ended["end_time"]) > parsedate_to_datetime(ended["start_time"])
    assert (ended["duration"] != "0") is (status == "completed")


def test_no_header_makes_two_requests_one_call(twilio: httpx.Client, account: Account) -> None:
    headers = {"I-Twilio-Idempotency-Token": "t", "Idempotency-Key": "k"}
    sids = {twilio.post(CALLS, data=twilio_form(), headers=headers).json()["sid"] for _ in range(2)}
    account.advance(60)
    assert (len(sids), account.calls()) == (2, {ADA: 2})


def test_a_suspended_account_places_nothing(twilio: httpx.Client, account: Account) -> None:
    place(twilio)
    account.limits(usage_limited=True)
    refused = twilio.post(CALLS, data=twilio_form())
    assert (refused.status_code, refused.json()["code"]) == (403, 20005)
    assert twilio.get(f"{TWILIO}.json").json()["status"] == "suspended"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": "14155550101"}, 21211),
        ({"From": "+12025559999"}, 21210),
        ({"Url": ""}, 21205),
        ({"Twiml": "<Response/>"}, 21205),
        ({"Url": "ftp://x"}, 21205),
        ({"Timeout": "601"}, 20001),
        ({"Timeout": "soon"}, 20001),
        ({"TimeLimit": "0"}, 20001),
        ({"MachineDetection": "Yes"}, 20001),
        ({"Name": "x"}, 20001),
        ({"Url": "", "Twiml": "x" * 4001}, 20001),
        ({"Url": "", "ApplicationSid": "AP1"}, 20001),
    ],
)
def test_a_wrong_form_is_refused_with_its_code(twilio: httpx.Client, changes: dict[str, str], code: int) -> None:
    refused = twilio.post(CALLS, data=twilio_form() | changes if "To" in changes else twilio_form(**changes))
    assert (refused.status_code, refused.json()["code"], refused.json()["status"]) == (400, code, 400)


def test_json_is_no_form(twilio: httpx.Client) -> None:
    assert twilio.post(CALLS, json=twilio_form()).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic !!", "Basic QUM=", "basic"])
def test_the_key_is_an_account_and_its_token(account: Account, header: str) -> None:
    refused = account.client(Authorization=header).get(CALLS)
    assert (refused.status_code, refused.json()["code"]) == (401, 20003)
    other = b64encode(b"AC9:token").decode()
    assert account.client(Authorization=f"Basic {other}").get(CALLS).status_code == 401
