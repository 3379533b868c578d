"""Agents and numbers that ElevenLabs does not know, and the number behind an id."""

from __future__ import annotations

import httpx

from tests.providers.scripted_provider import answering, open_exchange

_MISSING = httpx.Response(404, json={"detail": {"status": "not_found", "message": "no"}})
_SETTINGS = {"agent_id": "agent_1", "agent_phone_number_id": "phnum_1"}


def test_an_unknown_agent_and_number_are_named() -> None:
    provider = open_exchange(answering(_MISSING), "elevenlabs").provider
    assert provider.unknown_references(_SETTINGS) == [
        "ElevenLabs does not know the agent agent_1",
        "ElevenLabs does not know the phone number phnum_1",
    ]
    assert provider.unknown_references({}) == []


def test_the_number_that_calls_is_looked_up() -> None:
    known = httpx.Response(200, json={"phone_number_id": "phnum_1", "phone_number": "+12025550100"})
    assert open_exchange(answering(known), "elevenlabs").provider.own_number(_SETTINGS) == "+12025550100"
    assert open_exchange(answering(_MISSING), "elevenlabs").provider.own_number(_SETTINGS) == ""


def test_an_account_lists_agents_in_pages_and_numbers_at_once() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/phone-numbers"):
            number = {"phone_number_id": "phnum_1", "phone_number": "+12025550100", "provider": "twilio"}
            return httpx.Response(200, json=[number])
        if "cursor" in request.url.params:
            old = {"agent_id": "agent_2", "name": "Old", "archived": True}
            return httpx.Response(200, json={"agents": [old], "has_more": False})
        page = {"agents": [{"agent_id": "agent_1", "name": "Spring"}], "has_more": True, "next_cursor": "c"}
        return httpx.Response(200, json=page)

    provider = open_exchange(handle, "elevenlabs").provider
    assert [(entry.id, entry.name) for entry in provider.list_agents()] == [("agent_1", "Spring")]
    assert [(entry.id, entry.name, entry.kind) for entry in provider.list_numbers()] == [
        ("phnum_1", "+12025550100", "twilio")
    ]
