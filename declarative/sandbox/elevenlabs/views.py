"""ElevenLabs' answers: values become the JSON of its reference. Nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from declarative.sandbox.batches import Batch
from declarative.sandbox.elevenlabs.members import Member
from declarative.sandbox.ids import format_member_id
from declarative.sandbox.outcomes import REACHED, Outcome

_RESULTS = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.VOICEMAIL: "voicemail",
    Outcome.DIVERTED: "diverted",
}
_RINGING_AFTER = 2.0
"""Seconds from hand-off to ringing."""


def campaign_status(batch: Batch, members: Sequence[Member]) -> str:
    """Return the campaign's status. DIVERTED is a word of one call alone, never of a campaign."""
    if batch.cancelled is not None:
        return "stopping" if any(member.is_handed_off and not member.is_over for member in members) else "stopped"
    if all(member.is_over or member.is_given_up for member in members):
        return "completed"
    return "paused" if (batch.extra or {}).get("paused") else "active"


def campaign_json(batch: Batch, members: Sequence[Member]) -> dict[str, Any]:
    extra = batch.extra or {}
    return {
        "campaign_id": batch.id,
        "call_name": batch.name,
        "agent_id": batch.agent_id,
        "agent_name": f"Sandbox agent {batch.agent_id[-6:]}",
        "channel_config": extra["channel_config"],
        "channel": "phone",
        "mode": "voice",
        "status": campaign_status(batch, members),
        "policy": extra["policy"],
        "variant": extra["variant"],
        "source": "api",
        "created_at_unix": int(batch.created),
        "scheduled_time_unix": None if batch.scheduled is None else int(batch.scheduled),
        "updated_at_unix": int(max([batch.updated, *(member.updated for member in members)])),
        "branch_id": extra["branch_id"],
        "environment": extra["environment"],
        "target_concurrency_limit": extra["target_given"],
        "counts": {
            "leads": batch.total,
            "terminal_leads": sum(member.is_over or member.is_given_up for member in members),
            "open_attention": 0,
        },
    }


def progress_json(members: Sequence[Member]) -> dict[str, Any]:
    active = sum(member.is_handed_off and not member.is_over for member in members)
    dispositions = Counter(word for member in members if (word := _disposition(member)) is not None)
    uncalled = sum(not member.is_handed_off for member in members)
    waiting = sum(not member.is_handed_off and not member.is_given_up for member in members)
    return {
        "leads": {
            "total": len(members),
            "uncalled": uncalled,
            "leads_needing_attention": 0,
            "active": active,
            "finished": sum(dispositions.values()),
            "finished_by_disposition": dict(dispositions),
        },
        "conversations": {
            "scheduled": waiting,
            "scheduled_by_type": {"initial": waiting},
            "awaiting_permission": 0,
            "in_progress": active,
            "awaiting_analysis": 0,
        },
        "next_call_time_unix": None,
    }


def _disposition(member: Member) -> str | None:
    if member.is_removed:
        return "removed"
    if member.is_given_up:
        return "cancelled"
    if not member.is_over:
        return None
    return "completed" if member.outcome in REACHED else "attempt_ceiling_reached"


def _attempt_count(member: Member, *, count_ringing: bool) -> int:
    if member.attempt is None:
        return 0
    rings_at = member.attempt.dispatch + (_RINGING_AFTER if count_ringing else 0.0)
    return int(member.now >= rings_at)


def lead_json(member: Member, *, count_ringing: bool) -> dict[str, Any]:
    failed = member.outcome is not None and member.outcome not in REACHED
    return {
        "lead_id": member.lead_id,
        "recipient_id": member.info.get("id"),
        "phone_number": member.number,
        "phone_numbers": None,
        "phone_numbers_index": 0,
        "user_id": member.info.get("data", {}).get("user_id") or member.lead_id,
        "attempt_count": _attempt_count(member, count_ringing=count_ringing),
        "failure_count": int(failed),
        "callback_count": 0,
        "redirect_count": 0,
        "do_not_call": False,
        "terminal_disposition": _disposition(member),
        "created_at_unix": int(member.batch.created),
        "updated_at_unix": int(member.updated),
        "dynamic_variables": member.info.get("data", {}).get("dynamic_variables", {}),
        "overrides": {},
    }


def call_json(member: Member) -> dict[str, Any]:
    """Show the one call of a lead: queued, handed off, over or cancelled."""
    start = member.attempt.dispatch if member.attempt else member.batch.ready
    status = "cancelled" if member.is_given_up else "queued"
    if member.is_handed_off:
        status = "completed" if member.is_over else "submitted"
    fields = {} if member.outcome is None else {"call_result": _call_result(member.outcome)}
    if member.is_handed_off:
        fields["outcome"] = recipient_status(member, is_cancelled=False)
    return fields | {
        "intent_id": format_member_id("intent", member.batch.key, member.index),
        "lead_id": member.lead_id,
        "intent_type": "initial",
        "cold_attempt": 1,
        "status": status,
        "phone_number": member.number,
        "scheduled_time_unix": int(start),
        "conversation_id": member.conversation_id,
        "outcome_at_unix": int(member.updated) if member.is_over else None,
        "decision_disposition": None,
    }


def _call_result(outcome: Outcome) -> str:
    return "answered" if outcome in REACHED else _RESULTS.get(outcome, "failed")


def recipient_status(member: Member, *, is_cancelled: bool) -> str:
    """Return the status of a batch's recipient. `is_cancelled`: the cancel marks this one, whatever happened."""
    if is_cancelled:
        return "cancelled"
    if not member.is_handed_off:
        return "pending"
    if member.outcome is None:
        return "in_progress" if member.is_answered else "initiated"
    if member.outcome is Outcome.DIVERTED:
        return "diverted"
    if member.outcome is Outcome.VOICEMAIL:
        return "voicemail"
    return "completed" if member.outcome in REACHED else "failed"


def batch_json(batch: Batch, members: Sequence[Member]) -> dict[str, Any]:
    dispatched = sum(member.is_handed_off for member in members)
    finished = sum(member.is_over for member in members)
    status = "pending" if batch.admitted is None else "in_progress"
    if batch.cancelled is not None:
        status = "cancelled"
    elif dispatched == batch.total:
        status = "completed"
    extra = batch.extra or {}
    return {
        "id": batch.id,
        "name": batch.name,
        "agent_id": batch.agent_id,
        "agent_name": f"Sandbox agent {batch.agent_id[-6:]}",
        "phone_number_id": batch.number_id,
        "phone_provider": "twilio",
        "created_at_unix": int(batch.created),
        "scheduled_time_unix": int(batch.created if batch.scheduled is None else batch.scheduled),
        "timezone": extra["timezone"],
        "total_calls_scheduled": batch.total,
        "total_calls_dispatched": dispatched,
        "total_calls_finished": finished,
        "last_updated_at_unix": int(max([batch.updated, *(member.updated for member in members)])),
        "status": status,
        "retry_count": batch.retries,
        "target_concurrency_limit": extra["target_given"],
        "telephony_call_config": extra["telephony_call_config"],
    }


def recipients_json(members: Sequence[Member], *, spare_dialed: bool) -> list[dict[str, Any]]:
    """Show the recipients of a batch. After a cancel all read `cancelled`, unless it spares who was dialed."""
    return [
        {
            "id": member.info.get("id") or format_member_id("recipient", member.batch.key, member.index),
            "phone_number": member.number,
            "status": recipient_status(
                member,
                is_cancelled=member.batch.cancelled is not None and not (spare_dialed and member.is_handed_off),
            ),
            "created_at_unix": int(member.batch.created),
            "updated_at_unix": int(member.updated),
            "conversation_id": member.conversation_id,
            "conversation_initiation_client_data": member.info.get("data", {}),
        }
        for member in members
    ]
