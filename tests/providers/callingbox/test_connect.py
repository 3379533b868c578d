"""An agent that CallingBox cannot use."""

from __future__ import annotations

import httpx
import pytest

from tests.providers.scripted_provider import (
    answering,
    open_exchange,
)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (httpx.Response(404, json={"error": "agent not found"}), "does not know"),
        (httpx.Response(200, json={"archived_at": "2026-06-14T12:00:00Z"}), "archived"),
        (httpx.Response(200, json={"type": "inbound"}), "places none"),
    ],
)
def test_a_callingbox_agent_that_cannot_call_is_missing(answer: httpx.Response, word: str) -> None:
    [sentence] = open_exchange(answering(answer), "callingbox").provider.unknown_references({"agent_id": "agent_1"})
    assert word in sentence
