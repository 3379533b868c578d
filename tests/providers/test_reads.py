"""Reads are repeated within bounds, and a list is read to its very end or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from declarative.errors import ProviderError, Unauthorized
from declarative.model import Json, Route
from declarative.providers.base import EVERY_AGENT, Channel

from .exchanges import MARK, Exchange, answering, batch, member, open_exchange, pages_of

ERROR = {"error_code": None, "title": "Not found", "message": "batch not found", "request_id": "r"}


def page(ids: list[str], **fields: Json) -> httpx.Response:
    return httpx.Response(200, json={"data": [batch(id=one) for one in ids], **fields})


def batch_ids(exchange: Exchange) -> list[str]:
    return [one.id for found in pages_of(exchange.channel(Route.BATCH), []) for one in found]


def call_channel(*answers: httpx.Response, version: str | None = None) -> tuple[Exchange, Channel]:
    exchange = open_exchange(answering(*answers), version=version)
    return exchange, exchange.channel(Route.CALL)


@pytest.mark.parametrize(
    "passing",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(429),
        httpx.Response(408),
        httpx.Response(500),
        httpx.Response(503, html="<html>"),
        httpx.Response(200, content=b'{"data": ['),
    ],
)
def test_a_read_is_repeated_after_what_may_pass(passing: httpx.Response | Exception) -> None:
    exchange = open_exchange(answering(passing, page(["acb_1"], has_more=False)))
    assert batch_ids(exchange) == ["acb_1"]
    assert len(exchange.sent) == 2
    assert len(exchange.pauses) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 302])
def test_a_read_is_not_repeated_after_what_will_not_pass(status: int) -> None:
    exchange = open_exchange(answering(httpx.Response(status, json=ERROR, headers={"Location": "/x"})))
    with pytest.raises(ProviderError, match=f"GET /agents/calls/batches answered {status}.*batch not found"):
        batch_ids(exchange)
    assert len(exchange.sent) == 1


def test_a_read_gives_up_after_five_attempts() -> None:
    exchange = open_exchange(answering(httpx.Response(503, html="<html>down</html>")))
    with pytest.raises(ProviderError, match=r"main: GET /agents/calls/batches answered 503.*an HTML page"):
        batch_ids(exchange)
    assert len(exchange.sent) == 5
    assert all(0 <= pause <= 15 for pause in exchange.pauses)


def test_a_read_waits_as_long_as_it_is_told() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "20"})
    exchange = open_exchange(answering(busy, page([], has_more=False)))
    assert batch_ids(exchange) == []
    assert exchange.pauses == [20.0]


def test_a_read_does_not_wait_for_an_hour() -> None:
    exchange = open_exchange(answering(httpx.Response(429, headers={"Retry-After": "3600"})))
    with pytest.raises(ProviderError, match="answered 429"):
        batch_ids(exchange)
    assert exchange.pauses == []


@pytest.mark.parametrize(
    ("went_wrong", "told", "way_out"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "could not connect: Connection refused", "the network"),
        (httpx.ReadTimeout("x"), "gave no answer in time", "the network"),
        (httpx.Response(503, text="down"), "answered 503", "later"),
    ],
)
def test_a_provider_that_cannot_be_read_comes_with_a_way_out(went_wrong: Any, told: str, way_out: str) -> None:
    exchange = open_exchange(answering(*[went_wrong] * 5))
    with pytest.raises(ProviderError, match=told) as caught:
        batch_ids(exchange)
    assert way_out in caught.value.hint
    assert "Errno" not in caught.value.message


@pytest.mark.parametrize("body", ["Unauthorized: no", "", '{"title": "x", "message": "y"}'])
def test_a_refused_key_is_unauthorized_in_any_form(body: str) -> None:
    exchange = open_exchange(answering(httpx.Response(401, text=body)))
    with pytest.raises(Unauthorized) as caught:
        batch_ids(exchange)
    assert "CARTESIA_API_KEY" in caught.value.hint


def test_a_list_is_followed_by_next_page_or_else_by_its_last_id() -> None:
    exchange = open_exchange(
        answering(
            page(["acb_5", "acb_4"], has_more=True, next_page="acb_4"),
            page(["acb_3"], has_more=True),
            page(["acb_2"], has_more=True, next_page=None),
            page(["acb_1"], has_more=False, next_page="acb_1"),
            page([], has_more=False, next_page="acb_1"),
        )
    )
    assert batch_ids(exchange) == ["acb_5", "acb_4", "acb_3", "acb_2", "acb_1"]
    queries = [dict(request.url.params) for request in exchange.sent]
    assert queries[0] == {"limit": "100"}
    assert [query.get("starting_after") for query in queries] == [None, "acb_4", "acb_3", "acb_2", "acb_1"]


def test_a_next_page_is_read_whatever_has_more_says() -> None:
    first = page(["acb_2"], has_more=False, next_page="elsewhere")
    assert batch_ids(open_exchange(answering(first, page(["acb_1"], has_more=False)))) == ["acb_2", "acb_1"]


def test_pages_that_lead_in_a_circle_are_an_error_even_where_they_are_empty() -> None:
    there, back = (page([], has_more=True, next_page=name) for name in ("there", "back"))
    with pytest.raises(ProviderError, match="there is more, but not where"):
        batch_ids(open_exchange(answering(there, back, there, back, there)))


def test_without_has_more_a_full_page_is_taken_for_more() -> None:
    full = [f"acb_{place}" for place in range(200, 100, -1)]
    exchange = open_exchange(answering(page(full), page(["acb_1"])))
    assert len(batch_ids(exchange)) == 101


def test_without_has_more_a_next_page_is_taken_for_more() -> None:
    exchange = open_exchange(answering(page(["acb_2"], next_page="acb_2"), page(["acb_1"])))
    assert batch_ids(exchange) == ["acb_2", "acb_1"]


@pytest.mark.parametrize(
    "torn",
    [
        page(["acb_1"], has_more=True),
        page([], has_more=True),
        httpx.Response(200, json={"has_more": False}),
        httpx.Response(200, json={"data": None, "has_more": False}),
        httpx.Response(200, json={"data": [{"name": "no id"}], "has_more": False}),
        httpx.Response(200, json={"data": ["acb_1"], "has_more": False}),
        httpx.Response(200, json=[]),
    ],
)
def test_a_list_that_cannot_be_read_whole_is_an_error(torn: httpx.Response) -> None:
    with pytest.raises(ProviderError, match="GET /agents/calls/batches"):
        batch_ids(open_exchange(answering(torn)))


def test_a_list_of_batches_tells_what_it_shows() -> None:
    shown = batch(scheduled_at="2026-06-15T18:00:00+02:00", status="paused_by_moon", retry_count=None)
    exchange = open_exchange(answering(httpx.Response(200, json={"data": [shown], "has_more": False})))
    [[remote]] = pages_of(exchange.channel(Route.BATCH), ["agent_9"])
    assert remote.mark == MARK
    assert remote.state == ("paused_by_moon", 0, 0, None, "2026-06-14T12:00:00Z")
    assert remote.scheduled_at == datetime(2026, 6, 15, 16, tzinfo=UTC)
    assert remote.members is None
    assert not remote.cancelled
    assert "agent_id" not in exchange.sent[0].url.params


def test_a_batch_of_which_most_is_missing_survives_but_expects_people() -> None:
    bare = {"data": [{"id": "acb_1", "status": None, "created_at": "soon"}], "has_more": False}
    [[remote]] = pages_of(open_exchange(answering(httpx.Response(200, json=bare))).channel(Route.BATCH), [])
    assert (remote.total, remote.status, remote.created_at, remote.mark) == (-1, "", None, None)


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "1970-01-01T00:00:00Z"])
def test_a_time_that_programs_write_for_none_is_none(zero: str) -> None:
    shown = batch(created_at=zero, scheduled_at=zero)
    exchange = open_exchange(answering(httpx.Response(200, json={"data": [shown], "has_more": False})))
    [[remote]] = pages_of(exchange.channel(Route.BATCH), [])
    assert (remote.created_at, remote.scheduled_at) == (None, None)


def test_an_unknown_batch_is_none_only_in_the_providers_own_words() -> None:
    assert open_exchange(answering(httpx.Response(404, json=ERROR))).channel(Route.BATCH).read("acb_1") is None
    for foreign in (httpx.Response(404, html="<html>"), httpx.Response(404, json={"message": "no Route"})):
        with pytest.raises(ProviderError, match="answered 404"):
            open_exchange(answering(foreign)).channel(Route.BATCH).read("acb_1")


def test_another_batch_than_asked_for_is_an_error() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=batch(id="acb_2", recipients=[]))))
    with pytest.raises(ProviderError, match="something else"):
        exchange.channel(Route.BATCH).read("acb_1")


@pytest.mark.parametrize("recipients", [None, {}, "none"])
def test_a_batch_without_readable_recipients_never_looks_empty(recipients: Json) -> None:
    shown = batch(recipients=recipients, total_calls_scheduled=0)
    remote = open_exchange(answering(httpx.Response(200, json=shown))).channel(Route.BATCH).read("acb_1")
    assert remote is not None
    assert remote.members is not None
    assert remote.total != remote.members.height


def test_an_id_is_quoted_in_a_path() -> None:
    exchange = open_exchange(answering(httpx.Response(404, json=ERROR)))
    exchange.channel(Route.BATCH).read("../agents?x=1")
    assert exchange.sent[0].url.raw_path == b"/agents/calls/batches/..%2Fagents%3Fx%3D1"


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
    assert len(channel.histories(["agent_1", "agent_2"])) == 2
    assert (channel.histories([]), exchange.sent) == ([], [])


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
    with pytest.raises(ProviderError, match="GET /agents gave a list that cannot be read"):
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


BOX_CALL: dict[str, Json] = {
    "id": "c-1",
    "agent_id": "agent_1",
    "to_number": "+14155550101",
    "status": "ringing",
    "direction": "outbound",
    "created_at": "2026-06-14T12:00:00",
    "metadata": {"dialctl": str(MARK)},
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_shapes_of_the_callingbox_list(wrapped: bool) -> None:
    listed: list[Json] = [
        BOX_CALL,
        {**BOX_CALL, "id": "c-2", "direction": "inbound"},
        {**BOX_CALL, "id": "c-3", "agent_id": "agent_7", "metadata": {}},
        {**BOX_CALL, "id": "c-4", "agent_id": None, "metadata": None},
        {**BOX_CALL, "id": "c-5", "metadata": "text"},
    ]
    body: Json = {"data": listed} if wrapped else listed
    exchange = open_exchange(answering(httpx.Response(200, json=body)), "callingbox")
    [found] = pages_of(exchange.channel(Route.CALL), ["agent_1"])
    assert [remote.id for remote in found] == ["c-1", "c-5"]
    assert found[0].created_at == datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_the_one_callingbox_list_is_read_once_however_many_agents_there_are() -> None:
    calls_of_two: list[Json] = [BOX_CALL, {**BOX_CALL, "id": "c-2", "agent_id": "agent_2"}]
    exchange = open_exchange(answering(httpx.Response(200, json=calls_of_two)), "callingbox")
    [found] = pages_of(exchange.channel(Route.CALL), ["agent_1", "agent_2"])
    assert ([remote.id for remote in found], len(exchange.sent)) == (["c-1", "c-2"], 1)


@pytest.mark.parametrize("body", [{"calls": []}, [{"status": "queued"}], ["c-1"], "none"])
def test_a_callingbox_list_that_cannot_be_read_is_an_error(body: Json) -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=body)), "callingbox")
    with pytest.raises(ProviderError, match="cannot be read"):
        pages_of(exchange.channel(Route.CALL), ["agent_1"])


def test_an_unknown_callingbox_call_is_none() -> None:
    missing = httpx.Response(404, json={"error": "call c-1 not found"})
    assert open_exchange(answering(missing), "callingbox").channel(Route.CALL).read("c-1") is None
