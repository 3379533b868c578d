"""Assistants, squads and numbers that Vapi does not know, and the number behind an id."""

from __future__ import annotations

import httpx

from tests.providers.scripted_provider import answering, open_exchange

_MISSING = httpx.Response(404, json={"message": "not found", "error": "Not Found", "statusCode": 404})
_SETTINGS = {"assistantId": "a1", "phoneNumberId": "n1"}


def test_unknown_references_are_named() -> None:
    provider = open_exchange(answering(_MISSING), "vapi").provider
    assert provider.unknown_references(_SETTINGS) == [
        "Vapi does not know the assistant a1",
        "Vapi does not know the phone number n1",
    ]
    assert provider.unknown_references({"squadId": "s1"}) == ["Vapi does not know the squad s1"]
    assert provider.unknown_references({}) == []


def test_the_number_that_calls_is_looked_up() -> None:
    known = httpx.Response(200, json={"id": "n1", "number": "+12025550100"})
    assert open_exchange(answering(known), "vapi").provider.own_number(_SETTINGS) == "+12025550100"
    assert open_exchange(answering(_MISSING), "vapi").provider.own_number(_SETTINGS) == ""
