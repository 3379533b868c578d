"""Retell's answers: values become the JSON of its reference. Nothing is decided here. Times are milliseconds."""

from __future__ import annotations

from typing import Any

from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import Outcome

_REASONS = {
    Outcome.AGENT_HANGUP: "agent_hangup",
    Outcome.CLIENT_HANGUP: "user_hangup",
    Outcome.MAX_DURATION: "max_duration_reached",
    Outcome.VOICEMAIL: "voicemail_reached",
    Outcome.API_CANCELLED: "manual_stopped",
    Outcome.NO_ANSWER: "dial_no_answer",
    Outcome.BUSY: "dial_busy",
    Outcome.DIAL_FAILED: "dial_failed",
    Outcome.ERROR: "error_llm_websocket_lost_connection",
    Outcome.DIVERTED: "diverted",
}
"""DIVERTED has a word that no client can know."""
TURNED_AWAY = "concurrency_limit_reached"
"""How a call ends that calls no phone, where its row tells no other reason."""


def started_at(call: Call, now: float) -> float | None:
    """Return when a call shows that it began: once it is connected, or over. One that called no phone never does."""
    if call.outcome is Outcome.PRE_DIAL:
        return None
    if call.answer is not None and now >= call.answer:
        return call.answer
    return call.dispatch if now >= call.end else None


def call_status(call: Call, now: float) -> str:
    if now < call.end:
        return "ongoing" if call.answer is not None and now >= call.answer else "registered"
    if call.outcome in (Outcome.ERROR, Outcome.PRE_DIAL):
        return "error"
    return "ended" if call.answer is not None else "not_connected"


def disconnection_reason(call: Call, now: float) -> str | None:
    if now < call.end:
        return None
    return str(call.extra.get("reason") or _REASONS.get(call.outcome, TURNED_AWAY))


def call_json(call: Call, now: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "call_id": call.id,
        "call_type": "phone_call",
        "call_status": call_status(call, now),
        "agent_id": call.agent_id,
        "agent_version": call.extra["agent_version"],
        "from_number": call.number_id,
        "to_number": call.to_number,
        "direction": "outbound",
        "data_storage_setting": "everything",
    }
    for name, value in (("metadata", call.info), *_optional(call)):
        if value is not None:
            fields[name] = value
    start = started_at(call, now)
    if start is not None:
        fields["start_timestamp"] = _milliseconds(start)
    if now >= call.end:
        fields["end_timestamp"] = _milliseconds(call.end)
        fields["duration_ms"] = _milliseconds(call.end - call.answer) if call.answer is not None else 0
        fields["disconnection_reason"] = disconnection_reason(call, now)
    return fields


def _optional(call: Call) -> list[tuple[str, Any]]:
    return [(name, call.extra.get(name)) for name in ("retell_llm_dynamic_variables", "batch_call_id")]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
