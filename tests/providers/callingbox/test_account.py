"""The account's agents and numbers, through every page of every shape."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json
from tests.providers.scripted_provider import answering, open_exchange


def number(index: int) -> dict[str, Json]:
    return {"id": f"n{index}", "e164": f"+1415555{index:04}", "number_type": "local"}


def test_numbers_are_read_through_all_pages() -> None:
    first = httpx.Response(200, json={"data": [number(1), number(2)], "has_more": True})
    last = httpx.Response(200, json={"data": [number(3)], "has_more": False})
    exchange = open_exchange(answering(first, last), "callingbox")
    assert [entry.id for entry in exchange.provider.list_numbers()] == ["+14155550001", "+14155550002", "+14155550003"]
    assert [request.url.params.get("starting_after") for request in exchange.sent] == [None, "n2"]


def test_numbers_are_read_from_a_bare_array() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=[number(1)])), "callingbox")
    assert [entry.id for entry in exchange.provider.list_numbers()] == ["+14155550001"]


def test_agents_that_are_archived_are_left_out_on_every_page() -> None:
    agents: list[Json] = [
        {"id": "a1", "name": "Ann", "type": "outbound"},
        {"id": "a2", "archived_at": "2026-01-01T00:00:00Z"},
    ]
    pages = [{"data": [agent], "has_more": more} for agent, more in zip(agents, (True, False), strict=True)]
    exchange = open_exchange(answering(*(httpx.Response(200, json=page) for page in pages)), "callingbox")
    assert [entry.id for entry in exchange.provider.list_agents()] == ["a1"]


def test_a_list_that_cannot_be_read_is_an_error() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json={"numbers": []})), "callingbox")
    with pytest.raises(ProviderError, match="a list that cannot be read"):
        exchange.provider.list_numbers()
