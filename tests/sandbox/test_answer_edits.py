"""Lies told in requests and answers: people and names left out, other numbers and times, the same page again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from .account import Account
from .request_bodies import ADA, BATCHES, BUSY, NO_ANSWER, batch_body, box_body, calls_body, fault_rule

MEXICAN = "+5215512345678"


def create(account: Account, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = account.at_cartesia().post(BATCHES, json=batch_body(*numbers, **changes))
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def read(account: Account, batch: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = account.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
    return current


def list_batches(account: Account, **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = account.at_cartesia().get(BATCHES, params=query).json()
    return page


def test_a_create_takes_only_some_of_its_people_and_says_so(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"leave_out": 1}))
    batch = create(either, ADA, NO_ANSWER, BUSY)
    assert batch["total_calls_scheduled"] == 2
    assert [person["to_number"] for person in read(either, batch)["recipients"]] == [ADA, NO_ANSWER]
    either.advance(3600)
    assert either.calls()[BUSY] == 0


def test_single_calls_are_placed_for_only_some(account: Account) -> None:
    account.faults(fault_rule("createOutboundCalls", {"leave_out": 5}))
    placed = account.at_cartesia().post("/agents/calls", json=calls_body(ADA, NO_ANSWER)).json()["calls"]
    assert [entry["number"] for entry in placed] == [ADA]


@pytest.mark.parametrize("body", ["{", "[1]", '{"recipients": 7}'])
def test_a_body_that_is_no_request_is_refused_as_it_is(account: Account, body: str) -> None:
    account.faults(fault_rule("createCallBatch", {"leave_out": 1}))
    assert account.at_cartesia().post(BATCHES, content=body).status_code == 400


def test_somebody_is_missing_in_every_read_and_every_count(either: Account) -> None:
    either.faults(fault_rule("*", {"hide_members": 1}, times=0))
    batch = create(either, ADA, NO_ANSWER)
    assert batch["total_calls_scheduled"] == 1
    either.advance(3600)
    for _ in range(2):
        shown = read(either, batch)
        assert [person["to_number"] for person in shown["recipients"]] == [ADA]
        assert (shown["total_calls_scheduled"], shown["total_calls_finished"]) == (1, 1)
    assert list_batches(either)["data"][0]["total_calls_dispatched"] == 1
    assert either.calls()[NO_ANSWER] == 1


@pytest.mark.parametrize(("length", "shown"), [(0, None), (4, "remi"), (99, "reminders")])
def test_names_are_cut_in_lists_alone(either: Account, length: int, shown: str | None) -> None:
    either.faults(fault_rule("*", {"cut_names": length}, times=0))
    batch = create(either)
    assert list_batches(either)["data"][0].get("name") == shown
    assert read(either, batch)["name"] == "reminders"


def test_a_number_comes_back_in_another_form(either: Account) -> None:
    either.faults(fault_rule("*", {"number_forms": {"+521": "+52"}}, times=0))
    batch = create(either, MEXICAN, ADA, from_number_id="ap_twilio")
    assert [person["to_number"] for person in read(either, batch)["recipients"]] == ["+525512345678", ADA]
    either.advance(3600)
    calls = either.at_cartesia().get("/agents/calls", params={"agent_id": "agent_A"}).json()["data"]
    assert {call["telephony_params"]["to"] for call in calls} == {"+525512345678", ADA}
    assert either.calls()[MEXICAN] == 1


def test_created_at_is_off_from_the_date(either: Account) -> None:
    either.faults(fault_rule("*", {"created_shift": -90}, times=0))
    batch = create(either)
    now = either.control("GET", "clock")["epoch"]
    for shown in (batch, list_batches(either)["data"][0], read(either, batch)):
        assert datetime.fromisoformat(shown["created_at"]).timestamp() == pytest.approx(now - 90, abs=0.01)


def test_the_next_page_is_the_same_again(either: Account) -> None:
    for _ in range(3):
        create(either)
    either.faults(fault_rule("listCallBatches", {"repeat_page": True}, times=0))
    first = list_batches(either, limit=2)
    again = list_batches(either, limit=2, starting_after=first["next_page"])
    assert (again, again["has_more"]) == (first, True)


def test_an_unknown_word_for_a_batch_or_a_person(either: Account) -> None:
    batch = create(either)
    either.faults(fault_rule("getCallBatch", {"edit": {"status": "snoozed"}, "edit_items": {"status": "diverted"}}))
    shown = read(either, batch)
    assert (shown["status"], shown["recipients"][0]["status"]) == ("snoozed", "diverted")


def test_an_entry_is_left_out_of_lists_for_good(either: Account) -> None:
    either.faults(fault_rule("*", {"hide": 2}, times=0))
    ids = [create(either)["id"] for _ in range(3)]
    first = list_batches(either, limit=1)
    second = list_batches(either, limit=1, starting_after=first["next_page"])
    assert [page["data"][0]["id"] for page in (first, second)] == [ids[2], ids[0]]
    assert read(either, {"id": ids[1]})["id"] == ids[1]
    either.advance(86_400)
    assert [batch["id"] for batch in list_batches(either)["data"]] == [ids[2], ids[0]]


def list_calls(client: httpx.Client, path: str) -> list[str]:
    page = client.get(path, params={"agent_id": "agent_A"} if path.startswith("/agents") else {}).json()
    return [call["id"] for call in page["data"]]


def test_a_single_call_is_left_out_of_lists_for_good(either: Account) -> None:
    cartesia, box = either.at_cartesia(), either.at_callingbox()
    either.faults(fault_rule("listCalls", {"hide": 1}, times=0))
    body = calls_body(ADA, NO_ANSWER)
    placed = [entry["agent_call_id"] for entry in cartesia.post("/agents/calls", json=body).json()["calls"]]
    boxed = [box.post("/v1/calls", json=box_body()).json()["id"] for _ in range(2)]
    assert list_calls(cartesia, "/agents/calls") == placed[1:]
    assert list_calls(box, "/v1/calls") == boxed[1:]
