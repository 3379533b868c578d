"""CallingBox's answers: values become the JSON of its reference (marker 2026-04). Nothing is decided here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import REACHED, Outcome
from declarative.sandbox.request import format_rfc3339, format_rfc3339_or_none

PRIMARY_NUMBER = "+12025550100"
RETURNS = {"confirmed": "boolean"}
INSTRUCTIONS = "Greet the person and confirm."
INITIATED_SECONDS, EXTRACTION_SECONDS, MILLICENTS_A_MINUTE = 0.2, 2.0, 5000
_ENDED = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.VOICEMAIL: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.API_CANCELLED: "canceled",
    Outcome.DIVERTED: "diverted",
}
_FAILED = {
    Outcome.DIAL_FAILED: ("carrier_failure", "the carrier could not place the call"),
    Outcome.PRE_DIAL: ("invalid_number", "the number cannot be called"),
    Outcome.ERROR: ("agent_error", "the conversation broke"),
}


def derive_id(name: str) -> str:
    """Derive a UUID that is always the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"sandbox:{name}"))


def call_status(status: Call, now: float) -> str:
    if now >= status.end:
        return "completed" if status.outcome in REACHED else _ENDED.get(status.outcome, "failed")
    if status.answer is not None and now >= status.answer:
        return "in_progress"
    if now >= status.dispatch and status.outcome is not Outcome.PRE_DIAL:
        return "ringing"
    return "initiated" if now >= status.created + INITIATED_SECONDS else "queued"


def charge_millicents(call: Call) -> int:
    """Charge in thousandths of a cent: $0.05 a connected minute, by the second. 0 unless a person was reached."""
    if call.answer is None or call.outcome not in REACHED:
        return 0
    return int((call.end - call.answer) * MILLICENTS_A_MINUTE / 60)


def call_json(call: Call, now: float) -> dict[str, Any]:
    extra, ended = call.extra or {}, now >= call.end
    dispatched = now >= call.dispatch and call.outcome is not Outcome.PRE_DIAL
    answered = call.answer is not None and now >= call.answer and call.outcome is not Outcome.VOICEMAIL
    return {
        "id": call.id,
        "agent_id": call.agent_id,
        "to_number": call.to_number,
        "from_number": call.number_id,
        "status": call_status(call, now),
        "direction": "outbound",
        "persona": None,
        "instructions": extra.get("instructions", INSTRUCTIONS),
        "prompt": "",
        "context": extra.get("context", {}),
        "returns": RETURNS,
        "language": "en",
        "webhook_url": extra.get("webhook_url"),
        "webhook_status": "none",
        "webhook_error": None,
        "created_at": format_rfc3339(call.created),
        "started_at": format_rfc3339(call.dispatch) if dispatched else None,
        "answered_at": format_rfc3339_or_none(call.answer) if answered else None,
        "ended_at": format_rfc3339(call.end) if ended else None,
        "metadata": call.info or {},
        "updated_at": format_rfc3339(_last_change(call, now)),
        **_extraction_json(call, now),
        **(_final_billing_json(call, extra) if ended else _open_billing_json()),
    }


def _last_change(call: Call, now: float) -> float:
    changes = (
        call.created,
        call.created + INITIATED_SECONDS,
        call.dispatch,
        call.answer or call.dispatch,
        call.end,
    )
    return max(change for change in changes if change <= now)


def _extraction_json(call: Call, now: float) -> dict[str, Any]:
    """Show the extracted result. It follows a conversation; without one `result_status` stays pending forever."""
    if call.outcome not in REACHED or now < call.end + EXTRACTION_SECONDS:
        return {"result": None, "result_status": "pending", "result_error": None}
    confirmed = call.outcome is Outcome.AGENT_HANGUP
    return {"result": {"confirmed": confirmed}, "result_status": "completed", "result_error": None}


def _open_billing_json() -> dict[str, Any]:
    names = ("duration_seconds", "billed_duration_seconds", "billing_amount_milli_cents", "error_code")
    return dict.fromkeys((*names, "error_message", "hangup_cause")) | {"reservation_status": "reserved"}


def _final_billing_json(call: Call, extra: dict[str, Any]) -> dict[str, Any]:
    code, message = _FAILED.get(call.outcome, (None, None))
    talked = call.end - call.answer if call.answer is not None and call.outcome in REACHED else 0.0
    fields = {
        "duration_seconds": int(call.end - call.created),
        "billed_duration_seconds": int(talked),
        "billing_amount_milli_cents": charge_millicents(call),
        "reservation_status": "settled" if talked else "released",
        "error_code": extra.get("error_code", code),
        "error_message": extra.get("error_message", message),
        "hangup_cause": call.outcome.name.lower(),
    }
    return fields | ({"answered_by": "machine"} if call.outcome is Outcome.VOICEMAIL else {})


def transcript_json(call: Call, now: float) -> dict[str, Any]:
    if call.answer is None or now < call.end or call.outcome not in REACHED:
        return {"call_id": call.id, "segments": []}
    utterances, half = (
        (("agent", "Hello, this is the sandbox."), ("user", "Yes, confirmed.")),
        (call.end - call.answer) / 2,
    )
    segments = [
        {
            "sequence_no": index,
            "role": role,
            "text": text,
            "started_at": format_rfc3339(call.answer + index * half),
            "ended_at": format_rfc3339(call.answer + (index + 1) * half),
            "duration_ms": int(timedelta(seconds=half) / timedelta(milliseconds=1)),
            "source": "sandbox",
        }
        for index, (role, text) in enumerate(utterances)
    ]
    return {"call_id": call.id, "segments": segments}


def number_json(e164: str, created: float, agents: list[str]) -> dict[str, Any]:
    return {
        "id": derive_id(e164),
        "e164": e164,
        "friendly_name": None,
        "country_code": "US",
        "number_type": "local",
        "status": "active",
        "monthly_cost_cents": 100,
        "purchased_at": format_rfc3339(created),
        "inbound_agent_id": None,
        "outbound_agent_ids": agents,
    }


def agent_json(agent_id: str, created: float, organisation: str) -> dict[str, Any]:
    return {
        "id": agent_id,
        "org_id": derive_id(organisation),
        "user_id": "sandbox",
        "name": f"Sandbox agent {agent_id[:8]}",
        "type": "outbound",
        "persona": None,
        "instructions": INSTRUCTIONS,
        "voice": "sandbox-voice",
        "language": "en",
        "returns": RETURNS,
        "tools": [],
        "webhook_url": None,
        "voicemail_action": "hangup",
        "primary_number_id": derive_id(PRIMARY_NUMBER),
        "archived_at": None,
        "created_at": format_rfc3339(created),
        "updated_at": format_rfc3339(created),
        "numbers": [number_json(PRIMARY_NUMBER, created, [agent_id])],
    }
