"""What Vapi's words say of one person: never that they were not called, where that is not sure."""

from __future__ import annotations

from itertools import product

import pytest

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.vapi.members import call_member, call_phase, contact_members, contact_phase

FREE = (Phase.QUEUED, Phase.CANCELLED, Phase.REFUSED, Phase.UNFUNDED)
"""Phases in which a person may be called by another request."""
NEVER = "call.start.error-vapi-number-international"
BROKE = "call.start.error-subscription-insufficient-credits"


def contact(status: Json, reason: Json = None, **fields: Json) -> dict[str, Json]:
    return {"number": "+14155550101", "status": status, "endedReason": reason, **fields}


@pytest.mark.parametrize(
    ("campaign", "shown", "expected"),
    [
        ("scheduled", contact("contact.pending"), (Phase.QUEUED, None)),
        ("in-progress", contact("contact.pending"), (Phase.QUEUED, None)),
        ("teleported", contact("contact.pending"), (Phase.QUEUED, None)),
        ("cancelled", contact("contact.pending"), (Phase.CANCELLED, None)),
        ("ended", contact("contact.pending"), (Phase.CANCELLED, None)),
        ("cancelled", contact("contact.skipped"), (Phase.CANCELLED, None)),
        ("ended", contact("contact.predial-failed"), (Phase.CANCELLED, None)),
        ("cancelled", contact("contact.pending", callId="c"), (Phase.UNKNOWN, "contact.pending")),
        ("cancelled", contact("contact.skipped", dispatchedAt="x"), (Phase.UNKNOWN, "contact.skipped")),
        ("cancelled", contact("contact.pending", "customer-busy"), (Phase.UNKNOWN, "contact.pending")),
        ("in-progress", contact("contact.dispatched", callId="c"), (Phase.IN_FLIGHT, None)),
        ("cancelled", contact("contact.dispatched"), (Phase.IN_FLIGHT, None)),
        ("ended", contact("contact.completed", "customer-busy", callId="c"), (Phase.UNREACHED, "customer-busy")),
        ("ended", contact("contact.completed", "customer-ended-call"), (Phase.REACHED, "customer-ended-call")),
        ("ended", contact("contact.completed", "teleported", callId="c"), (Phase.UNKNOWN, "teleported")),
        ("ended", contact("contact.completed", callId="c"), (Phase.UNKNOWN, "completed")),
        ("ended", contact("contact.completed", NEVER), (Phase.UNKNOWN, NEVER)),
        ("ended", contact("contact.failed", NEVER), (Phase.REFUSED, None)),
        ("ended", contact("contact.failed", BROKE), (Phase.UNFUNDED, None)),
        ("ended", contact("contact.failed"), (Phase.REFUSED, None)),
        ("ended", contact("contact.failed", NEVER, callId="c"), (Phase.UNKNOWN, NEVER)),
        ("ended", contact("contact.failed", "customer-busy"), (Phase.UNREACHED, "customer-busy")),
        ("ended", contact("contact.archived"), (Phase.UNKNOWN, None)),
        ("ended", contact(None), (Phase.UNKNOWN, None)),
    ],
)
def test_the_phase_of_a_contact(campaign: str, shown: dict[str, Json], expected: tuple[Phase, str | None]) -> None:
    assert contact_phase(campaign, shown) == expected


def test_whoever_has_a_call_is_never_free() -> None:
    statuses = ("pending", "dispatched", "completed", "failed", "skipped", "predial-failed", "teleported")
    signs: tuple[dict[str, Json], ...] = ({"callId": "c"}, {"callId": 7}, {"dispatchedAt": "2026-12-01T12:00:00Z"})
    campaigns = ("scheduled", "in-progress", "ended", "cancelled", "archived")
    for campaign, status, sign, reason in product(campaigns, statuses, signs, (None, NEVER, BROKE, "x")):
        phase, _ = contact_phase(campaign, contact(f"contact.{status}", reason, **sign))
        assert phase not in FREE


def test_a_row_holds_why_somebody_was_turned_away_and_no_data() -> None:
    [row] = contact_members("ended", [contact("contact.failed", NEVER)])
    assert row == ("+14155550101", Phase.REFUSED, None, None, None, NEVER, None)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"status": "queued"}, (Phase.IN_FLIGHT, None)),
        ({"status": "scheduled"}, (Phase.IN_FLIGHT, None)),
        ({"status": "ended", "endedReason": "voicemail"}, (Phase.UNREACHED, "voicemail")),
        ({"status": "ended", "endedReason": "assistant-ended-call"}, (Phase.REACHED, "assistant-ended-call")),
        ({"status": "ended", "endedReason": "teleported"}, (Phase.UNKNOWN, "teleported")),
        ({"status": "ended"}, (Phase.UNKNOWN, "completed")),
        ({"status": "ended", "endedReason": "scheduled-call-deleted"}, (Phase.REFUSED, None)),
        ({"status": "ended", "endedReason": BROKE}, (Phase.UNFUNDED, None)),
        ({"status": "ended", "endedReason": NEVER, "startedAt": "2026-12-01T12:00:00Z"}, (Phase.UNKNOWN, NEVER)),
        ({"status": "not-found"}, (Phase.UNKNOWN, None)),
        ({"status": "deletion-failed"}, (Phase.UNKNOWN, None)),
        ({}, (Phase.UNKNOWN, None)),
    ],
)
def test_the_phase_of_a_single_call(call: dict[str, Json], expected: tuple[Phase, str | None]) -> None:
    assert call_phase(call) == expected


def test_the_times_of_a_single_call_are_noted() -> None:
    times: dict[str, Json] = {"startedAt": "2026-12-01T12:00:00Z", "endedAt": "2026-12-01T12:01:30Z"}
    row = call_member({"id": "c", "status": "ended", "endedReason": "voicemail", **times})
    assert row[6] == '{"called_at":"2026-12-01T12:00:00+00:00","duration_seconds":90}'
