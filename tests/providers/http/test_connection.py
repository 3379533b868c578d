"""The time is asked for once, and a lookup that fails is not an absence."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Done, NotSent
from tests.providers.scripted_provider import (
    UNKNOWN_BATCH,
    answering,
    batch,
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


def test_the_time_of_an_error_answer_in_the_providers_form_counts() -> None:
    exchange = open_exchange(answering(httpx.Response(500, json=UNKNOWN_BATCH, headers={"Date": DATE})))
    exchange.channel(Route.BATCH).submit(submission())
    exchange.provider.now()
    assert len(exchange.sent) == 1


@pytest.mark.parametrize(
    "page",
    [
        httpx.Response(504, html="<html>Gateway Time-out</html>"),
        httpx.Response(504, json={"message": "Gateway Timeout"}),
        httpx.Response(200, html="<html>sign in</html>"),
        httpx.Response(302),
        httpx.Response(200, json="ok"),
    ],
)
def test_the_time_of_somebody_in_between_never_counts(page: httpx.Response) -> None:
    page.headers["Date"] = "Thu, 02 Jul 2026 12:00:00 GMT"
    good = httpx.Response(200, json={}, headers={"Date": DATE})
    exchange = open_exchange(answering(good, page))
    before = exchange.provider.now()
    exchange.channel(Route.BATCH).submit(submission())
    assert 0 <= (exchange.provider.now() - before).total_seconds() < 60
    assert len(exchange.sent) == 2


CREATED: list[tuple[str, str, dict[str, Json]]] = [
    ("cartesia", "2026-03-01", batch()),
    ("callingbox", "2026-04", {"id": "c-1", "status": "queued"}),
]


@pytest.mark.parametrize(("type_name", "version", "good"), CREATED)
@pytest.mark.parametrize(
    ("created_at", "earliest", "latest"),
    [
        ("2026-07-01T11:50:00Z", "11:50:00", "12:00:00"),  # the header is ahead of the clock that judges scheduled_at
        ("2026-07-01T12:10:00Z", "12:00:00", "12:10:00"),
        ("2026-07-01T11:59:57Z", "12:00:00", "12:00:00"),  # the time that the request took
        ("2026-06-20T12:00:00Z", "12:00:00", "12:00:00"),  # no clock is that wrong
        ("soon", "12:00:00", "12:00:00"),
    ],
)
def test_the_clock_that_stamps_creations_is_held_against_the_header(
    type_name: str, version: str, good: dict[str, Json], created_at: str, earliest: str, latest: str
) -> None:
    created = httpx.Response(201, json={**good, "created_at": created_at}, headers={"Date": DATE})
    exchange = open_exchange(answering(created), type_name, version)
    [channel] = [exchange.provider.channels[route] for route in list(exchange.provider.channels)[:1]]
    assert isinstance(channel.submit(submission()), Done)
    assert _rounded(exchange.provider.now()) == earliest
    assert _rounded(exchange.provider.latest_now()) == latest


def _rounded(moment: datetime) -> str:
    """A time of day to the minute: the answer is some milliseconds old."""
    return f"{moment:%H:%M:00}"


def test_after_the_machine_slept_the_time_is_asked_again_before_anything_dials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = httpx.Response(200, json=batch(), headers={"Date": DATE})
    exchange = open_exchange(answering(good))
    exchange.provider.now()
    real_time = time.time
    monkeypatch.setattr(time, "time", lambda: real_time() + 3600)
    assert isinstance(exchange.channel(Route.BATCH).submit(submission()), NotSent)
    assert isinstance(exchange.channel(Route.BATCH).retry("acb_1"), NotSent)
    assert len(exchange.sent) == 1, "nothing was sent since"
    exchange.provider.now()
    assert exchange.sent[-1].method == "GET"
    assert isinstance(exchange.channel(Route.BATCH).submit(submission()), Done)
    assert len(exchange.sent) == 3


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


@pytest.mark.parametrize(("seconds", "requests"), [(-1, 0), (20, 1), (70, 5)])
def test_a_read_ends_before_its_deadline_whatever_it_is_asked_to_wait(seconds: float, requests: int) -> None:
    good = httpx.Response(200, json={}, headers={"Date": DATE})
    busy = httpx.Response(429, json={}, headers={"Retry-After": "30", "Date": DATE})
    exchange = open_exchange(answering(good, busy))
    deadline = exchange.provider.now() + timedelta(seconds=seconds)
    with exchange.provider.reading_until(deadline), pytest.raises(ProviderError):
        exchange.channel(Route.BATCH).read("acb_1")
    assert len(exchange.sent) == 1 + requests
    assert len(exchange.pauses) == max(0, requests - 1)


def test_our_own_number_is_asked_for_by_its_id_where_a_setting_names_it() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json={"id": "ap_A", "number": "+14155550100"})))
    assert exchange.provider.own_number({}) == ""
    assert exchange.sent == []
    assert exchange.provider.own_number({"from_number_id": "ap_A"}) == "+14155550100"
    assert [request.url.path for request in exchange.sent] == ["/agents/phone-numbers/ap_A"]
