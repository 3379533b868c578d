"""Retell's calls: their key, what is shown of them and when, how they end; and batches that nothing finds again."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..request_bodies import (
    ADA,
    AWAY,
    BROKEN,
    BUSY,
    CALL_LIST,
    FAILED,
    MACHINE,
    NO_ANSWER,
    PHONE_CALLS,
    UNKNOWN_WORD,
    fault_rule,
    phone_call_body,
)

_BATCH = {"from_number": "+12025550100", "tasks": [{"to_number": ADA, "metadata": {"dialctl": "m"}}]}


def place(retell: httpx.Client, number: str = ADA, **changes: Any) -> dict[str, Any]:
    response = retell.post(PHONE_CALLS, json=phone_call_body(number, **changes))
    assert response.status_code == 201, response.text
    placed: dict[str, Any] = response.json()
    return placed


def read(retell: httpx.Client, call: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = retell.get(f"/v2/get-call/{call['call_id']}").json()
    return current


def test_a_key_names_one_call_for_an_hour_from_its_first_use(retell: httpx.Client, account: Account) -> None:
    first = place(retell, idempotency_key="m")
    account.advance(3000)
    assert place(retell, idempotency_key="m") == first
    account.advance(601)
    assert place(retell, idempotency_key="m")["call_id"] != first["call_id"]
    account.advance(60)
    assert account.calls() == {ADA: 2}


def test_a_key_may_not_be_honoured(retell: httpx.Client, account: Account) -> None:
    first = place(retell, idempotency_key="m")
    account.faults(fault_rule("createPhoneCall", {"key_life": 0}))
    assert place(retell, idempotency_key="m")["call_id"] != first["call_id"]


def test_a_key_with_another_body_is_refused_or_answers_the_first(retell: httpx.Client, account: Account) -> None:
    first = place(retell, idempotency_key="m")
    refused = retell.post(PHONE_CALLS, json=phone_call_body(BUSY, idempotency_key="m"))
    assert (refused.status_code, refused.json()["status"]) == (422, "error")
    account.faults(fault_rule("createPhoneCall", {"other_body": "first"}))
    assert place(retell, BUSY, idempotency_key="m") == first


def test_a_call_shows_its_start_once_it_is_connected_or_over(retell: httpx.Client, account: Account) -> None:
    call = place(retell, metadata={"dialctl": "m"}, retell_llm_dynamic_variables={"name": "Ada"})
    assert (call["call_status"], "start_timestamp" in call) == ("registered", False)
    account.advance(20)
    going_on = read(retell, call)
    assert (going_on["call_status"], going_on["start_timestamp"] > 10**12) == ("ongoing", True)
    account.advance(600)
    ended = read(retell, call)
    assert ended["end_timestamp"] - ended["start_timestamp"] == ended["duration_ms"]
    assert (ended["metadata"], ended["retell_llm_dynamic_variables"]) == ({"dialctl": "m"}, {"name": "Ada"})


@pytest.mark.parametrize(
    ("number", "status", "reason", "calls"),
    [
        (NO_ANSWER, "not_connected", "dial_no_answer", 1),
        (BUSY, "not_connected", "dial_busy", 1),
        (FAILED, "not_connected", "dial_failed", 1),
        (AWAY, "error", "concurrency_limit_reached", 0),
        (MACHINE, "ended", "voicemail_reached", 1),
        (BROKEN, "error", "error_llm_websocket_lost_connection", 1),
        (UNKNOWN_WORD, "not_connected", "diverted", 1),
    ],
)
def test_each_ending_has_its_words(
    retell: httpx.Client, account: Account, number: str, status: str, reason: str, calls: int
) -> None:
    call = place(retell, number)
    account.advance(600)
    ended = read(retell, call)
    assert (ended["call_status"], ended["disconnection_reason"]) == (status, reason)
    assert account.calls()[number] == calls
    assert ("start_timestamp" in ended) == (calls == 1)


def test_want_of_money_is_refused_or_ends_the_call(retell: httpx.Client, account: Account) -> None:
    account.limits(usage_limited=True)
    answer = retell.post(PHONE_CALLS, json=phone_call_body())
    assert (answer.status_code, set(answer.json())) == (402, {"error_message"})
    account.faults(fault_rule("createPhoneCall", {"refusal": 201}))
    call = place(retell)
    account.advance(600)
    assert (read(retell, call)["disconnection_reason"], account.calls()) == ("no_valid_payment", {})


def test_above_the_limit_a_call_is_refused_or_ends(retell: httpx.Client, account: Account) -> None:
    account.limits(agent_call_limit=1)
    place(retell)
    assert retell.post(PHONE_CALLS, json=phone_call_body(BUSY)).status_code == 429
    assert retell.get("/get-concurrency").json() == {"current_concurrency": 1, "concurrency_limit": 1}
    account.faults(fault_rule("createPhoneCall", {"at_limit": "end"}))
    call = place(retell, BUSY)
    account.advance(600)
    assert (read(retell, call)["disconnection_reason"], account.calls()) == ("concurrency_limit_reached", {ADA: 1})


def test_only_a_connected_call_can_be_stopped(retell: httpx.Client, account: Account) -> None:
    call = place(retell)
    path = f"/v2/stop-call/{call['call_id']}"
    assert retell.post(path).status_code == 422
    account.advance(20)
    assert retell.post(path).status_code == 204
    assert read(retell, call)["disconnection_reason"] == "manual_stopped"


@pytest.mark.parametrize(
    "changes",
    [
        {"from_number": None},
        {"from_number": "+442079460000"},
        {"to_number": "4155550100"},
        {"to_number": "+442079460000"},
        {"override_agent_id": "agent_missing"},
        {"override_agent_version": True},
        {"metadata": "x"},
        {"retell_llm_dynamic_variables": {"age": 3}},
        {"idempotency_key": ""},
        {"honor_internal_dnc": "yes"},
        {"scheduled_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_bad_call_is_refused_and_calls_nobody(
    retell: httpx.Client, account: Account, changes: dict[str, Any]
) -> None:
    body = {name: value for name, value in phone_call_body(**changes).items() if value is not None}
    answer = retell.post(PHONE_CALLS, json=body)
    assert (answer.status_code, answer.json()["status"]) == (422, "error")
    account.advance(60)
    assert account.calls() == {}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_revoked"}, {"x-api-key": "k"}])
def test_retell_wants_a_bearer_key(account: Account, headers: dict[str, str]) -> None:
    assert account.client(**headers).get("/get-concurrency").status_code == 401


def test_a_batch_calls_at_its_time_and_nothing_finds_it(retell: httpx.Client, account: Account) -> None:
    due = int((account.now().timestamp() + 120) * 1000)
    made = retell.post("/create-batch-call", json=_BATCH | {"trigger_timestamp": due}).json()
    assert made["scheduled_timestamp"] == due // 1000
    account.faults(fault_rule("listCalls", {"unstarted": "first"}, times=0))
    assert retell.post(CALL_LIST, json={}).json()["items"] == []
    assert retell.get(f"/v2/get-call/{made['batch_call_id']}").status_code == 404
    account.advance(115)
    assert account.calls() == {}
    account.advance(60)
    assert account.calls() == {ADA: 1}
    [call] = retell.post(CALL_LIST, json={}).json()["items"]
    assert (call["batch_call_id"], call["metadata"]) == (made["batch_call_id"], {"dialctl": "m"})
