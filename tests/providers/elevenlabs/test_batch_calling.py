"""ElevenLabs' batch calling: its list proves something at its end alone."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import orjson
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Channel, Done, MarkMissing, Rejected
from tests.providers.scripted_provider import MARK, Handler, answering, open_exchange, pages_of, submission

SETTINGS: dict[str, Json] = {"agent_id": "agent_1", "agent_phone_number_id": "phnum_1", "ringing_timeout_secs": 30}


def batch(**fields: Json) -> dict[str, Json]:
    """A batch as ElevenLabs answers it."""
    return {
        "id": "batchcall_1",
        "name": f"March outreach {MARK}",
        "status": "pending",
        "total_calls_scheduled": 1,
        "total_calls_dispatched": 0,
        "total_calls_finished": 0,
        "retry_count": 0,
        "created_at_unix": 1_796_126_400,
        "last_updated_at_unix": 1_796_126_400,
        **fields,
    }


def channel_of(handler: Handler) -> Channel:
    return open_exchange(handler, "elevenlabs", "batch-calling").channel(Route.BATCH)


def test_the_whole_list_is_one_page_newest_first() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if "last_doc" in request.url.params:
            return httpx.Response(200, json={"batch_calls": [batch(id="b3", created_at_unix=1_796_130_000)]})
        entries = [batch(id="b1", created_at_unix=None), batch(id="b2")]
        return httpx.Response(200, json={"batch_calls": entries, "has_more": True, "next_doc": "b2"})

    [page] = pages_of(channel_of(handle), [])
    assert [remote.id for remote in page] == ["b3", "b2", "b1"]
    broken = answering(
        httpx.Response(200, json={"batch_calls": [batch()], "has_more": True, "next_doc": "b1"}),
        httpx.Response(500),
    )
    with pytest.raises(ProviderError):
        pages_of(channel_of(broken), [])


def test_a_body_has_the_mark_and_a_time_in_seconds() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=batch())), "elevenlabs", "batch-calling")
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert isinstance(exchange.channel(Route.BATCH).submit(submission(settings=SETTINGS, scheduled_at=noon)), Done)
    assert orjson.loads(exchange.sent[0].content) == {
        "call_name": f"March outreach {MARK}",
        "agent_id": "agent_1",
        "agent_phone_number_id": "phnum_1",
        "telephony_call_config": {"ringing_timeout_secs": 30},
        "scheduled_time_unix": 1_796_126_400,
        "recipients": [{"phone_number": "+14155550101"}],
    }


@pytest.mark.parametrize(
    ("fields", "expected"), [({}, Done), ({"name": "cut"}, MarkMissing), ({"id": None}, Ambiguous)]
)
def test_an_answer_counts_where_it_shows_our_mark(fields: dict[str, Json], expected: type) -> None:
    channel = channel_of(answering(httpx.Response(200, json=batch(**fields))))
    assert isinstance(channel.submit(submission(settings=SETTINGS)), expected)


@pytest.mark.parametrize("recipients", [None, {}, "none"])
def test_a_batch_without_readable_recipients_never_looks_empty(recipients: Json) -> None:
    shown = batch(recipients=recipients, total_calls_scheduled=0)
    remote = channel_of(answering(httpx.Response(200, json=shown))).read("batchcall_1")
    assert remote is not None
    assert remote.total == -1


def test_a_retry_is_never_sent_and_a_cancel_is_about_its_batch() -> None:
    channel = channel_of(answering(httpx.Response(200, json=batch(status="cancelled"))))
    assert isinstance(channel.retry("batchcall_1"), Rejected)
    assert isinstance(channel.cancel("batchcall_1"), Done)
    assert isinstance(channel.cancel("batchcall_2"), Ambiguous)
