"""CallingBox's answers: values become the JSON of its reference (marker 2026-04). Nothing is decided here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import REACHED, Outcome
from declarative.sandbox.request import stamp, stamp_or_none

PRIMARY_NUMBER = "+12025550100"
RETURNS = {"confirmed": "boolean"}
INSTRUCTIONS = "Greet the person and confirm."
INITIATED_SECONDS, EXTRACTION_SECONDS, MILLICENTS_A_MINUTE = 0.2, 2.0, 5000
_ENDED = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.VOICEMAIL: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.API_CANCELLED: "canceled",
}
_FAILED = {
    Outcome.DIAL_FAILED: ("carrier_failure", "the carrier could not place the call"),
    Outcome.PRE_DIAL: ("invalid_number", "the number cannot be called"),
    Outcome.ERROR: ("agent_error", "the conversation broke"),
}


def derived_id(name: str) -> str:
    """A uuid that is always the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"sandbox:{name}"))


def status(one: Call, now: float) -> str:
    if now >= one.end:
        return "completed" if one.outcome in REACHED else _ENDED.get(one.outcome, "failed")
    if one.answer is not None and now >= one.answer:
        return "in_progress"
    if now >= one.dispatch and one.outcome is not Outcome.PRE_DIAL:
        return "ringing"
    return "initiated" if now >= one.created + INITIATED_SECONDS else "queued"


def charge(one: Call) -> int:
    """Thousandths of a cent: $0.05 a connected minute, by the second; nothing unless a person was reached."""
    if one.answer is None or one.outcome not in REACHED:
        return 0
    return int((one.end - one.answer) * MILLICENTS_A_MINUTE / 60)


def call(one: Call, now: float) -> dict[str, Any]:
    extra, ended = one.extra or {}, now >= one.end
    rang = now >= one.dispatch and one.outcome is not Outcome.PRE_DIAL
    answered = one.answer is not None and now >= one.answer and one.outcome is not Outcome.VOICEMAIL
    return {
        "id": one.id,
        "agent_id": one.agent_id,
        "to_number": one.to_number,
        "from_number": one.number_id,
        "status": status(one, now),
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
        "created_at": stamp(one.created),
        "started_at": stamp(one.dispatch) if rang else None,
        "answered_at": stamp_or_none(one.answer) if answered else None,
        "ended_at": stamp(one.end) if ended else None,
        "metadata": one.info or {},
        "updated_at": stamp(_updated(one, now)),
        **_result(one, now),
        **(_ending(one, extra) if ended else _not_over()),
    }


def _updated(one: Call, now: float) -> float:
    changes = (
        one.created,
        one.created + INITIATED_SECONDS,
        one.dispatch,
        one.answer or one.dispatch,
        one.end,
    )
    return max(at for at in changes if at <= now)


def _result(one: Call, now: float) -> dict[str, Any]:
    """Extraction follows a conversation; without one `result_status` stays pending for ever."""
    if one.outcome not in REACHED or now < one.end + EXTRACTION_SECONDS:
        return {"result": None, "result_status": "pending", "result_error": None}
    confirmed = one.outcome is Outcome.AGENT_HANGUP
    return {"result": {"confirmed": confirmed}, "result_status": "completed", "result_error": None}


def _not_over() -> dict[str, Any]:
    names = ("duration_seconds", "billed_duration_seconds", "billing_amount_milli_cents", "error_code")
    return dict.fromkeys((*names, "error_message", "hangup_cause")) | {"reservation_status": "reserved"}


def _ending(one: Call, extra: dict[str, Any]) -> dict[str, Any]:
    code, words = _FAILED.get(one.outcome, (None, None))
    talked = one.end - one.answer if one.answer is not None and one.outcome in REACHED else 0.0
    over = {
        "duration_seconds": int(one.end - one.created),
        "billed_duration_seconds": int(talked),
        "billing_amount_milli_cents": charge(one),
        "reservation_status": "settled" if talked else "released",
        "error_code": extra.get("error_code", code),
        "error_message": extra.get("error_message", words),
        "hangup_cause": one.outcome.name.lower(),
    }
    return over | ({"answered_by": "machine"} if one.outcome is Outcome.VOICEMAIL else {})


def transcript(one: Call, now: float) -> dict[str, Any]:
    if one.answer is None or now < one.end or one.outcome not in REACHED:
        return {"call_id": one.id, "segments": []}
    said, half = (
        (("agent", "Hello, this is the sandbox."), ("user", "Yes, confirmed.")),
        (one.end - one.answer) / 2,
    )
    segments = [
        {
            "sequence_no": at,
            "role": role,
            "text": words,
            "started_at": stamp(one.answer + at * half),
            "ended_at": stamp(one.answer + (at + 1) * half),
            "duration_ms": int(timedelta(seconds=half) / timedelta(milliseconds=1)),
            "source": "sandbox",
        }
        for at, (role, words) in enumerate(said)
    ]
    return {"call_id": one.id, "segments": segments}


def number(e164: str, at: float, agents: list[str]) -> dict[str, Any]:
    return {
        "id": derived_id(e164),
        "e164": e164,
        "friendly_name": None,
        "country_code": "US",
        "number_type": "local",
        "status": "active",
        "monthly_cost_cents": 100,
        "purchased_at": stamp(at),
        "inbound_agent_id": None,
        "outbound_agent_ids": agents,
    }


def agent(agent_id: str, at: float, organisation: str) -> dict[str, Any]:
    return {
        "id": agent_id,
        "org_id": derived_id(organisation),
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
        "primary_number_id": derived_id(PRIMARY_NUMBER),
        "archived_at": None,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "numbers": [number(PRIMARY_NUMBER, at, [agent_id])],
    }
