"""Reads and cancels are repeated within bounds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Route
from declarative.providers.base import Ambiguous, Busy, Done, NotSent, Outcome, Rejected
from tests.providers.dial_requests import CREATE
from tests.providers.scripted_provider import (
    UNKNOWN_BATCH,
    answering,
    batch,
    batch_page,
    listed_batch_ids,
    open_exchange,
)


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
    exchange = open_exchange(answering(passing, batch_page(["acb_1"], has_more=False)))
    assert listed_batch_ids(exchange) == ["acb_1"]
    assert len(exchange.sent) == 2
    assert len(exchange.pauses) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 302])
def test_a_read_is_not_repeated_after_what_will_not_pass(status: int) -> None:
    exchange = open_exchange(answering(httpx.Response(status, json=UNKNOWN_BATCH, headers={"Location": "/x"})))
    with pytest.raises(ProviderError, match=f"GET /agents/calls/batches answered {status}.*batch not found"):
        listed_batch_ids(exchange)
    assert len(exchange.sent) == 1


def test_a_read_gives_up_after_five_attempts() -> None:
    exchange = open_exchange(answering(httpx.Response(503, html="<html>down</html>")))
    with pytest.raises(ProviderError, match=r"main: GET /agents/calls/batches answered 503.*an HTML page"):
        listed_batch_ids(exchange)
    assert len(exchange.sent) == 5
    assert all(0 <= pause <= 15 for pause in exchange.pauses)


def test_a_read_waits_as_long_as_it_is_told() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "20"})
    exchange = open_exchange(answering(busy, batch_page([], has_more=False)))
    assert listed_batch_ids(exchange) == []
    assert exchange.pauses == [20.0]


def test_a_read_does_not_wait_for_an_hour() -> None:
    exchange = open_exchange(answering(httpx.Response(429, headers={"Retry-After": "3600"})))
    with pytest.raises(ProviderError, match="answered 429"):
        listed_batch_ids(exchange)
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
        listed_batch_ids(exchange)
    assert way_out in caught.value.hint
    assert "Errno" not in caught.value.message


@pytest.mark.parametrize("body", ["Unauthorized: no", "", '{"title": "x", "message": "y"}'])
def test_a_refused_key_is_unauthorized_in_any_form(body: str) -> None:
    exchange = open_exchange(answering(httpx.Response(401, text=body)))
    with pytest.raises(Unauthorized) as caught:
        listed_batch_ids(exchange)
    assert "CARTESIA_API_KEY" in caught.value.hint


CANCELS: list[tuple[list[httpx.Response | Exception], type[Outcome], int]] = [
    ([httpx.Response(200, json=batch(status="cancelled"))], Done, 1),
    ([httpx.Response(500), httpx.Response(200, json=batch(status="cancelled"))], Done, 2),
    ([httpx.ReadTimeout("x"), httpx.Response(200, json=batch(status="cancelled"))], Done, 2),
    ([CREATE.error(404, "batch not found")], Rejected, 1),
    ([CREATE.error(429, "slow down")], Busy, 5),
    ([httpx.Response(404, html="<html>")], Ambiguous, 1),
    ([httpx.ReadTimeout("x"), httpx.ConnectError("x")], Ambiguous, 5),
    ([httpx.ConnectError("x")], NotSent, 5),
    ([httpx.Response(200, content=b'{"id": "acb')], Ambiguous, 5),
]


@pytest.mark.parametrize(("answers", "expected", "requests"), CANCELS)
def test_a_cancel_is_repeated_like_a_read(
    answers: list[httpx.Response | Exception], expected: type[Outcome], requests: int
) -> None:
    exchange = open_exchange(answering(*answers))
    assert isinstance(exchange.channel(Route.BATCH).cancel("acb_1"), expected)
    assert len(exchange.sent) == requests
