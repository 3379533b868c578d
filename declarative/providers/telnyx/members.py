"""Translates Telnyx' words about one event into a Phase."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.http.outcomes import is_out_of_funds
from declarative.providers.http.parse import (
    MemberRow,
    Redact,
    call_id_or_none,
    count_or_none,
    dict_or_empty,
    json_text,
    member_payload,
    text_or_none,
    time_or_none,
    word_or_empty,
)
from declarative.providers.telnyx.type import OUTCOMES

_GOING_ON = frozenset({"ringing", "in-progress"})


def event_phase(event: Mapping[str, Json]) -> tuple[Phase, str | None]:
    """Return the phase of an event, and the provider's word for its ending (telnyx.md 2.2). An unknown word counts as
    called."""
    status, call_status = word_or_empty(event.get("status")), word_or_empty(event.get("call_status"))
    if status == "pending":
        return (Phase.IN_FLIGHT if _was_dispatched(event) else Phase.QUEUED), None
    if status == "in_progress":
        return Phase.IN_FLIGHT, None
    if status == "completed":
        return Phase.REACHED, call_status or status
    if status == "failed" and not _was_dispatched(event):
        return (Phase.UNFUNDED if is_out_of_funds(_error_text(event)) else Phase.REFUSED), None
    ending = None if call_status in _GOING_ON else call_status or None
    if status == "failed":
        return (Phase.UNREACHED, ending) if ending in OUTCOMES else (Phase.UNKNOWN, ending or status)
    return Phase.UNKNOWN, ending


def is_ended(event: Mapping[str, Json]) -> bool:
    """Whether no call of the event follows. An ending in a word that nobody knows is one."""
    phase, outcome = event_phase(event)
    return phase not in (Phase.QUEUED, Phase.IN_FLIGHT) and (phase is not Phase.UNKNOWN or outcome is not None)


def event_member(event: Mapping[str, Json], redact: Redact) -> MemberRow:
    """Return the member row of an event's one person. `redact` makes the provider's error text safe to print."""
    phase, outcome = event_phase(event)
    number, error = text_or_none(event.get("telnyx_end_user_target")), _error_text(event)
    was_called = phase not in (Phase.QUEUED, Phase.REFUSED, Phase.UNFUNDED)
    return (
        number,
        phase,
        outcome,
        call_id_or_none(event.get("scheduled_event_id")) if was_called else None,
        member_payload({field: event.get(field) for field in ("dynamic_variables", "conversation_metadata")}),
        redact(error, (number or "").encode()) if error else None,
        _event_note(event) if is_ended(event) else None,
    )


def last_change(event: Mapping[str, Json]) -> str:
    """Return when the event last changed, as far as it tells: the end of its latest call, else its dispatch."""
    called_at = _called_at(event)
    if called_at is None:
        return word_or_empty(event.get("created_at"))
    return (called_at + timedelta(seconds=count_or_none(event.get("call_duration")) or 0)).isoformat()


def _was_dispatched(event: Mapping[str, Json]) -> bool:
    # Protocol 12: a field that is there and cannot be read is no sign that nobody was called.
    return bool(event.get("dispatched_at") or event.get("call_attempts"))


def _called_at(event: Mapping[str, Json]) -> datetime | None:
    attempts = event.get("call_attempts")
    last_attempt = dict_or_empty(attempts[-1]) if isinstance(attempts, list) and attempts else {}
    return time_or_none(last_attempt.get("attempted_at")) or time_or_none(event.get("dispatched_at"))


def _error_text(event: Mapping[str, Json]) -> str:
    errors = event.get("errors")
    return "; ".join(text for error in errors if (text := text_or_none(error))) if isinstance(errors, list) else ""


def _event_note(event: Mapping[str, Json]) -> str | None:
    """Return the time and the length of a call that ended, as a JSON object; None where neither is told."""
    called_at, seconds = _called_at(event), count_or_none(event.get("call_duration"))
    note: dict[str, Json] = {} if called_at is None else {"called_at": called_at.isoformat()}
    if seconds is not None:
        note["duration_seconds"] = seconds
    return json_text(note) if note else None
