"""What Telnyx' words say of one event: never that nobody was called, where that is not sure."""

from __future__ import annotations

from itertools import product

import pytest

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.telnyx.members import event_member, event_phase, is_ended, last_change

FREE = (Phase.QUEUED, Phase.REFUSED, Phase.UNFUNDED, Phase.CANCELLED)
"""Phases in which a person may be called by another request."""
ATTEMPT: Json = [{"attempt_number": 1, "attempted_at": "2026-12-01T12:00:00Z", "call_status": "busy"}]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"status": "pending"}, (Phase.QUEUED, None)),
        ({"status": "pending", "call_attempts": []}, (Phase.QUEUED, None)),
        ({"status": "pending", "call_attempts": ATTEMPT}, (Phase.IN_FLIGHT, None)),
        ({"status": "pending", "dispatched_at": "soon"}, (Phase.IN_FLIGHT, None)),
        ({"status": "in_progress", "call_status": "busy"}, (Phase.IN_FLIGHT, None)),
        ({"status": "completed", "call_status": "completed"}, (Phase.REACHED, "completed")),
        ({"status": "failed", "call_status": "busy", "call_attempts": ATTEMPT}, (Phase.UNREACHED, "busy")),
        ({"status": "failed", "call_status": "diverted", "dispatched_at": "x"}, (Phase.UNKNOWN, "diverted")),
        ({"status": "failed", "call_status": "ringing", "dispatched_at": "x"}, (Phase.UNKNOWN, "failed")),
        ({"status": "failed", "errors": ["no such number"]}, (Phase.REFUSED, None)),
        ({"status": "failed", "errors": ["the balance is too low"]}, (Phase.UNFUNDED, None)),
        ({"status": "diverted", "call_status": "diverted"}, (Phase.UNKNOWN, "diverted")),
        ({"status": "diverted"}, (Phase.UNKNOWN, None)),
        ({"status": None}, (Phase.UNKNOWN, None)),
        ({}, (Phase.UNKNOWN, None)),
    ],
)
def test_an_event_stands_where_its_words_say(event: dict[str, Json], expected: tuple[Phase, str | None]) -> None:
    assert event_phase(event) == expected


def test_nobody_with_a_sign_of_a_call_is_free() -> None:
    for status, dispatched, attempts, call_status in product(
        ("pending", "in_progress", "completed", "failed", "new", None), (None, "x"), (None, [], ATTEMPT), (None, "busy")
    ):
        event: dict[str, Json] = {"status": status, "dispatched_at": dispatched, "call_status": call_status}
        phase, _ = event_phase(event | {"call_attempts": attempts})
        was_called = bool(dispatched or attempts) or status not in ("pending", "failed")
        assert not (was_called and phase in FREE), event


def test_an_ending_in_a_new_word_is_an_ending() -> None:
    assert is_ended({"status": "diverted", "call_status": "diverted"})
    assert not is_ended({"status": "diverted"})
    assert not is_ended({"status": "pending"})


def test_the_latest_attempt_tells_when_it_changed() -> None:
    event: dict[str, Json] = {"status": "failed", "created_at": "2026-12-01T11:00:00Z", "call_attempts": ATTEMPT}
    assert last_change(event | {"call_duration": 30}) == "2026-12-01T12:00:30+00:00"
    assert last_change({"created_at": "2026-12-01T11:00:00Z"}) == "2026-12-01T11:00:00Z"


def test_a_members_data_come_without_our_mark() -> None:
    event: dict[str, Json] = {
        "status": "pending",
        "telnyx_end_user_target": "+14155550101",
        "conversation_metadata": {"dialctl": "~d1", "ticket": 4},
        "dynamic_variables": {"name": "Ada"},
    }
    row = event_member(event, lambda text, _: text)
    assert row[:2] == ("+14155550101", Phase.QUEUED)
    assert (row[3], row[4]) == (None, '{"conversation_metadata":{"ticket":4},"dynamic_variables":{"name":"Ada"}}')
