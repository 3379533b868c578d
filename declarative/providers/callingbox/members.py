"""Translates CallingBox's words about one call into a Phase and a note for people."""

from __future__ import annotations

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.http.outcomes import is_out_of_funds
from declarative.providers.http.parse import (
    MemberRow,
    Redact,
    call_id_or_none,
    json_text,
    member_payload,
    note_times,
    text_or_none,
    word_or_empty,
)

_PHASES = {
    "queued": Phase.IN_FLIGHT,
    "initiated": Phase.IN_FLIGHT,
    "ringing": Phase.IN_FLIGHT,
    "in_progress": Phase.IN_FLIGHT,
    "completed": Phase.REACHED,
    "no_answer": Phase.UNREACHED,
    "busy": Phase.UNREACHED,
    "canceled": Phase.UNREACHED,
    "failed": Phase.UNREACHED,
}
_TERMINAL = frozenset({"completed", "no_answer", "busy", "canceled", "failed"})


def phase_from_call(call: dict[str, Json]) -> Phase:
    """Return the phase of a call (callingbox.md 3). An unknown word counts as called.

    A call that `failed` because credit was missing, before it started or was answered, called no one.
    """
    status = word_or_empty(call.get("status"))
    if status == "failed" and not (call.get("started_at") or call.get("answered_at")):
        return Phase.UNFUNDED if is_out_of_funds(_failure_text(call)) else Phase.UNREACHED
    return _PHASES.get(status, Phase.UNKNOWN)


def is_ended(call: dict[str, Json]) -> bool:
    """Whether a call is over. A status that nobody knows is an ending where the call says when it ended, and otherwise
    may be one of a call that goes on."""
    status = word_or_empty(call.get("status"))
    return status in _TERMINAL or (status not in _PHASES and bool(call.get("ended_at")))


def call_member(call: dict[str, Json], redact: Redact) -> MemberRow:
    """Return the member row of a call. `redact` makes the provider's error text safe to print."""
    phase = phase_from_call(call)
    error, number = text_or_none(call.get("error_message")), text_or_none(call.get("to_number"))
    return (
        number,
        phase,
        None if phase is Phase.IN_FLIGHT else word_or_empty(call.get("status")) or None,
        None if phase is Phase.UNFUNDED else call_id_or_none(call.get("id")),
        member_payload({field: call.get(field) for field in ("metadata", "context")}),
        redact(error, (number or "").encode()) if error else None,
        _call_note(call),
    )


def _failure_text(call: dict[str, Json]) -> str:
    fields = ("error_message", "error_code", "hangup_cause")
    return " ".join(str(call.get(field) or "") for field in fields).replace("_", " ")


def _call_note(call: dict[str, Json]) -> str | None:
    """Return a JSON object of `answered_by`, the times of a call that ended, and, for a completed one, `result`,
    `result_status` and `result_error`.

    After any other end the extraction stays pending for ever (callingbox.md 3.1). None where all are missing.
    """
    note_fields = ["answered_by"]
    if call.get("status") == "completed":
        note_fields += ["result", "result_status", "result_error"]
    note = {field: call[field] for field in note_fields if call.get(field) is not None}
    if is_ended(call):
        note |= note_times(call.get("started_at"), call.get("answered_at"), call.get("ended_at"))
    return json_text(note) if note else None
