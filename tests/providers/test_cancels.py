"""Cancels: of a batch repeated like reads, of a single call never sent."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Route
from declarative.providers.base import Ambiguous, Busy, Done, NotSent, Outcome, Rejected

from .dial_requests import BOX, CREATE, LEGACY, PLACE, Request
from .scripted_provider import answering, batch, open_exchange

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


@pytest.mark.parametrize("request_that_dials", [PLACE, LEGACY, BOX], ids=lambda dials: dials.name)
def test_a_single_call_is_neither_retried_nor_cancelled(request_that_dials: Request) -> None:
    exchange = open_exchange(answering(httpx.Response(500)), request_that_dials.type_name, request_that_dials.version)
    channel = exchange.channel(Route.CALL)
    assert isinstance(channel.retry("ac_1"), Rejected)
    assert isinstance(channel.cancel("ac_1"), Rejected)
    assert exchange.sent == []
