"""Cartesia's answers, by API version: values become the JSON of its reference. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from declarative.sandbox.batch_progress import BatchProgress
from declarative.sandbox.batches import Batch
from declarative.sandbox.calls import Call
from declarative.sandbox.cartesia.requests import METADATA, VARIABLES, has_json_errors
from declarative.sandbox.ids import derive_e164, format_member_id, number_type
from declarative.sandbox.outcomes import CONNECTED, Outcome
from declarative.sandbox.request import format_rfc3339, format_rfc3339_or_none
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
    "call_diverted",
)
TURNED_AWAY = "the call could not be placed to this number"
_BROKEN = "the call ended because of an internal error"
_SUMMARIES = {
    Outcome.AGENT_HANGUP: "The conversation came to its end, and the agent said goodbye.",
    Outcome.CLIENT_HANGUP: "The person answered and ended the call.",
    Outcome.MAX_DURATION: "The conversation was cut off at the longest duration.",
}
_LEGACY_STATUS = {"created": "active", "started": "active"}


def batch_json(batch: Batch, progress: BatchProgress, now: float) -> dict[str, Any]:
    """Show a batch without its recipients. `scheduled_at` and `admitted_at` are absent if there is none."""
    fields: dict[str, Any] = {
        "id": batch.id,
        "name": batch.name,
        "agent_id": batch.agent_id,
        "from_number_id": batch.number_id,
        "region": batch.region,
        "target_concurrency_limit": batch.target,
        "status": progress.status,
        "total_calls_scheduled": batch.total,
        "total_calls_dispatched": progress.dispatched,
        "total_calls_finished": progress.finished,
        "retry_count": batch.retries,
        "created_at": format_rfc3339(batch.created),
        "last_updated_at": format_rfc3339(progress.updated),
    }
    if batch.scheduled is not None:
        fields["scheduled_at"] = format_rfc3339(batch.scheduled)
    if batch.admitted is not None and batch.admitted <= now:
        fields["admitted_at"] = format_rfc3339(batch.admitted)
    return fields


def recipients_json(
    batch: Batch, numbers: list[str], infos: list[Any] | None, live: Attempts, now: float, version: str
) -> list[dict[str, Any]]:
    """Show recipients in the order of the request. Only 2026-03-01 shows their metadata."""
    idle, created = "queued" if batch.cancelled is None else "cancelled", format_rfc3339(batch.created)
    recipients: list[dict[str, Any]] = [
        {"id": format_member_id("abcr", batch.key, index), "to_number": number, "status": idle, "created_at": created}
        for index, number in enumerate(numbers)
    ]
    for index in range(live.count_started(now)):
        outcome, answer, end = live.outcome[index], live.answer[index], live.end[index]
        recipients[live.member[index]] |= _recipient_status(outcome, answer, end, now) | (
            {}
            if outcome == Outcome.PRE_DIAL
            else {"agent_call_id": format_member_id("ac", batch.key, live.ordinal[index])}
        )
    if version == METADATA and batch.version == METADATA:
        for index, recipient in enumerate(recipients):
            recipient["metadata"] = infos[index] if infos is not None else None
    return recipients


def _recipient_status(outcome: int, answer: float, end: float, now: float) -> dict[str, Any]:
    if outcome == Outcome.PRE_DIAL:
        return {"status": "failed", "error_message": TURNED_AWAY}
    if end > now:
        return {"status": "started" if NEVER < answer <= now else "dispatched"}
    return {"status": _ended_status(outcome), "end_reason": END_REASON[outcome]}


def _ended_status(outcome: int) -> str:
    """Return the status after the end. DIVERTED has a word that no client can know."""
    if outcome == Outcome.DIVERTED:
        return "diverted"
    return "completed" if outcome in CONNECTED else "failed"


def call_status(call: Call, now: float) -> str:
    if call.end > now:
        return "started" if call.answer is not None and call.answer <= now else "created"
    return _ended_status(call.outcome)


def call_json(call: Call, now: float, version: str, *, transcript: bool) -> dict[str, Any]:
    """Show one call. `start_time` is the moment of connection: null before it, and if no one answered."""
    status, ended = call_status(call, now), call.end <= now
    connected = call.answer is not None and call.answer <= now
    fields: dict[str, Any] = {
        "id": call.id,
        "agent_id": call.agent_id,
        "status": status,
        "start_time": format_rfc3339_or_none(call.answer) if connected else None,
        "end_time": format_rfc3339(call.end) if ended else None,
        "telephony_params": {"to": call.to_number, "from": derive_e164(call.number_id)},
        "summary": _SUMMARIES.get(call.outcome) if ended else None,
        "error_message": _BROKEN if ended and call.outcome is Outcome.ERROR else None,
    }
    if transcript:
        fields["transcript"] = _transcript_json(call) if ended and call.outcome in CONNECTED else None
    if not has_json_errors(version):
        return fields | {"status": _legacy_status(call, status)}
    fields["telephony_params"] |= {"direction": "outbound", "connection_type": "phone"}
    fields["telephony_account_type"] = number_type(call.number_id)
    fields["end_reason"] = END_REASON[call.outcome] if ended else None
    return fields | _version_fields(call, version)


def _version_fields(call: Call, version: str) -> dict[str, Any]:
    if version == VARIABLES:
        return {"dynamic_variables": call.info or {}} if call.version == VARIABLES else {}
    fields: dict[str, Any] = {"zdr_enabled": False, "deployment_id": None, "deployment_region": "US"}
    return fields | {"metadata": None if call.version == VARIABLES else call.info}


def _legacy_status(call: Call, status: str) -> str:
    if call.outcome is Outcome.API_CANCELLED and status == "completed":
        return "cancelled"
    return _LEGACY_STATUS.get(status, status)


def _transcript_json(call: Call) -> list[dict[str, Any]]:
    talk = call.end - (call.answer if call.answer is not None else call.end)
    utterances = (
        ("assistant", "Hello, this is a call from the sandbox."),
        ("user", "Hello."),
        ("assistant", "Goodbye."),
    )
    step = talk / len(utterances)
    return [
        {
            "role": role,
            "text": text,
            "start_timestamp": round(index * step, 3),
            "end_timestamp": round((index + 1) * step, 3),
        }
        for index, (role, text) in enumerate(utterances)
    ]


def phone_number_json(number_id: str, created: float) -> dict[str, Any]:
    kind = number_type(number_id)
    provider: dict[str, Any] = {"type": kind}
    if kind != "cartesia":
        provider |= {"id": f"provider_{kind}", "label": None}
    if kind == "twilio":
        provider |= {"account_sid": "AC00000000000000000000000000000000", "region": "us1"}
    return {
        "id": number_id,
        "label": None,
        "number": derive_e164(number_id),
        "agent": None,
        "created_at": format_rfc3339(created),
        "updated_at": format_rfc3339(created),
        "provider": provider,
    }


def agent_summary_json(agent_id: str, created: float) -> dict[str, Any]:
    """Show an `AgentSummary` of the older API."""
    return {
        "id": agent_id,
        "name": f"Sandbox agent {agent_id[-6:]}",
        "description": None,
        "created_at": format_rfc3339(created),
        "updated_at": format_rfc3339(created),
        "tts_voice": "sandbox-voice",
        "tts_language": "en",
        "webhook_id": None,
        "deleted_at": None,
        "has_text_to_agent_run": False,
        "deployment_count": 1,
    }


def managed_agent_json(agent_id: str, created: float) -> dict[str, Any]:
    """Show a Managed Agent (2026-08-14) as in the list."""
    names = ("id", "name", "description", "created_at", "updated_at")
    summary = agent_summary_json(agent_id, created)
    return {name: summary[name] for name in names} | {"version_id": f"av_{agent_id[-6:]}"}
