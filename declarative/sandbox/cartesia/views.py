"""Cartesia's answers, by API version: values become the JSON that the reference describes. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from declarative.sandbox.batches import Batch, Progress
from declarative.sandbox.calls import Call
from declarative.sandbox.cartesia.requests import METADATA, VARIABLES, structured
from declarative.sandbox.ids import e164_of, member_id, number_type
from declarative.sandbox.outcomes import CONNECTED, Outcome
from declarative.sandbox.request import stamp, stamp_or_none
from declarative.sandbox.timeline import NEVER, Attempts

END_REASON = (
    "agent_hangup",
    "client_hangup",
    "max_duration",
    "dial_no_answer",
    "dial_busy",
    "dial_failed",
    "",
    "agent_hangup",  # a voicemail looks like a short connected call
    "error",
    "api_cancelled",
)
TURNED_AWAY = "the call could not be placed to this number"
_BROKEN = "the call ended because of an internal error"
_LEGACY_STATUS = {"created": "active", "started": "active"}


def batch(one: Batch, at: Progress, now: float) -> dict[str, Any]:
    """A batch without its recipients; `scheduled_at` and `admitted_at` are left out where there is none."""
    shown: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "agent_id": one.agent_id,
        "from_number_id": one.number_id,
        "region": one.region,
        "target_concurrency_limit": one.target,
        "status": at.status,
        "total_calls_scheduled": one.total,
        "total_calls_dispatched": at.dispatched,
        "total_calls_finished": at.finished,
        "retry_count": one.retries,
        "created_at": stamp(one.created),
        "last_updated_at": stamp(at.updated),
    }
    if one.scheduled is not None:
        shown["scheduled_at"] = stamp(one.scheduled)
    if one.admitted is not None and one.admitted <= now:
        shown["admitted_at"] = stamp(one.admitted)
    return shown


def recipients(
    one: Batch, numbers: list[str], infos: list[Any] | None, live: Attempts, now: float, version: str
) -> list[dict[str, Any]]:
    """In the order of the request. Under 2026-03-01 each shows its metadata; under 2026-08-14 nothing."""
    idle, created = "queued" if one.cancelled is None else "cancelled", stamp(one.created)
    shown: list[dict[str, Any]] = [
        {"id": member_id("abcr", one.key, at), "to_number": number, "status": idle, "created_at": created}
        for at, number in enumerate(numbers)
    ]
    for at in range(live.started(now)):
        outcome, answer, end = live.outcome[at], live.answer[at], live.end[at]
        shown[live.member[at]] |= _standing(outcome, answer, end, now) | (
            {} if outcome == Outcome.PRE_DIAL else {"agent_call_id": member_id("ac", one.key, live.ordinal[at])}
        )
    if version == METADATA and one.version == METADATA:
        for at, person in enumerate(shown):
            person["metadata"] = infos[at] if infos is not None else None
    return shown


def _standing(outcome: int, answer: float, end: float, now: float) -> dict[str, Any]:
    if outcome == Outcome.PRE_DIAL:
        return {"status": "failed", "error_message": TURNED_AWAY}
    if end > now:
        return {"status": "started" if NEVER < answer <= now else "dispatched"}
    return {"status": "completed" if outcome in CONNECTED else "failed", "end_reason": END_REASON[outcome]}


def call_status(call: Call, now: float) -> str:
    if call.end > now:
        return "started" if call.answer is not None and call.answer <= now else "created"
    return "completed" if call.outcome in CONNECTED else "failed"


def call(one: Call, now: float, version: str, *, transcript: bool) -> dict[str, Any]:
    """One call. `start_time` is the moment of connection: null while queued or ringing, and if nobody answered."""
    status, ended = call_status(one, now), one.end <= now
    connected = one.answer is not None and one.answer <= now
    shown: dict[str, Any] = {
        "id": one.id,
        "agent_id": one.agent_id,
        "status": status,
        "start_time": stamp_or_none(one.answer) if connected else None,
        "end_time": stamp(one.end) if ended else None,
        "telephony_params": {"to": one.to_number, "from": e164_of(one.number_id)},
        "summary": None,
        "error_message": _BROKEN if ended and one.outcome is Outcome.ERROR else None,
    }
    if transcript:
        shown["transcript"] = _transcript(one) if ended and one.outcome in CONNECTED else None
    if not structured(version):
        return shown | {"status": _legacy_status(one, status)}
    shown["telephony_params"] |= {"direction": "outbound", "connection_type": "phone"}
    shown["telephony_account_type"] = number_type(one.number_id)
    shown["end_reason"] = END_REASON[one.outcome] if ended else None
    return shown | _by_version(one, version)


def _by_version(one: Call, version: str) -> dict[str, Any]:
    if version == VARIABLES:
        return {"dynamic_variables": one.info or {}} if one.version == VARIABLES else {}
    shown: dict[str, Any] = {"zdr_enabled": False, "deployment_id": None, "deployment_region": "US"}
    return shown | {"metadata": None if one.version == VARIABLES else one.info}


def _legacy_status(one: Call, status: str) -> str:
    if one.outcome is Outcome.API_CANCELLED and status == "completed":
        return "cancelled"
    return _LEGACY_STATUS.get(status, status)


def _transcript(one: Call) -> list[dict[str, Any]]:
    talk = one.end - (one.answer if one.answer is not None else one.end)
    said = (
        ("assistant", "Hello, this is a call from the sandbox."),
        ("user", "Hello."),
        ("assistant", "Goodbye."),
    )
    step = talk / len(said)
    return [
        {
            "role": role,
            "text": words,
            "start_timestamp": round(at * step, 3),
            "end_timestamp": round((at + 1) * step, 3),
        }
        for at, (role, words) in enumerate(said)
    ]


def number(number_id: str, at: float) -> dict[str, Any]:
    kind = number_type(number_id)
    provider: dict[str, Any] = {"type": kind}
    if kind != "cartesia":
        provider |= {"id": f"provider_{kind}", "label": None}
    if kind == "twilio":
        provider |= {"account_sid": "AC00000000000000000000000000000000", "region": "us1"}
    return {
        "id": number_id,
        "label": None,
        "number": e164_of(number_id),
        "agent": None,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "provider": provider,
    }


def agent(agent_id: str, at: float) -> dict[str, Any]:
    """`AgentSummary` of the older surface."""
    return {
        "id": agent_id,
        "name": f"Sandbox agent {agent_id[-6:]}",
        "description": None,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "tts_voice": "sandbox-voice",
        "tts_language": "en",
        "webhook_id": None,
        "deleted_at": None,
        "has_text_to_agent_run": False,
        "deployment_count": 1,
    }


def managed_agent(agent_id: str, at: float) -> dict[str, Any]:
    """A Managed Agent (2026-08-14) as the list shows it."""
    kept = ("id", "name", "description", "created_at", "updated_at")
    shown = agent(agent_id, at)
    return {name: shown[name] for name in kept} | {"version_id": f"av_{agent_id[-6:]}"}
