"""CallingBox's words about one call, as a table."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Json, Route
from tests.providers.scripted_provider import MARK, answering, member, open_exchange


def read_call(call: dict[str, Json], type_name: str) -> Remote:
    exchange = open_exchange(answering(httpx.Response(200, json=call)), type_name)
    remote = exchange.channel(Route.CALL).read("c-1")
    assert remote is not None
    return remote


PAUSED = "Calls paused. Your balance is $1.88"


BOX_CALLS: list[tuple[dict[str, Json], Phase, str | None, str | None]] = [
    ({"status": "queued"}, Phase.IN_FLIGHT, None, "c-1"),
    ({"status": "initiated"}, Phase.IN_FLIGHT, None, "c-1"),
    ({"status": "ringing"}, Phase.IN_FLIGHT, None, "c-1"),
    ({"status": "in_progress"}, Phase.IN_FLIGHT, None, "c-1"),
    ({"status": "completed"}, Phase.REACHED, "completed", "c-1"),
    ({"status": "no_answer"}, Phase.UNREACHED, "no_answer", "c-1"),
    ({"status": "busy"}, Phase.UNREACHED, "busy", "c-1"),
    ({"status": "canceled"}, Phase.UNREACHED, "canceled", "c-1"),
    ({"status": "failed", "error_message": "invalid number"}, Phase.UNREACHED, "failed", "c-1"),
    ({"status": "failed", "error_message": PAUSED}, Phase.UNFUNDED, "failed", None),
    (
        {"status": "failed", "error_message": PAUSED, "started_at": "2026-06-14T12:00:00Z"},
        Phase.UNREACHED,
        "failed",
        "c-1",
    ),
    ({"status": "transferring"}, Phase.UNKNOWN, "transferring", "c-1"),
    ({}, Phase.UNKNOWN, None, "c-1"),
]


@pytest.mark.parametrize(("fields", "phase", "outcome", "call_id"), BOX_CALLS)
def test_a_single_call_at_callingbox(
    fields: dict[str, Json], phase: Phase, outcome: str | None, call_id: str | None
) -> None:
    person = member(read_call({"id": "c-1", "to_number": "+14155550101", **fields}, "callingbox"))
    assert (person["phase"], person["outcome"], person["call_id"]) == (phase, outcome, call_id)


NOTES: list[tuple[dict[str, Json], str | None]] = [
    ({"status": "no_answer", "answered_by": "machine"}, '{"answered_by":"machine"}'),
    ({"status": "no_answer", "result_status": "pending", "result": {"confirmed": None}}, None),
    ({"status": "completed", "result_status": "pending"}, '{"result_status":"pending"}'),
    (
        {"status": "completed", "result_status": "completed", "result": {"confirmed": True}},
        '{"result":{"confirmed":true},"result_status":"completed"}',
    ),
    (
        {"status": "completed", "result_status": "failed", "result_error": "empty transcript"},
        '{"result_error":"empty transcript","result_status":"failed"}',
    ),
    ({"status": "ringing", "result_status": "pending", "started_at": "2026-06-14T12:00:00Z"}, None),
    (
        {
            "status": "completed",
            "started_at": "2026-06-14T12:00:00Z",
            "answered_at": "2026-06-14T12:00:08Z",
            "ended_at": "2026-06-14T12:01:18.4Z",
        },
        '{"called_at":"2026-06-14T12:00:00+00:00","duration_seconds":70}',
    ),
    (
        {"status": "busy", "started_at": "2026-06-14T12:00:00Z", "ended_at": "2026-06-14T12:00:02Z"},
        '{"called_at":"2026-06-14T12:00:00+00:00"}',
    ),
    ({"status": "busy", "started_at": "soon", "answered_at": 3, "ended_at": None}, None),
]


@pytest.mark.parametrize(("fields", "note"), NOTES)
def test_the_note_of_a_callingbox_call(fields: dict[str, Json], note: str | None) -> None:
    assert member(read_call({"id": "c-1", "to_number": "+14155550101", **fields}, "callingbox"))["note"] == note


def test_a_callingbox_call_echoes_what_is_the_persons_own() -> None:
    call: dict[str, Json] = {
        "id": "c-1",
        "status": "queued",
        "to_number": "+14155550101",
        "metadata": {"dialctl": str(MARK), "row": "7"},
        "context": {"first_name": "Ada"},
    }
    remote = read_call(call, "callingbox")
    assert remote.mark == MARK
    assert member(remote)["payload"] == '{"context":{"first_name":"Ada"},"metadata":{"row":"7"}}'


@pytest.mark.parametrize(
    ("call", "ended"),
    [
        ({"status": "busy"}, True),
        ({"status": "ringing", "ended_at": "2026-06-14T12:00:00Z"}, False),
        ({"status": "diverted", "ended_at": "2026-06-14T12:00:00Z"}, True),
        ({"status": "transferring", "ended_at": None}, False),
    ],
)
def test_a_word_that_nobody_knows_is_an_ending_where_the_end_has_a_time(call: dict[str, Json], ended: bool) -> None:
    assert is_over(read_call(call, "callingbox")) is ended
