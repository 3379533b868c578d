"""Reads are repeated within bounds, and a list is read to its very end or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Json, Route

from .scripted_provider import MARK, Exchange, answering, batch, open_exchange, pages_of

ERROR = {"error_code": None, "title": "Not found", "message": "batch not found", "request_id": "r"}


def page(ids: list[str], **fields: Json) -> httpx.Response:
    return httpx.Response(200, json={"data": [batch(id=one) for one in ids], **fields})


def batch_ids(exchange: Exchange) -> list[str]:
    return [one.id for found in pages_of(exchange.channel(Route.BATCH), []) for one in found]


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
    with pytest.raises(ProviderError, match="has a next page, but does not say which"):
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
