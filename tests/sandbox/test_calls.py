"""Single calls and calls of batches as one kind of thing."""

from __future__ import annotations

import httpx

from .account import Account
from .cartesia_requests import list_calls, pages, place_calls
from .request_bodies import AWAY, MACHINE, NO_ANSWER, batch_body, calls_body


def test_a_cartesia_number_dials_one_call_a_second(account: Account, cartesia: httpx.Client) -> None:
    place_calls(cartesia, *[NO_ANSWER] * 5)
    assert account.calls()[NO_ANSWER] == 1
    account.advance(2)
    assert account.calls()[NO_ANSWER] == 3


def test_a_twilio_number_is_not_paced(account: Account, cartesia: httpx.Client) -> None:
    place_calls(cartesia, *[NO_ANSWER] * 5, from_number_id="ap_twilio")
    assert account.calls()[NO_ANSWER] == 5


def test_a_call_of_a_batch_can_be_cancelled_too(account: Account, cartesia: httpx.Client) -> None:
    batch = cartesia.post("/agents/calls/batches", json=batch_body(MACHINE)).json()
    account.advance(15)
    (call,) = list_calls(cartesia, batch_id=batch["id"])["data"]
    assert cartesia.post(f"/agents/calls/{call['id']}/cancel").status_code == 200
    (person,) = cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    assert person["end_reason"] == "api_cancelled"


def test_calls_of_an_agent_mix_single_ones_and_batches_in_order(account: Account, cartesia: httpx.Client) -> None:
    people = [f"+1{area}5550142" for area in range(201, 221)]
    cartesia.post("/agents/calls/batches", json=batch_body(*people, AWAY))
    cartesia.post("/agents/calls", json=calls_body(*people[:5]))
    account.advance(7200)
    cartesia.post("/agents/calls/batches", json=batch_body(*people, from_number_id="ap_sip"))
    whole = pages(cartesia, "/agents/calls", 100, agent_id="agent_A")
    cut = pages(cartesia, "/agents/calls", 4, agent_id="agent_A")
    assert [one["id"] for page in cut for one in page] == [one["id"] for one in whole[0]]
    assert len(whole[0]) == 45


def test_calls_of_one_batch_page_by_attempt(account: Account, cartesia: httpx.Client) -> None:
    batch = cartesia.post("/agents/calls/batches", json=batch_body("+14155550191", "+14155550192", AWAY)).json()
    account.advance(3600)
    cartesia.post(f"/agents/calls/batches/{batch['id']}/retry")
    account.advance(3600)
    found = pages(cartesia, "/agents/calls", 1, batch_id=batch["id"])
    assert len({one["id"] for page in found for one in page}) == len(found) == 4
