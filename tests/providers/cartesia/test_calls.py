"""Cartesia's single calls: how they are listed and read, and the outcome of a placed call."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    EVERY_AGENT,
    Ambiguous,
    Channel,
    Done,
    Outcome,
    OutOfFunds,
    Rejected,
)
from tests.providers.dial_requests import LEGACY, PLACE, outcome
from tests.providers.scripted_provider import MARK, Exchange, answering, member, open_exchange, pages_of


def call_channel(*answers: httpx.Response, version: str | None = None) -> tuple[Exchange, Channel]:
    exchange = open_exchange(answering(*answers), version=version)
    return exchange, exchange.channel(Route.CALL)


def call(**fields: Json) -> dict[str, Json]:
    telephony: dict[str, Json] = {"to": "+14155550101", "from": "+12025550100", "direction": "outbound"}
    return {"id": "ac_1", "agent_id": "agent_1", "status": "created", "telephony_params": telephony, **fields}


def calls(*shown: dict[str, Json]) -> httpx.Response:
    return httpx.Response(200, json={"data": list(shown), "has_more": False})


def test_calls_are_listed_agent_by_agent_without_the_inbound_ones() -> None:
    inbound = call(id="ac_2", telephony_params={"direction": "inbound"}, metadata=None)
    exchange, channel = call_channel(calls(call(metadata={"dialctl": str(MARK), "plan": "pro"}), inbound))
    found = [remote for page in pages_of(channel, ["agent_1", "agent_2", "agent_1", ""]) for remote in page]
    assert [request.url.params["agent_id"] for request in exchange.sent] == ["agent_1", "agent_2"]
    assert [remote.mark for remote in found] == [MARK, MARK]
    assert member(found[0])["payload"] == '{"metadata":{"plan":"pro"}}'


def test_the_calls_of_each_agent_are_a_list_of_their_own() -> None:
    """How far back the calls of one agent were read says nothing of another's."""
    exchange, channel = call_channel()
    assert len(channel.list_pages(["agent_1", "agent_2"])) == 2
    assert (channel.list_pages([]), exchange.sent) == ([], [])


@pytest.mark.parametrize("field", ["metadata", "dynamic_variables"])
def test_the_mark_of_a_call_is_found_in_either_field(field: str) -> None:
    shown: dict[str, Json] = {field: {"dialctl": str(MARK)}}
    _, channel = call_channel(calls(call(**shown)))
    [[remote]] = pages_of(channel, ["agent_1"])
    assert remote.mark == MARK
    assert member(remote)["payload"] is None


def test_a_listed_call_that_shows_no_data_is_read_by_its_id() -> None:
    whole = httpx.Response(200, json=call(metadata={"dialctl": str(MARK)}))
    exchange, channel = call_channel(calls(call()), whole)
    [[remote]] = pages_of(channel, ["agent_1"])
    assert remote.mark == MARK
    assert exchange.sent[1].url.path == "/agents/calls/ac_1"


def test_at_most_twenty_calls_are_looked_at_closer() -> None:
    many = calls(*(call(id=f"ac_{place}") for place in range(50)))
    exchange, channel = call_channel(many, httpx.Response(200, json=call()))
    [found] = pages_of(channel, ["agent_1"])
    assert len(found) == 50
    assert len(exchange.sent) == 21


def test_calls_of_every_agent_are_those_of_the_named_and_of_the_listed_ones_all_looked_at() -> None:
    agents = httpx.Response(200, json={"summaries": [{"id": "agent_2"}, {"id": "agent_1"}]})
    managed = httpx.Response(200, json={"data": [{"id": "agent_3"}], "has_more": False})
    many = calls(*(call(id=f"ac_{place}") for place in range(50)))
    whole = httpx.Response(200, json=call(metadata={"dialctl": str(MARK)}))
    exchange, channel = call_channel(agents, managed, many, *[whole] * 50, calls(), version="2026-08-14")
    found = [remote for page in pages_of(channel, ["agent_1", EVERY_AGENT]) for remote in page]
    asked = [request.url.params["agent_id"] for request in exchange.sent if "agent_id" in request.url.params]
    assert asked == ["agent_1", "agent_2", "agent_3"]
    assert [remote.mark for remote in found] == [MARK] * 50


def test_agents_that_cannot_be_listed_are_an_error() -> None:
    _, channel = call_channel(httpx.Response(200, json={"data": []}))
    with pytest.raises(ProviderError, match="GET /agents answered with a list that cannot be read"):
        pages_of(channel, [EVERY_AGENT])


def test_a_redacted_call_is_not_looked_at_closer() -> None:
    exchange, channel = call_channel(calls(call(redacted_at="2026-06-14T12:00:00Z", telephony_params=None)))
    [[remote]] = pages_of(channel, ["agent_1"])
    assert remote.mark is None
    assert remote.members is not None
    assert (remote.total, remote.members.height) == (1, 0), "whoever it was, it never looks like nobody"
    assert len(exchange.sent) == 1


def test_an_unconfirmed_legacy_call_is_known_without_asking() -> None:
    exchange, channel = call_channel(httpx.Response(500), version="2025-04-16")
    remote = channel.read(f"unconfirmed:{MARK}")
    assert remote is not None
    assert (remote.mark, remote.status) == (MARK, "unconfirmed")
    assert remote.members is not None
    assert (remote.total, remote.members.height) == (1, 0)
    assert exchange.sent == []


def test_a_plain_text_404_of_the_old_version_is_the_providers_own() -> None:
    _, channel = call_channel(httpx.Response(404, text="Not Found: call not found"), version="2025-04-16")
    assert channel.read("ac_1") is None


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"agent_call_id": "ac_1"}, Done),
        ({"agent_call_id": "ac_1", "error": {"message": "late"}}, Done),
        ({"agent_call_id": "", "error": {"message": "invalid number"}}, Rejected),
        ({"error": {"detail": ["anything"]}}, Rejected),
        ({"error": "invalid number"}, Rejected),
        ({"agent_call_id": None, "error": {"message": "insufficient funds"}}, OutOfFunds),
        ({"error": {"message": "Agents usage limit reached"}}, OutOfFunds),
        ({"agent_call_id": None, "error": None}, Ambiguous),
        ({"error": {}}, Ambiguous),
        ({}, Ambiguous),
    ],
)
def test_the_item_of_a_placed_call_decides(item: dict[str, Json], expected: type[Outcome]) -> None:
    found = outcome(PLACE, httpx.Response(200, json={"calls": [{"number": "+14155550101", **item}]}))
    assert isinstance(found, expected)
    if isinstance(found, Rejected):
        assert found.status == 0


@pytest.mark.parametrize("calls", [[], None, {}, ["ac_1"], "ac_1"])
def test_a_placed_call_without_an_item_proves_nothing(calls: Json) -> None:
    assert isinstance(outcome(PLACE, httpx.Response(200, json={"calls": calls})), Ambiguous)


@pytest.mark.parametrize(
    ("answer", "remote_id"),
    [
        (httpx.Response(200, json={"call_id": "ac_5", "id": "x"}), "ac_5"),
        (httpx.Response(200, json={"id": "ac_6"}), "ac_6"),
        (httpx.Response(200, json={"message": "queued"}), f"unconfirmed:{MARK}"),
        (httpx.Response(202, json={}), f"unconfirmed:{MARK}"),
    ],
)
def test_any_json_object_that_accepts_is_done_on_the_legacy_route(answer: httpx.Response, remote_id: str) -> None:
    found = outcome(LEGACY, answer)
    assert isinstance(found, Done)
    assert (found.remote.id, found.remote.mark) == (remote_id, MARK)


@pytest.mark.parametrize(
    "answer", [httpx.Response(202, text="OK"), httpx.Response(204), httpx.Response(200, html="<p>Welcome</p>")]
)
def test_what_is_no_json_object_proves_nothing_on_the_legacy_route(answer: httpx.Response) -> None:
    assert isinstance(outcome(LEGACY, answer), Ambiguous)
