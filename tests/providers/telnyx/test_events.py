"""Telnyx' events: what is sent, when an answer counts as ours, and what a list proves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, MarkMissing, Rejected
from declarative.providers.telnyx.events import event_body
from tests.providers.scripted_provider import MARK, answering, open_exchange, pages_of, submission

SETTINGS: dict[str, Json] = {
    "assistant_id": "assistant-1",
    "telnyx_agent_target": "+12025550100",
    "sip_region": "Europe",
}
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def event(**fields: Json) -> dict[str, Json]:
    """An event as Telnyx answers it."""
    return {
        "scheduled_event_id": "e1",
        "status": "pending",
        "created_at": "2026-12-01T11:00:00Z",
        "scheduled_at_fixed_datetime": "2026-12-01T12:00:00Z",
        "telnyx_end_user_target": "+14155550101",
        "conversation_metadata": {"dialctl": str(MARK)},
        "max_retries_client_errors": 0,
        **fields,
    }


def test_a_body_calls_once_and_is_the_same_each_time() -> None:
    data = '{"conversation_metadata":{"ok":true,"part":1.5,"ticket":4},"dynamic_variables":{"age":40,"name":"Ada"}}'
    asked = submission([("+14155550101", data)], SETTINGS)
    assert event_body(asked, NOON) == event_body(asked, NOON)
    assert orjson.loads(event_body(asked, NOON)) == {
        "telnyx_conversation_channel": "phone_call",
        "telnyx_agent_target": "+12025550100",
        "telnyx_end_user_target": "+14155550101",
        "scheduled_at_fixed_datetime": "2026-12-01T12:00:00Z",
        "max_retries_client_errors": 0,
        "conversation_metadata": {"ok": True, "part": "1.5", "ticket": 4, "dialctl": str(MARK)},
        "dynamic_variables": {"age": "40", "name": "Ada"},
        "call_settings": {"sip_region": "Europe"},
    }


def test_the_key_is_the_mark_in_the_characters_that_are_allowed() -> None:
    exchange = open_exchange(answering(httpx.Response(201, json=event())), "telnyx")
    assert isinstance(exchange.channel(Route.BATCH).submit(submission(settings=SETTINGS, scheduled_at=NOON)), Done)
    [sent] = exchange.sent
    assert sent.url.path == "/v2/ai/assistants/assistant-1/scheduled_events"
    assert sent.headers["idempotency-key"] == str(MARK).replace("~", ":").replace(".", ":")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(201, json=event()), Done),
        (httpx.Response(201, json=event(conversation_metadata=None)), MarkMissing),
        (httpx.Response(201, json=event(max_retries_client_errors=3)), MarkMissing),
        (httpx.Response(201, json=event(conversation_metadata={"dialctl": str(replace(MARK, shard=9))})), Ambiguous),
        (httpx.Response(201, json=event(scheduled_event_id=None)), Ambiguous),
        (httpx.Response(409, json={"errors": [{"code": "1", "title": "still running"}]}), Ambiguous),
        (httpx.Response(422, json={"detail": [{"loc": [], "msg": "bad", "type": "x"}]}), Rejected),
        (httpx.Response(422, json={"message": "bad"}), Ambiguous),
    ],
)
def test_an_answer_counts_where_it_shows_our_mark(response: httpx.Response, expected: type) -> None:
    channel = open_exchange(answering(response), "telnyx").channel(Route.BATCH)
    assert isinstance(channel.submit(submission(settings=SETTINGS, scheduled_at=NOON)), expected)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(204), Done),
        (httpx.Response(200, json={}), Done),
        (httpx.Response(404, json={"errors": [{"code": "1", "title": "gone"}]}), Done),
        (httpx.Response(404, html="<html>"), Ambiguous),
        (httpx.Response(503), Ambiguous),
        (httpx.ReadTimeout("lost"), Ambiguous),
    ],
)
def test_a_deletion_is_sent_once_whatever_the_answer(response: httpx.Response | Exception, expected: type) -> None:
    exchange = open_exchange(answering(response), "telnyx")
    assert isinstance(exchange.channel(Route.BATCH).cancel("assistant-1:e1"), expected)
    assert [(sent.method, sent.url.path) for sent in exchange.sent] == [
        ("DELETE", "/v2/ai/assistants/assistant-1/scheduled_events/e1")
    ]


def test_ids_that_were_never_given_out_are_refused() -> None:
    channel = open_exchange(answering(httpx.Response(204)), "telnyx").channel(Route.BATCH)
    assert isinstance(channel.cancel("../x"), Rejected)
    assert isinstance(channel.retry("assistant-1:e1"), Rejected)
    assert isinstance(channel.submit(submission(settings=SETTINGS | {"assistant_id": "a/b"})), Rejected)
    with pytest.raises(ProviderError, match="something else"):
        open_exchange(answering(httpx.Response(200, json=event(scheduled_event_id="e2"))), "telnyx").channel(
            Route.BATCH
        ).read("assistant-1:e1")


def test_the_list_is_of_all_assistants_and_of_those_named_and_used() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/ai/assistants":
            return httpx.Response(200, json={"data": [{"id": "old", "name": "Old"}]})
        if request.method == "POST":
            return httpx.Response(201, json=event())
        assistant = request.url.path.split("/")[4]
        entry = event(
            scheduled_event_id=f"e-{assistant}", created_at=None if assistant == "old" else "2026-12-01T11:00:00Z"
        )
        return httpx.Response(200, json={"data": [entry], "meta": {"page_number": 1, "total_pages": 1}})

    channel = open_exchange(handle, "telnyx").channel(Route.BATCH)
    channel.submit(submission(settings=SETTINGS, scheduled_at=NOON))
    [page] = pages_of(channel, ["new", "*"])
    assert [remote.id for remote in page] == ["assistant-1:e-assistant-1", "new:e-new", "old:e-old"]


@pytest.mark.parametrize(
    ("metadata", "name"), [({"dialctl": str(MARK)}, str(MARK)), ({"ticket": 4}, "ticket"), (None, ""), ({}, "")]
)
def test_an_event_that_shows_no_metadata_has_no_name(metadata: Json, name: str) -> None:
    # An entry without a name proves nothing: it could be ours.
    channel = open_exchange(
        answering(httpx.Response(200, json=event(conversation_metadata=metadata))), "telnyx"
    ).channel(Route.BATCH)
    remote = channel.read("assistant-1:e1")
    assert remote is not None
    assert remote.name == name
