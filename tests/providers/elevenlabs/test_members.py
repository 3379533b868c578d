"""What ElevenLabs' words say of one person: never that they were not called, where that is not sure."""

from __future__ import annotations

from itertools import product

import pytest

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.elevenlabs.members import batch_members, campaign_members, lead_phase, recipient_phase

FREE = (Phase.QUEUED, Phase.CANCELLED, Phase.REFUSED)
"""Phases in which a person may be called by another request."""


def lead(attempts: Json = 0, ending: Json = None) -> dict[str, Json]:
    return {"lead_id": "l", "phone_number": "+14155550101", "attempt_count": attempts, "terminal_disposition": ending}


def call(status: Json, result: Json = None) -> dict[str, Json]:
    return {"lead_id": "l", "intent_id": "i", "status": status, "call_result": result}


@pytest.mark.parametrize(
    ("campaign", "shown", "calls", "expected"),
    [
        ("active", lead(), [call("queued")], (Phase.QUEUED, None)),
        ("active", lead(), [], (Phase.QUEUED, None)),
        ("attention", lead(), [call("attention")], (Phase.QUEUED, None)),
        ("active", lead(1), [call("submitted")], (Phase.IN_FLIGHT, None)),
        ("active", lead(0), [call("submitted")], (Phase.IN_FLIGHT, None)),
        ("active", lead(1), [call("queued")], (Phase.IN_FLIGHT, None)),
        ("active", lead(1), [call("completed", "busy"), call("queued")], (Phase.IN_FLIGHT, None)),
        ("completed", lead(1, "completed"), [call("completed", "answered")], (Phase.REACHED, "answered")),
        ("completed", lead(1), [call("completed", "voicemail")], (Phase.UNREACHED, "voicemail")),
        ("completed", lead(1), [call("completed", "diverted")], (Phase.UNKNOWN, "diverted")),
        ("completed", lead(1), [call("completed")], (Phase.UNKNOWN, "completed")),
        ("active", lead(1), [call("teleported")], (Phase.UNKNOWN, None)),
        ("active", lead(1), [call(None)], (Phase.UNKNOWN, None)),
        ("stopping", lead(), [call("queued")], (Phase.QUEUED, None)),
        ("stopping", lead(), [], (Phase.QUEUED, None)),
        ("stopping", lead(), [call("cancelled")], (Phase.CANCELLED, None)),
        ("stopped", lead(), [], (Phase.CANCELLED, None)),
        ("stopped", lead(0, "cancelled"), [call("cancelled")], (Phase.CANCELLED, None)),
        ("stopped", lead(1, "cancelled"), [call("cancelled")], (Phase.UNKNOWN, "cancelled")),
        ("active", lead(0, "removed"), [call("cancelled")], (Phase.CANCELLED, None)),
        ("completed", lead(0, "couldnt_process"), [], (Phase.REFUSED, None)),
        ("completed", lead(1, "couldnt_process"), [], (Phase.UNKNOWN, "couldnt_process")),
        ("completed", lead(0, "permission_expired"), [], (Phase.UNKNOWN, "permission_expired")),
    ],
)
def test_a_lead_stands_where_count_and_calls_agree(
    campaign: str, shown: dict[str, Json], calls: list[dict[str, Json]], expected: tuple[Phase, str | None]
) -> None:
    assert lead_phase(campaign, shown, calls) == expected


def test_nobody_with_a_sign_of_a_call_is_free() -> None:
    statuses = ("queued", "attention", "submitted", "completed", "cancelled", "teleported", None)
    campaigns = ("active", "paused", "stopping", "stopped", "completed", "failed", "flying")
    endings = (None, "removed", "cancelled", "completed", "couldnt_process", "new_word")
    for campaign, attempts, ending, status in product(campaigns, (0, 1, None, "0"), endings, statuses):
        phase, _ = lead_phase(campaign, lead(attempts, ending), [call(status)])
        may_be_called = attempts != 0 or status not in ("queued", "attention", "cancelled")
        assert not (may_be_called and phase in FREE), (campaign, attempts, ending, status, phase)


def test_data_are_compared_only_of_people_who_wait() -> None:
    shown = lead() | {"dynamic_variables": {"plan": "pro", "dialctl": "x"}}
    [row] = campaign_members("active", [shown], [])
    assert row[4] == '{"dynamic_variables":{"plan":"pro"}}'
    [row] = campaign_members("active", [shown], [call("submitted")])
    assert (row[3], row[4]) == ("i", None)


@pytest.mark.parametrize(
    ("status", "call_id", "dispatched", "expected"),
    [
        ("pending", None, 0, Phase.QUEUED),
        ("pending", None, 3, Phase.QUEUED),
        ("pending", "conv_1", 0, Phase.UNKNOWN),
        ("initiated", None, 1, Phase.IN_FLIGHT),
        ("completed", "conv_1", 1, Phase.REACHED),
        ("voicemail", "conv_1", 1, Phase.UNREACHED),
        ("failed", None, 1, Phase.UNREACHED),
        ("cancelled", None, 0, Phase.CANCELLED),
        ("cancelled", None, 1, Phase.UNKNOWN),
        ("cancelled", None, None, Phase.UNKNOWN),
        ("cancelled", "conv_1", 0, Phase.UNKNOWN),
        ("diverted", None, 0, Phase.UNKNOWN),
    ],
)
def test_a_cancelled_recipient_is_free_only_where_nobody_was_dispatched(
    status: str, call_id: str | None, dispatched: int | None, expected: Phase
) -> None:
    assert recipient_phase(status, call_id, dispatched) is expected


def test_recipients_of_odd_shapes_are_rows_all_the_same() -> None:
    rows = batch_members([None, {"phone_number": 5}, {"phone_number": "+14155550101", "status": 7}], dispatched=0)
    assert [row[0] for row in rows] == [None, None, "+14155550101"]
    assert {row[1] for row in rows} == {Phase.UNKNOWN}
