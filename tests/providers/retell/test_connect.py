"""What Retell knows of an agent and a number."""

from __future__ import annotations

import httpx
import pytest

from tests.providers.scripted_provider import answering, open_exchange

_MISSING = httpx.Response(404, json={"status": "error", "message": "not found"})
_FOUND = httpx.Response(200, json={"phone_number": "+12025550100"})


@pytest.mark.parametrize(
    ("answers", "unknown"),
    [
        ([_FOUND, _FOUND], []),
        ([_MISSING, _FOUND], ["Retell does not know the agent agent_1"]),
        ([_FOUND, _MISSING], ["Retell does not know the number +1202•••0100"]),
    ],
)
def test_agent_and_number_are_looked_up(answers: list[httpx.Response], unknown: list[str]) -> None:
    exchange = open_exchange(answering(*answers), "retell")
    settings = {"override_agent_id": "agent_1", "from_number": "+12025550100"}
    assert exchange.provider.unknown_references(settings) == unknown
    assert [request.url.raw_path for request in exchange.sent] == [
        b"/get-agent/agent_1",
        b"/get-phone-number/%2B12025550100",
    ]


def test_the_agent_of_the_number_needs_no_look() -> None:
    exchange = open_exchange(answering(_FOUND), "retell")
    assert exchange.provider.unknown_references({"from_number": "+12025550100"}) == []
    assert exchange.provider.own_number({"from_number": "+12025550100"}) == "+12025550100"
