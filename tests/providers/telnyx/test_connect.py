"""An assistant that Telnyx does not know, and what an account has."""

from __future__ import annotations

import httpx

from tests.providers.scripted_provider import answering, open_exchange

_MISSING = httpx.Response(404, json={"errors": [{"code": "1", "title": "not found"}]})


def test_an_unknown_assistant_is_named() -> None:
    provider = open_exchange(answering(_MISSING), "telnyx").provider
    assert provider.unknown_references({"assistant_id": "a-1"}) == ["Telnyx does not know the assistant a-1"]
    assert provider.unknown_references({}) == []
    assert provider.own_number({"telnyx_agent_target": "+12025550100"}) == "+12025550100"


def test_assistants_come_in_one_answer() -> None:
    found = httpx.Response(200, json={"data": [{"id": "a-1", "name": "Spring"}]})
    entries = open_exchange(answering(found), "telnyx").provider.list_agents()
    assert [(entry.id, entry.name) for entry in entries] == [("a-1", "Spring")]
