"""The provider's clock, the look-up of agents and numbers, and a key that is never seen."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime

import httpx
import pytest

from declarative import privacy
from declarative.errors import ProviderError
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers.cartesia.type import CARTESIA
from declarative.providers.http import endpoint
from declarative.providers.http.clock import Clock

from .scripted_provider import KEY, Handler, answering, batch, environment, open_exchange, pages_of, submission

DATE = "Wed, 01 Jul 2026 12:00:00 GMT"
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NOT_FOUND = httpx.Response(404, json={"error_code": None, "title": "x not found", "message": "no"})


def test_the_clock_is_the_last_date_and_the_time_since() -> None:
    ticks = [100.0]
    clock = Clock(monotonic=lambda: ticks[0], wall=lambda: NOON.timestamp() - 90)
    assert clock.now() is None
    assert clock.skew() is None
    clock.record({"date": DATE})
    ticks[0] += 30.5
    assert clock.now() == NOON.replace(second=30, microsecond=500_000)
    assert clock.skew() == 90.0


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": ""}, {"date": DATE, "age": "40"}])
def test_the_clock_passes_over_dates_that_tell_nothing(headers: dict[str, str]) -> None:
    clock = Clock()
    clock.record(headers)
    assert clock.now() is None


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


def test_what_is_missing_is_said_in_a_sentence() -> None:
    settings: dict[str, Json] = {"agent_id": "agent_1", "from_number_id": "ap_1"}
    assert open_exchange(answering(NOT_FOUND)).provider.unknown_references(settings) == [
        "Cartesia does not know the agent agent_1",
        "Cartesia does not know the phone number ap_1",
    ]
    deleted = httpx.Response(200, json={"id": "agent_1", "deleted_at": "2026-06-14T12:00:00Z"})
    found = open_exchange(answering(deleted)).provider.unknown_references({"agent_id": "agent_1"})
    assert found == ["the agent agent_1 was deleted at Cartesia"]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (httpx.Response(404, json={"error": "agent not found"}), "does not know"),
        (httpx.Response(200, json={"archived_at": "2026-06-14T12:00:00Z"}), "archived"),
        (httpx.Response(200, json={"type": "inbound"}), "places none"),
    ],
)
def test_a_callingbox_agent_that_cannot_call_is_missing(answer: httpx.Response, word: str) -> None:
    [sentence] = open_exchange(answering(answer), "callingbox").provider.unknown_references({"agent_id": "agent_1"})
    assert word in sentence


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


ECHO = f"the key {KEY} is unknown"
LEAKS: list[Handler] = [
    answering(httpx.Response(401, json={"error_code": None, "title": ECHO, "message": ECHO, "error": ECHO})),
    answering(httpx.Response(400, json={"error": ECHO})),
    answering(httpx.Response(400, json={"error_code": None, "title": ECHO, "message": ECHO})),
    answering(httpx.Response(500, text=ECHO)),
    answering(httpx.Response(200, text=ECHO)),
    answering(httpx.Response(302, headers={"Location": f"https://evil.example/{KEY}"})),
    answering(httpx.ConnectError(ECHO)),
    answering(httpx.LocalProtocolError(ECHO)),
    answering(httpx.ReadTimeout(ECHO)),
    answering(httpx.Response(201, json=batch(id="", name=ECHO))),
    answering(httpx.Response(200, json={"calls": [{"error": {"message": ECHO}}]})),
]


@pytest.mark.parametrize("handler", LEAKS)
@pytest.mark.parametrize("type_name", ["cartesia", "callingbox"])
def test_the_key_is_in_no_message_trace_log_or_repr(
    handler: Handler, type_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exchange = open_exchange(handler, type_name)
    said = [repr(exchange.provider), str(vars(exchange.provider))]
    for channel in exchange.provider.channels.values():
        said += [repr(channel), repr(channel.submit(submission())), repr(channel.retry("acb_1"))]
        said.append(repr(channel.cancel("acb_1")))
        try:
            said.append(repr(pages_of(channel, ["agent_1"])))
        except ProviderError as problem:
            said += [str(problem), repr(problem), problem.hint, *traceback.format_exception(problem)]
    assert KEY not in "\n".join([*said, caplog.text])


def test_access_hides_the_key() -> None:
    found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, environment())
    assert found.key == KEY
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("to +14155550101 failed", "to +1415•••0101 failed"),
        ("to +1 (415) 555-0101 failed", "to +1415•••0101 failed"),
        ("to 415-555-0101 failed", "to 415•••0101 failed"),
        ("to 14155550101 failed", "to 1415•••0101 failed"),
        ("code 1234567", "code •••"),
        ("scheduled_at 2026-03-01T16:00:00Z is past", "scheduled_at 2026-03-01T16:00:00Z is past"),
        ("balance is $1.88, hold $3.00", "balance is $1.88, hold $3.00"),
        ("a\x1b]0;title\x07b\r\nc", "a ]0;title b c"),
        ("sk_live_abc-DEF and sk_car_x", "••• and •••"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_foreign_text_is_made_fit_to_print(text: str, clean: str) -> None:
    assert privacy.redact(text) == clean
