"""Telnyx' answers: values become the JSON of its reference. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from declarative.sandbox.events import RETRIED, Event, EventAttempt, call_control_id
from declarative.sandbox.outcomes import Outcome
from declarative.sandbox.request import format_rfc3339, format_rfc3339_or_none

_ENDED = {
    Outcome.NO_ANSWER: "no-answer",
    Outcome.BUSY: "busy",
    Outcome.DIAL_FAILED: "failed",
    Outcome.ERROR: "failed",
    Outcome.PRE_DIAL: "failed",
    Outcome.DIVERTED: "diverted",
}
_TURNED_AWAY = "the destination number cannot be called"
_BROKEN = "the assistant could not go on"


def event_status(event: Event, now: float) -> str:
    """Return the status of an event. DIVERTED has a word that no client can know."""
    started = [attempt for attempt in event.attempts if attempt.dispatch <= now]
    if not started:
        return "pending"
    last = event.attempts[-1]
    if last.end > now:
        return "in_progress"
    if last.outcome == Outcome.DIVERTED:
        return "diverted"
    return "failed" if last.outcome in RETRIED | {Outcome.PRE_DIAL, Outcome.ERROR} else "completed"


def _call_status(attempt: EventAttempt, now: float) -> str:
    if attempt.end <= now:
        return _ENDED.get(Outcome(attempt.outcome), "completed")
    return "in-progress" if attempt.answer is not None and attempt.answer <= now else "ringing"


def _talk_seconds(attempt: EventAttempt, now: float) -> int | None:
    return int(attempt.end - attempt.answer) if attempt.answer is not None and attempt.end <= now else None


def _attempt_json(event: Event, index: int, now: float) -> dict[str, Any]:
    attempt = event.attempts[index]
    return {
        "attempt_number": index + 1,
        "attempted_at": format_rfc3339(attempt.dispatch),
        "call_status": _call_status(attempt, now),
        "call_duration": _talk_seconds(attempt, now),
        "telnyx_call_control_id": call_control_id(event, index),
    }


def event_json(event: Event, now: float) -> dict[str, Any]:
    made = event.made_by(now)
    fields: dict[str, Any] = {
        "scheduled_event_id": event.id,
        "assistant_id": event.assistant,
        "scheduled_at_fixed_datetime": format_rfc3339(event.due),
        "telnyx_agent_target": event.asked["telnyx_agent_target"],
        "telnyx_end_user_target": event.asked["telnyx_end_user_target"],
        "telnyx_conversation_channel": event.asked["telnyx_conversation_channel"],
        "status": event_status(event, now),
        "created_at": format_rfc3339(event.created),
        "dispatched_at": format_rfc3339_or_none(made[-1].dispatch if made else None),
        "call_attempts": [_attempt_json(event, index, now) for index in range(len(made))],
        "conversation_metadata": event.asked.get("conversation_metadata"),
        "dynamic_variables": event.asked.get("dynamic_variables"),
        "max_retries_client_errors": event.asked.get("max_retries_client_errors", 0),
        "retry_count": max(0, len(made) - 1),
        "retry_interval_secs": event.asked.get("retry_interval_secs"),
        "errors": _errors(event, now),
    }
    if "call_settings" in event.asked:
        fields["call_settings"] = event.asked["call_settings"]
    if made:
        fields["call_status"] = _call_status(made[-1], now)
        fields["call_duration"] = _talk_seconds(made[-1], now)
        fields["conversation_id"] = f"conversation-{event.id}"
    return fields


def _errors(event: Event, now: float) -> list[str]:
    last = event.attempts[-1]
    if last.end > now:
        return []
    return {Outcome.PRE_DIAL: [_TURNED_AWAY], Outcome.ERROR: [_BROKEN]}.get(Outcome(last.outcome), [])
