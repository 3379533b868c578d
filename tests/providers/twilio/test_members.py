"""What Twilio's words say of one person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.twilio.members import call_member, call_phase, is_ended, queue_time
from tests.providers.read_requests import COMPLETED_CALL

STARTED = "Sun, 14 Jun 2026 12:00:01 +0000"


@pytest.mark.parametrize(
    ("call", "phase", "outcome"),
    [
        ({"status": "queued", "start_time": None}, Phase.QUEUED, None),
        ({"status": "queued", "start_time": STARTED}, Phase.IN_FLIGHT, None),
        ({"status": "ringing"}, Phase.IN_FLIGHT, None),
        ({"status": "in-progress", "start_time": STARTED}, Phase.IN_FLIGHT, None),
        ({"status": "completed"}, Phase.REACHED, "completed"),
        ({"status": "busy"}, Phase.UNREACHED, "busy"),
        ({"status": "no-answer"}, Phase.UNREACHED, "no-answer"),
        ({"status": "failed"}, Phase.UNREACHED, "failed"),
        ({"status": "canceled"}, Phase.CANCELLED, None),
        ({"status": "canceled", "start_time": "", "duration": "0"}, Phase.CANCELLED, None),
        ({"status": "canceled", "start_time": STARTED}, Phase.UNREACHED, "canceled"),
        ({"status": "canceled", "start_time": "no time at all"}, Phase.UNREACHED, "canceled"),
        ({"status": "canceled", "start_time": 7}, Phase.UNREACHED, "canceled"),
        ({"status": "canceled", "duration": "4"}, Phase.UNREACHED, "canceled"),
        ({"status": "canceled", "answered_by": "human"}, Phase.UNREACHED, "canceled"),
        ({"status": "initiated"}, Phase.UNKNOWN, None),
        ({"status": 7}, Phase.UNKNOWN, None),
        ({}, Phase.UNKNOWN, None),
    ],
)
def test_the_words_of_a_call(call: dict[str, Json], phase: Phase, outcome: str | None) -> None:
    assert call_phase(call) == (phase, outcome)


@pytest.mark.parametrize(
    ("call", "ended"),
    [
        ({"status": "busy"}, True),
        ({"status": "canceled"}, True),
        ({"status": "queued"}, False),
        ({"status": "ringing", "end_time": STARTED}, False),
        ({"status": "diverted", "end_time": STARTED}, True),
        ({"status": "diverted", "end_time": ""}, False),
        ({"status": "diverted"}, False),
    ],
)
def test_a_word_that_nobody_knows_is_an_ending_where_the_end_has_a_time(call: dict[str, Json], ended: bool) -> None:
    assert is_ended(call) is ended


def test_a_person_comes_with_time_length_and_who_answered() -> None:
    number, phase, outcome, call_id, payload, error, note = call_member(COMPLETED_CALL)
    assert (number, phase, outcome) == ("+14155550101", Phase.REACHED, "completed")
    assert (call_id, payload, error) == (COMPLETED_CALL["sid"], None, None)
    assert note is not None
    expected = {"answered_by": "human", "called_at": "2026-06-14T12:00:01+00:00", "duration_seconds": 110}
    assert orjson.loads(note) == expected


def test_a_person_who_waits_or_was_taken_off_has_no_call_id() -> None:
    for status in ("queued", "canceled"):
        assert call_member({"sid": "CA1", "status": status, "to": "+14155550101"})[3] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1500", timedelta(seconds=1.5)),
        (0, timedelta()),
        (None, None),
        ("", None),
        ("soon", None),
        (True, None),
        ("-1", None),
        ("²", None),
    ],
)
def test_the_time_in_the_queue(value: Any, expected: timedelta | None) -> None:
    assert queue_time({"queue_time": value}) == expected
