"""Cartesia's answers about calls and recipients, by API version."""

from __future__ import annotations

import httpx

from ..account import Account
from ..cartesia_requests import list_calls, place_calls
from ..request_bodies import ADA, MACHINE, VARIABLES, batch_body


def test_metadata_comes_back_on_the_call(cartesia: httpx.Client) -> None:
    place_calls(cartesia, outbound_calls=[{"to_number": ADA, "metadata": {"key": "k-1", "deep": {"n": 1}}}])
    assert list_calls(cartesia)["data"][0]["metadata"] == {"key": "k-1", "deep": {"n": 1}}


def test_dynamic_variables_come_back_on_the_call_in_their_version_only(account: Account) -> None:
    newer = account.at_cartesia(VARIABLES)
    place_calls(newer, outbound_calls=[{"to_number": ADA, "dynamic_variables": {"key": "k-1"}}])
    (shown,) = list_calls(newer)["data"]
    assert (shown["dynamic_variables"], "metadata" in shown) == ({"key": "k-1"}, False)
    assert list_calls(account.at_cartesia())["data"][0]["metadata"] is None


def test_batch_calls_carry_what_was_said_about_their_recipient(account: Account, cartesia: httpx.Client) -> None:
    people = [{"to_number": ADA, "metadata": {"row": "1"}}]
    batch = cartesia.post("/agents/calls/batches", json=batch_body(recipients=people)).json()
    assert list_calls(cartesia)["data"][0]["metadata"] == {"row": "1"}
    assert cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"][0]["metadata"] == {"row": "1"}
    read = account.at_cartesia(VARIABLES).get(f"/agents/calls/batches/{batch['id']}").json()
    assert "metadata" not in read["recipients"][0]


def test_recipients_of_2026_08_14_show_no_variables(account: Account) -> None:
    newer = account.at_cartesia(VARIABLES)
    people = [{"to_number": ADA, "dynamic_variables": {"row": 1}}]
    batch = newer.post("/agents/calls/batches", json=batch_body(recipients=people)).json()
    (person,) = newer.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    assert {"metadata", "dynamic_variables"}.isdisjoint(person)


def test_a_transcript_is_shown_on_request(account: Account, cartesia: httpx.Client) -> None:
    place_calls(cartesia, MACHINE)
    account.advance(3600)
    assert "transcript" not in list_calls(cartesia)["data"][0]
    assert list_calls(cartesia, expand="transcript")["data"][0]["transcript"][0]["role"] == "assistant"
