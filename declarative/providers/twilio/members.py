"""Translates Twilio's words about one call into a Phase and a note for people (twilio.md 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.http.parse import (
    MemberRow,
    call_id_or_none,
    json_text,
    mail_time_or_none,
    note_times,
    text_or_none,
    word_or_empty,
)
from declarative.providers.twilio.type import OUTCOMES

CANCELLED = "canceled"


def call_phase(call: Mapping[str, Json]) -> tuple[Phase, str | None]:
    """Return the phase of a call, and Twilio's word for its ending. An unknown word counts as called."""
    status = word_or_empty(call.get("status"))
    # Protocol 12: a time that cannot be read is one all the same.
    has_begun = call.get("start_time") not in (None, "")
    if status == "queued":
        return (Phase.IN_FLIGHT if has_begun else Phase.QUEUED), None
    if status in ("ringing", "in-progress"):
        return Phase.IN_FLIGHT, None
    if status == CANCELLED and not has_begun and not _has_talked(call):
        return Phase.CANCELLED, None
    if status in OUTCOMES:
        return Phase.UNREACHED, status
    return (Phase.REACHED, status) if status == "completed" else (Phase.UNKNOWN, None)


def is_ended(call: Mapping[str, Json]) -> bool:
    """Whether a call is over. A status that nobody knows is an ending where the call says when it ended, and otherwise
    may be one of a call that goes on."""
    phase, _ = call_phase(call)
    if phase is Phase.UNKNOWN:
        return call.get("end_time") not in (None, "")
    return phase not in (Phase.QUEUED, Phase.IN_FLIGHT)


def _has_talked(call: Mapping[str, Json]) -> bool:
    return call.get("duration") not in (None, "", "0", 0) or call.get("answered_by") not in (None, "")


def call_member(call: Mapping[str, Json]) -> MemberRow:
    """Return the member row of a call's one person."""
    phase, outcome = call_phase(call)
    was_called = phase not in (Phase.QUEUED, Phase.CANCELLED)
    return (
        text_or_none(call.get("to")),
        phase,
        outcome,
        call_id_or_none(call.get("sid")) if was_called else None,
        None,  # data do not come back (twilio.md 2.1)
        None,
        _call_note(call),
    )


def _call_note(call: Mapping[str, Json]) -> str | None:
    """Return time, length and who answered, as a JSON object; None where none is told."""
    note = note_times(call.get("start_time"), None, None, parse=mail_time_or_none)
    duration = text_or_none(call.get("duration"))
    if duration is not None and duration.isascii() and duration.isdigit() and call.get("status") == "completed":
        note["duration_seconds"] = int(duration[:9])
    if (answered_by := word_or_empty(call.get("answered_by"))) not in ("", "unknown"):
        note["answered_by"] = answered_by
    return json_text(note) if note else None


def queue_time(call: Mapping[str, Json]) -> timedelta | None:
    """Return how long a call is expected to wait in Twilio's queue; None where that is not told."""
    text = call.get("queue_time")
    digits = str(text) if isinstance(text, str | int) and not isinstance(text, bool) else ""
    if not (digits.isascii() and digits.isdigit()):
        return None
    return timedelta(milliseconds=int(digits[:12]))
