"""Cartesia's single calls and the list of all calls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..cartesia_requests import list_calls, place_calls
from ..request_bodies import ADA, AWAY, MACHINE, NO_ANSWER, VARIABLES, batch_body, calls_body


def test_entries_come_in_the_order_asked_for_with_ids_or_errors(account: Account, cartesia: httpx.Client) -> None:
    first, away, last = place_calls(cartesia, ADA, AWAY, NO_ANSWER)
    assert [first["number"], away["number"], last["number"]] == [ADA, AWAY, NO_ANSWER]
    assert "agent_call_id" not in away
    assert away["error"]["message"]
    assert (account.calls()[ADA], account.calls()[AWAY]) == (1, 0)


def test_a_queued_call_is_listed_at_once_without_a_start_time(cartesia: httpx.Client) -> None:
    place_calls(cartesia, ADA, NO_ANSWER)
    newest, _ = list_calls(cartesia)["data"]
    assert (newest["telephony_params"]["to"], newest["status"], newest["start_time"]) == (NO_ANSWER, "created", None)


def test_a_call_goes_from_created_over_started_to_completed(account: Account, cartesia: httpx.Client) -> None:
    (one,) = place_calls(cartesia, MACHINE)
    seen = []
    for _ in range(3):
        seen.append(cartesia.get(f"/agents/calls/{one['agent_call_id']}").json()["status"])
        account.advance(15)
    assert seen == ["created", "started", "completed"]


def test_a_call_is_cut_at_its_longest_duration(account: Account, cartesia: httpx.Client) -> None:
    people = [f"+1{area}5550142" for area in range(201, 240)]
    placed = place_calls(cartesia, *people, max_call_duration_minutes=1, from_number_id="ap_sip")
    account.advance(3600)
    reasons = {cartesia.get(f"/agents/calls/{one['agent_call_id']}").json()["end_reason"] for one in placed}
    assert "max_duration" in reasons


def test_a_bad_destination_is_an_entry_in_2026_08_14_and_a_refusal_before(
    account: Account, cartesia: httpx.Client
) -> None:
    bad, good = place_calls(account.at_cartesia(VARIABLES), "12", ADA)
    assert "agent_call_id" in good
    assert "to_number" in bad["error"]["message"]
    assert cartesia.post("/agents/calls", json=calls_body("12", NO_ANSWER)).status_code == 400
    assert account.calls()[NO_ANSWER] == 0


def test_only_a_started_call_can_be_cancelled(account: Account, cartesia: httpx.Client) -> None:
    path = f"/agents/calls/{place_calls(cartesia, MACHINE)[0]['agent_call_id']}"
    assert cartesia.post(f"{path}/cancel").status_code == 400
    account.advance(15)
    assert cartesia.post(f"{path}/cancel").json() == {"cancelled": True}
    assert cartesia.get(path).json()["end_reason"] == "api_cancelled"
    assert cartesia.post(f"{path}/cancel").status_code == 400


def test_a_start_time_filter_hides_what_never_connected(account: Account, cartesia: httpx.Client) -> None:
    place_calls(cartesia, NO_ANSWER, MACHINE)
    account.advance(3600)
    found = list_calls(cartesia, start_time_gte="2020-01-01T00:00:00Z")["data"]
    assert [one["telephony_params"]["to"] for one in found] == [MACHINE]
    assert list_calls(cartesia, start_time_lte="2020-01-01T00:00:00Z")["data"] == []


def test_the_legacy_route_dials_every_number_and_answers_loosely(account: Account) -> None:
    legacy = account.at_cartesia("2025-04-16")
    body = {"target_numbers": [ADA, NO_ANSWER], "agent_id": "agent_A", "metadata": {"k": 1}}
    answer = legacy.post("/twilio/call/outbound", json=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    account.advance(3600)
    shown = list_calls(legacy)["data"]
    assert (account.calls()[ADA], account.calls()[NO_ANSWER]) == (1, 1)
    assert {one["status"] for one in shown} <= {"completed", "failed"}
    assert {"metadata", "end_reason"}.isdisjoint(shown[0])
    assert set(shown[0]["telephony_params"]) == {"to", "from"}


def test_the_legacy_route_names_no_call_for_a_number_turned_away(account: Account) -> None:
    body = {"target_numbers": [AWAY], "agent_id": "agent_A"}
    answer = account.at_cartesia("2025-04-16").post("/twilio/call/outbound", json=body).json()
    assert answer == {"status": "failed", "message": "0 of 1 queued"}


def test_the_legacy_list_knows_agents_only(account: Account) -> None:
    refused = account.at_cartesia("2025-04-16").get("/agents/calls", params={"batch_id": "acb_1"})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"agent_id": "agent_A", "limit": 0}, 400),
        ({"agent_id": "agent_A", "limit": 101}, 400),
        ({"agent_id": "agent_A", "starting_after": "ac_x"}, 400),
        ({"agent_id": "agent_A", "starting_after": "ac_x", "ending_before": "ac_y"}, 400),
        ({"agent_id": "agent_A", "to_number": ADA}, 400),
        ({"agent_id": "agent_A", "start_time_gte": "yesterday"}, 400),
        (
            {"agent_id": "agent_A", "start_time_gte": "2026-02-01T00:00:00Z", "start_time_lte": "2026-01-01T00:00:00Z"},
            400,
        ),
        ({"agent_id": "agent_missing"}, 404),
        ({"batch_id": "acb_unknown"}, 404),
    ],
)
def test_a_list_request_is_checked(cartesia: httpx.Client, query: dict[str, Any], status: int) -> None:
    assert cartesia.get("/agents/calls", params=query).status_code == status


def test_a_batch_of_another_agent_is_refused(cartesia: httpx.Client) -> None:
    batch = cartesia.post("/agents/calls/batches", json=batch_body()).json()
    query = {"agent_id": "agent_B", "batch_id": batch["id"]}
    assert cartesia.get("/agents/calls", params=query).status_code == 400
