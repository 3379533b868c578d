"""Vapi's answers: values become the JSON of its reference. Nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from declarative.sandbox.batches import Batch
from declarative.sandbox.calls import Call
from declarative.sandbox.ids import format_member_id
from declarative.sandbox.outcomes import CONNECTED, Outcome
from declarative.sandbox.request import format_rfc3339, format_rfc3339_or_none
from declarative.sandbox.vapi.contacts import Contact

NEVER_CALLED = "call.start.error-vapi-number-international"
_REASONS = {
    Outcome.AGENT_HANGUP: "assistant-ended-call",
    Outcome.CLIENT_HANGUP: "customer-ended-call",
    Outcome.MAX_DURATION: "exceeded-max-duration",
    Outcome.NO_ANSWER: "customer-did-not-answer",
    Outcome.BUSY: "customer-busy",
    Outcome.DIAL_FAILED: "twilio-failed-to-connect-call",
    Outcome.PRE_DIAL: NEVER_CALLED,
    Outcome.VOICEMAIL: "voicemail",
    Outcome.ERROR: "pipeline-error-openai-llm-failed",
    Outcome.API_CANCELLED: "manually-canceled",
    Outcome.DIVERTED: "customer-was-diverted",
}
_COUNTERS = {
    "contact.pending": "pending",
    "contact.dispatched": "dispatched",
    "contact.completed": "completed",
    "contact.failed": "failed",
    "contact.skipped": "skipped",
    "contact.predial-failed": "predialFailed",
}
_FAILED = frozenset({Outcome.DIAL_FAILED, Outcome.PRE_DIAL, Outcome.ERROR})


def derive_id(name: str) -> str:
    """Derive a UUID that is always the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"sandbox:vapi:{name}"))


def campaign_status(batch: Batch, contacts: Sequence[Contact], now: float) -> str:
    if batch.cancelled is not None:
        return "cancelled"
    if all(contact.is_over or contact.is_given_up for contact in contacts):
        return "ended"
    return "scheduled" if now < batch.ready else "in-progress"


def campaign_json(batch: Batch, contacts: Sequence[Contact], now: float, organisation: str) -> dict[str, Any]:
    extra, status = batch.extra, campaign_status(batch, contacts, now)
    agent_field = "squadId" if extra["is_squad"] else "assistantId"
    plan: dict[str, Any] = {}
    if batch.scheduled is not None:
        plan = {"earliestAt": format_rfc3339(batch.scheduled)}
        plan |= {"latestAt": format_rfc3339(extra["latest"])} if extra["latest"] is not None else {}
    return {
        "id": batch.id,
        "orgId": derive_id(organisation),
        "name": batch.name,
        "status": status,
        agent_field: batch.agent_id,
        "phoneNumberId": batch.number_id,
        "maxConcurrency": batch.target,
        "createdAt": format_rfc3339(batch.created),
        "updatedAt": format_rfc3339(max(batch.updated, *(_last_change(contact) for contact in contacts))),
        **({"schedulePlan": plan} if plan else {}),
        **_ended_json(batch, status),
    }


def _last_change(contact: Contact) -> float:
    if contact.attempt is None:
        return contact.batch.created
    return contact.attempt.end if contact.is_over else contact.attempt.dispatch


def _ended_json(batch: Batch, status: str) -> dict[str, Any]:
    if status == "ended":
        return {"endedReason": "campaign.ended.success"}
    if batch.cancelled is None:
        return {}
    phase = "scheduled" if batch.cancelled < batch.ready else "in-progress"
    return {"endedReason": f"campaign.{phase}.ended-by-user"}


def counters_json(contacts: Sequence[Contact], *, keeps_pending: bool) -> dict[str, Any]:
    counts = Counter(contact_status(contact, keeps_pending=keeps_pending) for contact in contacts)
    dialed = [contact for contact in contacts if contact.is_dialed]
    connected = sum(contact.outcome in CONNECTED for contact in dialed)
    return {
        "contactCounters": {name: counts[status] for status, name in _COUNTERS.items()},
        "callMetrics": {"dialed": len(dialed), "connected": connected},
    }


def contact_status(contact: Contact, *, keeps_pending: bool) -> str:
    """Return the word for one person. `keeps_pending`: whoever is not called any more still reads pending."""
    if contact.is_given_up:
        if contact.batch.extra["is_checked"]:
            return "contact.predial-failed"
        return "contact.pending" if keeps_pending else "contact.skipped"
    if contact.attempt is None:
        return "contact.pending"
    if contact.outcome is None:
        return "contact.dispatched"
    return "contact.failed" if contact.outcome in _FAILED else "contact.completed"


def contact_json(contact: Contact, *, keeps_pending: bool) -> dict[str, Any]:
    entry = {
        "id": derive_id(f"{contact.batch.key}:{contact.index}"),
        "number": contact.number,
        "status": contact_status(contact, keeps_pending=keeps_pending),
    }
    if "name" in contact.info:
        entry["name"] = contact.info["name"]
    if contact.attempt is not None and contact.is_dialed:
        entry["callId"] = derive_id(format_member_id("ac", contact.batch.key, contact.attempt.ordinal))
        entry["dispatchedAt"] = format_rfc3339(contact.attempt.dispatch)
    if contact.outcome is not None:
        entry["endedReason"] = _REASONS[contact.outcome]
    return entry


def call_id(call: Call) -> str:
    return call.id if call.batch is None else derive_id(call.id)


def call_json(call: Call, now: float, organisation: str) -> dict[str, Any]:
    extra = call.extra or {}
    is_over = now >= call.end
    entry = {
        "id": call_id(call),
        "orgId": derive_id(organisation),
        "type": "outboundPhoneCall",
        "status": _call_status(call, now),
        "customer": {"number": call.to_number, **extra.get("customer", {})},
        "squadId" if extra.get("is_squad") else "assistantId": call.agent_id,
        "phoneNumberId": call.number_id,
        "campaignId": call.batch,
        "createdAt": format_rfc3339(call.created),
        "updatedAt": format_rfc3339(max(at for at in (call.created, call.dispatch, call.end) if at <= now)),
        "startedAt": format_rfc3339_or_none(call.answer) if call.answer is not None and now >= call.answer else None,
        "endedAt": format_rfc3339(call.end) if is_over else None,
    }
    entry |= {name: extra[name] for name in ("name", "schedulePlan") if name in extra}
    return entry | ({"endedReason": _REASONS[call.outcome]} if is_over else {})


def _call_status(call: Call, now: float) -> str:
    if now >= call.end:
        return "ended"
    if call.answer is not None and now >= call.answer:
        return "in-progress"
    if now >= call.dispatch:
        return "ringing"
    return "scheduled" if "schedulePlan" in (call.extra or {}) else "queued"
