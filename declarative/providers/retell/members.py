"""Translates Retell's words about one call into a Phase and a note for people."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.http.parse import (
    MemberRow,
    call_id_or_none,
    json_text,
    member_payload,
    note_times,
    text_or_none,
    unix_time_or_none,
    word_or_empty,
)
from declarative.providers.retell.type import FAULTS, OUTCOMES

_GOING_ON = frozenset({"registered", "ongoing"})
_CONNECTED = frozenset(
    {
        "user_hangup",
        "agent_hangup",
        "call_transfer",
        "transfer_bridged",
        "transfer_cancelled",
        "inactivity",
        "max_duration_reached",
        "user_requested_dnc",
        "user_requested_callback",
        "ivr_reached",
        "scam_detected",
        "manual_stopped",
        "call_take_over",
    }
)
_NEVER_BEGAN = {
    "concurrency_limit_reached": Phase.REFUSED,
    "no_concurrency_fallback": Phase.REFUSED,
    "no_valid_payment": Phase.UNFUNDED,
    "credit_exhausted": Phase.UNFUNDED,
    "budget_reached": Phase.UNFUNDED,
}


def call_phase(call: Mapping[str, Json]) -> tuple[Phase, str | None]:
    """Return the phase of a call, and the provider's word for its ending (retell.md 2.2). An unknown word counts as
    called."""
    status, reason = word_or_empty(call.get("call_status")), word_or_empty(call.get("disconnection_reason"))
    if status in _GOING_ON:
        return Phase.IN_FLIGHT, None
    if status not in ("ended", "not_connected", "error"):
        return Phase.UNKNOWN, reason or None
    if reason in _NEVER_BEGAN and not _may_have_begun(call, status):
        return _NEVER_BEGAN[reason], reason
    if reason in OUTCOMES or reason in FAULTS or reason in _NEVER_BEGAN:
        return Phase.UNREACHED, reason
    if reason in _CONNECTED and status == "ended":
        return Phase.REACHED, reason
    return Phase.UNKNOWN, reason or status


def is_ended(call: Mapping[str, Json]) -> bool:
    """Whether a call is over. An ending in a word that nobody knows is one."""
    phase, outcome = call_phase(call)
    return phase is not Phase.IN_FLIGHT and (phase is not Phase.UNKNOWN or outcome is not None)


def call_member(call: Mapping[str, Json]) -> MemberRow:
    """Return the member row of a call's one person."""
    phase, outcome = call_phase(call)
    was_called = phase not in (Phase.REFUSED, Phase.UNFUNDED)
    return (
        text_or_none(call.get("to_number")),
        phase,
        outcome,
        call_id_or_none(call.get("call_id")) if was_called else None,
        member_payload({field: call.get(field) for field in ("retell_llm_dynamic_variables", "metadata")}),
        None if was_called else f"the call ended before any phone was called: {outcome}",
        _call_note(call, phase) if is_ended(call) else None,
    )


def _may_have_begun(call: Mapping[str, Json], status: str) -> bool:
    # Protocol 12: money may run out in the middle of a call, too. A field that is there is no sign that nobody was
    # called, whatever it holds.
    return status == "ended" or any(
        call.get(field) for field in ("start_timestamp", "duration_ms", "transcript", "recording_url")
    )


def _call_note(call: Mapping[str, Json], phase: Phase) -> str | None:
    """Return time, length and analysis of a call that ended, as a JSON object; None where none is told."""
    start, end = call.get("start_timestamp"), call.get("end_timestamp")
    connected = start if phase is Phase.REACHED else None
    note = note_times(start, connected, end, parse=unix_time_or_none)
    if isinstance(call.get("call_analysis"), dict):
        note["result"] = call["call_analysis"]
    return json_text(note) if note else None
