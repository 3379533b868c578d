"""An agent or a number that Cartesia does not know."""

from __future__ import annotations

import httpx

from declarative.model.resource import Json
from tests.providers.scripted_provider import (
    answering,
    open_exchange,
)

NOT_FOUND = httpx.Response(404, json={"error_code": None, "title": "x not found", "message": "no"})


def test_what_is_missing_is_said_in_a_sentence() -> None:
    settings: dict[str, Json] = {"agent_id": "agent_1", "from_number_id": "ap_1"}
    assert open_exchange(answering(NOT_FOUND)).provider.unknown_references(settings) == [
        "Cartesia does not know the agent agent_1",
        "Cartesia does not know the phone number ap_1",
    ]
    deleted = httpx.Response(200, json={"id": "agent_1", "deleted_at": "2026-06-14T12:00:00Z"})
    found = open_exchange(answering(deleted)).provider.unknown_references({"agent_id": "agent_1"})
    assert found == ["the agent agent_1 was deleted at Cartesia"]
