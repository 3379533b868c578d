"""Cartesia's single calls and the list of all calls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .lab import ADA, Lab, batch_body, calls_body

NO_ANSWER, AWAY, MACHINE = "+14155550191", "+14155550194", "+14155550196"
VARIABLES = "2026-08-14"


@pytest.fixture
def cartesia(lab: Lab) -> httpx.Client:
    return lab.at_cartesia()


def place(cartesia: httpx.Client, *numbers: str, **changes: Any) -> list[dict[str, Any]]:
    response = cartesia.post("/agents/calls", json=calls_body(*numbers, **changes))
    assert response.status_code == 200, response.text
    placed: list[dict[str, Any]] = response.json()["calls"]
    return placed


def listed(cartesia: httpx.Client, **query: Any) -> dict[str, Any]:
    response = cartesia.get("/agents/calls", params={"agent_id": "agent_A"} | query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def test_entries_come_in_the_order_asked_for_with_ids_or_errors(lab: Lab, cartesia: httpx.Client) -> None:
    first, away, last = place(cartesia, ADA, AWAY, NO_ANSWER)
    assert [first["number"], away["number"], last["number"]] == [ADA, AWAY, NO_ANSWER]
    assert "agent_call_id" not in away
    assert away["error"]["message"]
    assert (lab.calls()[ADA], lab.calls()[AWAY]) == (1, 0)


def test_a_cartesia_number_dials_one_call_a_second(lab: Lab, cartesia: httpx.Client) -> None:
    place(cartesia, *[NO_ANSWER] * 5)
    assert lab.calls()[NO_ANSWER] == 1
    lab.advance(2)
    assert lab.calls()[NO_ANSWER] == 3


def test_a_twilio_number_is_not_paced(lab: Lab, cartesia: httpx.Client) -> None:
    place(cartesia, *[NO_ANSWER] * 5, from_number_id="ap_twilio")
    assert lab.calls()[NO_ANSWER] == 5


def test_a_queued_call_is_listed_at_once_without_a_start_time(cartesia: httpx.Client) -> None:
    place(cartesia, ADA, NO_ANSWER)
    newest, _ = listed(cartesia)["data"]
    assert (newest["telephony_params"]["to"], newest["status"], newest["start_time"]) == (NO_ANSWER, "created", None)


def test_a_call_goes_from_created_over_started_to_completed(lab: Lab, cartesia: httpx.Client) -> None:
    (one,) = place(cartesia, MACHINE)
    seen = []
    for _ in range(3):
        seen.append(cartesia.get(f"/agents/calls/{one['agent_call_id']}").json()["status"])
        lab.advance(15)
    assert seen == ["created", "started", "completed"]


def test_a_call_is_cut_at_its_longest_duration(lab: Lab, cartesia: httpx.Client) -> None:
    people = [f"+1{area}5550142" for area in range(201, 240)]
    placed = place(cartesia, *people, max_call_duration_minutes=1, from_number_id="ap_sip")
    lab.advance(3600)
    reasons = {cartesia.get(f"/agents/calls/{one['agent_call_id']}").json()["end_reason"] for one in placed}
    assert "max_duration" in reasons


def test_metadata_comes_back_on_the_call(cartesia: httpx.Client) -> None:
    place(cartesia, outbound_calls=[{"to_number": ADA, "metadata": {"key": "k-1", "deep": {"n": 1}}}])
    assert listed(cartesia)["data"][0]["metadata"] == {"key": "k-1", "deep": {"n": 1}}


def test_dynamic_variables_come_back_on_the_call_in_their_version_only(lab: Lab) -> None:
    newer = lab.at_cartesia(VARIABLES)
    place(newer, outbound_calls=[{"to_number": ADA, "dynamic_variables": {"key": "k-1"}}])
    (shown,) = listed(newer)["data"]
    assert (shown["dynamic_variables"], "metadata" in shown) == ({"key": "k-1"}, False)
    assert listed(lab.at_cartesia())["data"][0]["metadata"] is None


def test_batch_calls_carry_what_was_said_about_their_recipient(lab: Lab, cartesia: httpx.Client) -> None:
    people = [{"to_number": ADA, "metadata": {"row": "1"}}]
    batch = cartesia.post("/agents/calls/batches", json=batch_body(recipients=people)).json()
    assert listed(cartesia)["data"][0]["metadata"] == {"row": "1"}
    assert cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"][0]["metadata"] == {"row": "1"}
    read = lab.at_cartesia(VARIABLES).get(f"/agents/calls/batches/{batch['id']}").json()
    assert "metadata" not in read["recipients"][0]


def test_recipients_of_2026_08_14_show_no_variables(lab: Lab) -> None:
    newer = lab.at_cartesia(VARIABLES)
    people = [{"to_number": ADA, "dynamic_variables": {"row": 1}}]
    batch = newer.post("/agents/calls/batches", json=batch_body(recipients=people)).json()
    (person,) = newer.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    assert {"metadata", "dynamic_variables"}.isdisjoint(person)


def test_a_bad_destination_is_an_entry_in_2026_08_14_and_a_refusal_before(lab: Lab, cartesia: httpx.Client) -> None:
    bad, good = place(lab.at_cartesia(VARIABLES), "12", ADA)
    assert "agent_call_id" in good
    assert "to_number" in bad["error"]["message"]
    assert cartesia.post("/agents/calls", json=calls_body("12", NO_ANSWER)).status_code == 400
    assert lab.calls()[NO_ANSWER] == 0


def test_only_a_started_call_can_be_cancelled(lab: Lab, cartesia: httpx.Client) -> None:
    path = f"/agents/calls/{place(cartesia, MACHINE)[0]['agent_call_id']}"
    assert cartesia.post(f"{path}/cancel").status_code == 400
    lab.advance(15)
    assert cartesia.post(f"{path}/cancel").json() == {"cancelled": True}
    assert cartesia.get(path).json()["end_reason"] == "api_cancelled"
    assert cartesia.post(f"{path}/cancel").status_code == 400


def test_a_call_of_a_batch_can_be_cancelled_too(lab: Lab, cartesia: httpx.Client) -> None:
    batch = cartesia.post("/agents/calls/batches", json=batch_body(MACHINE)).json()
    lab.advance(15)
    (call,) = listed(cartesia, batch_id=batch["id"])["data"]
    assert cartesia.post(f"/agents/calls/{call['id']}/cancel").status_code == 200
    (person,) = cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    assert person["end_reason"] == "api_cancelled"


def test_a_start_time_filter_hides_what_never_connected(lab: Lab, cartesia: httpx.Client) -> None:
    place(cartesia, NO_ANSWER, MACHINE)
    lab.advance(3600)
    found = listed(cartesia, start_time_gte="2020-01-01T00:00:00Z")["data"]
    assert [one["telephony_params"]["to"] for one in found] == [MACHINE]
    assert listed(cartesia, start_time_lte="2020-01-01T00:00:00Z")["data"] == []


def test_a_transcript_is_shown_on_request(lab: Lab, cartesia: httpx.Client) -> None:
    place(cartesia, MACHINE)
    lab.advance(3600)
    assert "transcript" not in listed(cartesia)["data"][0]
    assert listed(cartesia, expand="transcript")["data"][0]["transcript"][0]["role"] == "assistant"


def test_the_legacy_route_dials_every_number_and_answers_loosely(lab: Lab) -> None:
    legacy = lab.at_cartesia("2025-04-16")
    body = {"target_numbers": [ADA, NO_ANSWER], "agent_id": "agent_A", "metadata": {"k": 1}}
    answer = legacy.post("/twilio/call/outbound", json=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    lab.advance(3600)
    shown = listed(legacy)["data"]
    assert (lab.calls()[ADA], lab.calls()[NO_ANSWER]) == (1, 1)
    assert {one["status"] for one in shown} <= {"completed", "failed"}
    assert {"metadata", "end_reason"}.isdisjoint(shown[0])
    assert set(shown[0]["telephony_params"]) == {"to", "from"}


def test_the_legacy_route_names_no_call_for_a_number_turned_away(lab: Lab) -> None:
    body = {"target_numbers": [AWAY], "agent_id": "agent_A"}
    answer = lab.at_cartesia("2025-04-16").post("/twilio/call/outbound", json=body).json()
    assert answer == {"status": "failed", "message": "0 of 1 queued"}


def test_the_legacy_list_knows_agents_only(lab: Lab) -> None:
    refused = lab.at_cartesia("2025-04-16").get("/agents/calls", params={"batch_id": "acb_1"})
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
