"""What is sent, byte for byte where it matters."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import orjson
import pytest

from declarative.model.resource import Json, Route
from tests.growing import LINEAR, growth, numbers
from tests.providers.scripted_provider import KEY, MARK, SETTINGS, answering, open_exchange, submission

FULL: dict[str, Json] = {
    **SETTINGS,
    "ringing_timeout_seconds": 30,
    "max_call_duration_minutes": 15,
    "target_concurrency_limit": 10,
    "scheduled_at": "2026-12-01T16:00:00Z",
    "region": "EU",
    "instructions": "Say hello",
    "webhook_url": "https://example.com/hook",
}


ADA = ("+14155550101", '{"metadata":{"plan":"pro"}}')


def sent(type_name: str, version: str | None, route: Route, **parts: object) -> tuple[httpx.Request, Json]:
    exchange = open_exchange(answering(httpx.Response(500)), type_name, version)
    exchange.channel(route).submit(submission(**parts))  # type: ignore[arg-type]
    [request] = exchange.sent
    return request, orjson.loads(request.content)


def test_a_batch_names_its_people_and_carries_our_mark() -> None:
    when = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
    people = [ADA, ("+14155550102", None), ("+14155550103", "{}")]
    request, body = sent("cartesia", None, Route.BATCH, people=people, settings=FULL, scheduled_at=when)
    assert body == {
        "name": f"March outreach {MARK}",
        "agent_id": "agent_1",
        "from_number_id": "ap_1",
        "target_concurrency_limit": 10,
        "ringing_timeout_seconds": 30,
        "max_call_duration_minutes": 15,
        "scheduled_at": "2026-12-01T17:00:00Z",
        "recipients": [
            {"to_number": "+14155550101", "metadata": {"plan": "pro"}},
            {"to_number": "+14155550102"},
            {"to_number": "+14155550103"},
        ],
    }
    assert (request.method, request.url.path) == ("POST", "/agents/calls/batches")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["cartesia-version"] == "2026-03-01"
    assert request.headers["connection"] == "close"


def test_a_batch_without_a_start_of_its_own_starts_now() -> None:
    _, body = sent("cartesia", None, Route.BATCH, settings=FULL)
    assert isinstance(body, dict)
    assert "scheduled_at" not in body


def test_a_batch_of_the_newer_version_takes_a_region_and_variables() -> None:
    people = [("+14155550101", '{"dynamic_variables":{"plan":"pro"}}')]
    request, body = sent("cartesia", "2026-08-14", Route.BATCH, people=people, settings=FULL)
    assert isinstance(body, dict)
    assert body["region"] == "EU"
    assert body["recipients"] == [{"to_number": "+14155550101", "dynamic_variables": {"plan": "pro"}}]
    assert request.headers["cartesia-version"] == "2026-08-14"


def test_retry_and_cancel_have_no_body() -> None:
    exchange = open_exchange(answering(httpx.Response(400)))
    exchange.channel(Route.BATCH).retry("acb_1")
    exchange.channel(Route.BATCH).cancel("acb_1")
    assert [request.content for request in exchange.sent] == [b"", b""]
    paths = [request.url.path for request in exchange.sent]
    assert paths == ["/agents/calls/batches/acb_1/retry", "/agents/calls/batches/acb_1/cancel"]


def test_a_single_call_carries_our_mark_beside_its_persons_data() -> None:
    request, body = sent("cartesia", None, Route.CALL, people=[ADA], settings=FULL)
    assert request.url.path == "/agents/calls"
    assert body == {
        "agent_id": "agent_1",
        "from_number_id": "ap_1",
        "ringing_timeout_seconds": 30,
        "max_call_duration_minutes": 15,
        "outbound_calls": [{"to_number": ADA[0], "metadata": {"plan": "pro", "dialctl": str(MARK)}}],
    }


def test_a_single_call_of_the_newer_version_carries_it_as_a_variable() -> None:
    _, body = sent("cartesia", "2026-08-14", Route.CALL, scheduled_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert isinstance(body, dict)
    assert body["outbound_calls"] == [{"to_number": "+14155550101", "dynamic_variables": {"dialctl": str(MARK)}}]
    assert "scheduled_at" not in body


def test_the_legacy_route_takes_one_number_and_the_agents_own() -> None:
    request, body = sent("cartesia", "2025-04-16", Route.CALL, people=[ADA], settings=FULL)
    assert request.url.path == "/twilio/call/outbound"
    assert request.headers["cartesia-version"] == "2025-04-16"
    assert body == {
        "agent_id": "agent_1",
        "target_numbers": ["+14155550101"],
        "metadata": {"plan": "pro", "dialctl": str(MARK)},
    }


def test_a_callingbox_call_carries_everything_it_may() -> None:
    people = [("+14155550101", '{"context":{"first_name":"Ada"},"metadata":{"row":"7"}}')]
    request, body = sent("callingbox", None, Route.CALL, people=people, settings=FULL)
    assert request.url.path == "/v1/calls"
    assert body == {
        "to": "+14155550101",
        "agent_id": "agent_1",
        "from_number": "+12025550100",
        "instructions": "Say hello",
        "webhook_url": "https://example.com/hook",
        "context": {"first_name": "Ada"},
        "metadata": {"row": "7", "dialctl": str(MARK)},
    }


@pytest.mark.parametrize("text", ['quote " and \\', "ünï✓", "\u2028", "</script>"])
def test_data_with_difficult_characters_arrives_as_it_was(text: str) -> None:
    payload = orjson.dumps({"metadata": {"note": text}}).decode()
    _, body = sent("cartesia", None, Route.BATCH, people=[("+14155550101", payload)])
    assert isinstance(body, dict)
    assert body["recipients"] == [{"to_number": "+14155550101", "metadata": {"note": text}}]


def test_a_body_takes_time_as_its_people_grow_and_no_more() -> None:
    def of(count: int) -> None:
        _, body = sent("cartesia", None, Route.BATCH, people=[(number, ADA[1]) for number in numbers(count)])
        assert isinstance(body, dict)
        assert isinstance(body["recipients"], list)
        assert len(body["recipients"]) == count

    assert growth(of) < LINEAR
