"""Cartesia's words about one person, as a table."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, is_over
from declarative.model.resource import Json, Route
from tests.growing import LINEAR, growth, numbers
from tests.providers.scripted_provider import answering, batch, member, open_exchange

ERROR = "Invalid destination"


AGAIN: dict[str, Json] = {"agent_call_id": "ac_0", "end_reason": "dial_busy", "error_message": ERROR}


CALL: dict[str, Json] = {"agent_call_id": "ac_1"}


FAILED: dict[str, Json] = {"status": "failed", "error_message": ERROR}


RECIPIENTS: list[tuple[str, dict[str, Json], Phase, str | None, str | None]] = [
    ("queued", {"status": "queued"}, Phase.QUEUED, None, None),
    ("queued again", {"status": "queued", **AGAIN}, Phase.QUEUED, None, None),
    ("dispatched", {"status": "dispatched", **CALL}, Phase.IN_FLIGHT, None, "ac_1"),
    ("dispatched again", {"status": "dispatched", **AGAIN}, Phase.IN_FLIGHT, None, "ac_0"),
    ("started", {"status": "started", **CALL}, Phase.IN_FLIGHT, None, "ac_1"),
    ("completed", {"status": "completed", **CALL}, Phase.REACHED, None, "ac_1"),
    ("refused", FAILED, Phase.REFUSED, None, None),
    ("refused, empty id", {**FAILED, "agent_call_id": ""}, Phase.REFUSED, None, None),
    ("refused, null id", {**FAILED, "agent_call_id": None}, Phase.REFUSED, None, None),
    ("refused, with a reason", {**FAILED, "end_reason": "error"}, Phase.REFUSED, "error", None),
    ("unreached without a call", {**FAILED, "end_reason": "dial_busy"}, Phase.UNREACHED, "dial_busy", None),
    ("unfunded", {**FAILED, "error_message": "Usage limit reached"}, Phase.UNFUNDED, None, None),
    ("failed in a call", {**FAILED, **CALL}, Phase.UNKNOWN, None, "ac_1"),
    ("failed without a reason", {"status": "failed"}, Phase.UNKNOWN, None, None),
    ("failed, empty message", {**FAILED, "error_message": ""}, Phase.UNKNOWN, None, None),
    ("failed, error", {"status": "failed", "end_reason": "error"}, Phase.UNKNOWN, "error", None),
    ("failed, new dial word", {"status": "failed", "end_reason": "dial_x"}, Phase.UNKNOWN, "dial_x", None),
    ("cancelled", {"status": "cancelled"}, Phase.CANCELLED, None, None),
    ("cancelled after a dial", {"status": "cancelled", **CALL}, Phase.UNKNOWN, None, "ac_1"),
    ("an unknown word", {"status": "pondering", "end_reason": "odd"}, Phase.UNKNOWN, "odd", None),
    ("no status", {}, Phase.UNKNOWN, None, None),
    ("a status of another type", {"status": 3, "error_message": ["x"]}, Phase.UNKNOWN, None, None),
]


CONNECTED = ["agent_hangup", "client_hangup", "inactivity", "max_duration", "api_cancelled", "new_word"]


NOT_CONNECTED = ["dial_no_answer", "dial_busy", "dial_failed"]


def read_batch(recipients: list[Json], version: str | None = None) -> Remote:
    body = batch(recipients=recipients, total_calls_scheduled=len(recipients))
    exchange = open_exchange(answering(httpx.Response(200, json=body)), version=version)
    remote = exchange.channel(Route.BATCH).read("acb_1")
    assert remote is not None
    return remote


def read_call(call: dict[str, Json], type_name: str) -> Remote:
    exchange = open_exchange(answering(httpx.Response(200, json=call)), type_name)
    remote = exchange.channel(Route.CALL).read("c-1")
    assert remote is not None
    return remote


@pytest.mark.parametrize(
    ("recipient", "phase", "outcome", "call_id"),
    [row[1:] for row in RECIPIENTS],
    ids=[row[0] for row in RECIPIENTS],
)
def test_a_recipient_of_a_batch(
    recipient: dict[str, Json], phase: Phase, outcome: str | None, call_id: str | None
) -> None:
    person = member(read_batch([{"id": "abcr_1", "to_number": "+14155550101", **recipient}]))
    assert (person["phase"], person["outcome"], person["call_id"]) == (phase, outcome, call_id)


@pytest.mark.parametrize("word", CONNECTED)
def test_a_recipient_whose_call_was_connected_is_reached(word: str) -> None:
    ended: dict[str, Json] = {"to_number": "+14155550101", "status": "completed", "end_reason": word, **CALL}
    person = member(read_batch([ended]))
    assert (person["phase"], person["outcome"], person["call_id"]) == (Phase.REACHED, word, "ac_1")


@pytest.mark.parametrize("status", ["completed", "failed"])
@pytest.mark.parametrize("word", NOT_CONNECTED)
def test_a_recipient_who_was_not_connected_is_unreached(status: str, word: str) -> None:
    ended: dict[str, Json] = {"to_number": "+14155550101", "status": status, "end_reason": word, **CALL}
    person = member(read_batch([ended]))
    assert (person["phase"], person["outcome"], person["call_id"]) == (Phase.UNREACHED, word, "ac_1")


def test_recipients_keep_their_order_and_their_data() -> None:
    remote = read_batch(
        [
            {
                "to_number": "+14155550102",
                "status": "queued",
                "metadata": {"plan": "pro", "b": 1, "a": [None]},
            },
            {"to_number": "+14155550101", "status": "queued", "metadata": None, "new_field": 1},
            {"to_number": "+14155550103", "status": "queued", "metadata": {}},
        ]
    )
    assert remote.members is not None
    assert tuple(remote.members.columns) == MEMBER_COLUMNS
    assert remote.members["number"].to_list() == ["+14155550102", "+14155550101", "+14155550103"]
    assert remote.members["payload"].to_list() == ['{"metadata":{"a":[null],"b":1,"plan":"pro"}}', None, None]


def test_a_recipient_whose_number_cannot_be_read_is_left_out() -> None:
    remote = read_batch([{"to_number": None, "status": "queued"}, "nonsense", {"to_number": "+14155550101"}])
    assert remote.members is not None
    assert (remote.members.height, remote.total) == (1, 3)


@pytest.mark.parametrize("shown", ["+1415•••0101", "***0101", "4155550101", "sip:+14155550101@example.com"])
def test_a_recipient_whose_number_is_shown_in_part_or_in_another_form_is_left_out(shown: str) -> None:
    """As a row of nobody's number it would make the batch look whole, and whoever it is look never called."""
    remote = read_batch([{"to_number": shown, "status": "completed"}])
    assert remote.members is not None
    assert (remote.members.height, remote.total) == (0, 1)


def test_reading_takes_time_as_the_recipients_grow_and_no_more() -> None:
    def of(count: int) -> None:
        queued: list[Json] = [{"to_number": n, "status": "queued", "metadata": {"n": n}} for n in numbers(count)]
        remote = read_batch(queued)
        assert remote.members is not None
        assert remote.members["number"].n_unique() == remote.total == count

    assert growth(of) < LINEAR


def test_a_providers_error_text_is_made_fit_to_print() -> None:
    text = "\x1b[31mnumber +14155550101 is\nnot valid for sk_car_secret\u202e"
    person = member(read_batch([{"to_number": "+14155550101", "status": "failed", "error_message": text}]))
    assert person["error"] == "[31mnumber +1415•••0101 is not valid for •••"


CARTESIA_CALLS: list[tuple[dict[str, Json], Phase, str | None]] = [
    ({"status": "created"}, Phase.IN_FLIGHT, None),
    ({"status": "started"}, Phase.IN_FLIGHT, None),
    ({"status": "active"}, Phase.IN_FLIGHT, None),
    ({"status": "completed", "end_reason": "client_hangup"}, Phase.REACHED, "client_hangup"),
    ({"status": "completed", "end_reason": "dial_busy"}, Phase.UNREACHED, "dial_busy"),
    ({"status": "failed", "end_reason": "dial_no_answer"}, Phase.UNREACHED, "dial_no_answer"),
    ({"status": "failed", "error_message": "no balance"}, Phase.UNKNOWN, None),
    ({"status": "failed", "end_reason": "error"}, Phase.UNKNOWN, "error"),
    ({"status": "cancelled"}, Phase.UNKNOWN, None),
    ({"status": "levitating"}, Phase.UNKNOWN, None),
    ({}, Phase.UNKNOWN, None),
]


@pytest.mark.parametrize(("fields", "phase", "outcome"), CARTESIA_CALLS)
def test_a_single_call_at_cartesia(fields: dict[str, Json], phase: Phase, outcome: str | None) -> None:
    call: dict[str, Json] = {"id": "c-1", "telephony_params": {"to": "+14155550101"}, **fields}
    remote = read_call(call, "cartesia")
    person = member(remote)
    assert (person["number"], person["phase"], person["outcome"]) == ("+14155550101", phase, outcome)
    assert (remote.total, remote.dispatched, remote.cancelled) == (1, 1, False)


ENDED_NOTES: list[tuple[dict[str, Json], str | None]] = [
    (
        {"status": "completed", "start_time": "2026-06-14T12:00:08Z", "end_time": "2026-06-14T12:01:18Z"},
        '{"called_at":"2026-06-14T12:00:08+00:00","duration_seconds":70}',
    ),
    (
        {"status": "failed", "end_reason": "dial_no_answer", "start_time": None, "end_time": "2026-06-14T12:01:00Z"},
        '{"called_at":"2026-06-14T12:01:00+00:00"}',
    ),
    (
        {"status": "completed", "summary": "Agreed.", "dynamic_variables": {"day": "monday", "dialctl": "v1.x"}},
        '{"result":{"day":"monday","summary":"Agreed."}}',
    ),
    ({"status": "completed"}, None),
    ({"status": "started", "start_time": "2026-06-14T12:00:08Z", "dynamic_variables": {"day": ""}}, None),
    (
        {"status": "completed", "start_time": "2026-06-14T12:00:08Z", "end_time": "2026-06-14T11:00:00Z"},
        '{"called_at":"2026-06-14T12:00:08+00:00"}',
    ),
]


@pytest.mark.parametrize(("fields", "note"), ENDED_NOTES)
def test_the_note_of_a_call_that_ended(fields: dict[str, Json], note: str | None) -> None:
    remote = read_call({"id": "c-1", "telephony_params": {"to": "+14155550101"}, **fields}, "cartesia")
    assert remote.members is not None
    assert remote.members.item(0, "note") == note


@pytest.mark.parametrize(
    ("call", "ended"),
    [
        ({"status": "failed"}, True),
        ({"status": "started", "end_reason": "error"}, False),
        ({"status": "diverted", "end_reason": "call_diverted"}, True),
        ({"status": "diverted", "end_time": "2026-06-14T12:00:00Z"}, True),
        ({"status": "transferring", "end_reason": None, "end_time": None}, False),
    ],
)
def test_a_call_of_a_status_that_nobody_knows_is_over_where_it_shows_an_ending(
    call: dict[str, Json], ended: bool
) -> None:
    assert is_over(read_call(call, "cartesia")) is ended
