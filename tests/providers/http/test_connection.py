"""The time is asked for once, and a lookup that fails is not an absence."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from tests.providers.scripted_provider import (
    answering,
    open_exchange,
    submission,
)

DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("type_name", "path"), [("cartesia", "/"), ("callingbox", "/v1/agents")])
def test_the_time_is_asked_for_once(type_name: str, path: str) -> None:
    exchange = open_exchange(answering(httpx.Response(200, json={}, headers={"Date": DATE})), type_name)
    assert abs((exchange.provider.now() - NOON).total_seconds()) < 60
    assert exchange.provider.skew() == pytest.approx(NOON.timestamp() - datetime.now(UTC).timestamp(), abs=60)
    exchange.provider.now()
    assert [request.url.path for request in exchange.sent] == [path]


def test_the_time_of_an_error_answer_counts() -> None:
    exchange = open_exchange(answering(httpx.Response(500, headers={"Date": DATE})))
    exchange.channel(Route.BATCH).submit(submission())
    exchange.provider.now()
    assert len(exchange.sent) == 1


def test_a_provider_without_a_date_is_an_error() -> None:
    with pytest.raises(ProviderError, match="Date"):
        open_exchange(answering(httpx.Response(200, json={}))).provider.now()


@pytest.mark.parametrize(
    ("type_name", "version", "paths"),
    [
        ("cartesia", "2026-03-01", ["/agents/agent_1", "/agents/phone-numbers/ap_1"]),
        ("cartesia", "2026-08-14", ["/v1/agents/agent_1", "/agents/phone-numbers/ap_1"]),
        ("callingbox", None, ["/v1/agents/agent_1"]),
    ],
)
def test_agent_and_number_are_looked_up(type_name: str, version: str | None, paths: list[str]) -> None:
    settings: dict[str, Json] = {"agent_id": "agent_1", "from_number_id": "ap_1"}
    exchange = open_exchange(answering(httpx.Response(200, json={"id": "x"})), type_name, version)
    assert exchange.provider.unknown_references(settings) == []
    assert [request.url.path for request in exchange.sent] == paths


@pytest.mark.parametrize("type_name", ["cartesia", "callingbox"])
def test_nothing_named_is_nothing_missing(type_name: str) -> None:
    exchange = open_exchange(answering(httpx.Response(500)), type_name)
    assert exchange.provider.unknown_references({}) == []
    assert exchange.sent == []


def test_a_look_up_that_cannot_be_read_is_an_error_and_not_an_absence() -> None:
    with pytest.raises(ProviderError):
        open_exchange(answering(httpx.Response(404, html="<html>"))).provider.unknown_references(
            {"agent_id": "agent_1"}
        )
