"""What all channels share: the requests that single calls do not have, and the agents to list."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Route
from declarative.providers.base import Rejected, unique_agents
from tests.providers.dial_requests import BOX, LEGACY, PLACE, Request
from tests.providers.scripted_provider import answering, open_exchange


@pytest.mark.parametrize("request_that_dials", [PLACE, LEGACY, BOX], ids=lambda dials: dials.name)
def test_a_single_call_is_neither_retried_nor_cancelled(request_that_dials: Request) -> None:
    exchange = open_exchange(answering(httpx.Response(500)), request_that_dials.type_name, request_that_dials.version)
    channel = exchange.channel(Route.CALL)
    assert isinstance(channel.retry("ac_1"), Rejected)
    assert isinstance(channel.cancel("ac_1"), Rejected)
    assert exchange.sent == []


def test_an_agent_is_listed_once_and_an_empty_id_never() -> None:
    assert unique_agents(["agent_2", "", "agent_1", "agent_2"]) == ["agent_2", "agent_1"]
