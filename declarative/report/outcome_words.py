"""How a call ended, in words for people. Text, Markdown, tables and the report share them. JSON keeps the provider's
own words."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.privacy import clean

OUTCOME_WORDS: Mapping[str, str] = {
    "agent_hangup": "agent hung up",
    "client_hangup": "person hung up",
    "client_disconnected": "line dropped",
    "inactivity": "silence",
    "max_duration": "longest duration reached",
    "api_cancelled": "ended by request",
    "dial_no_answer": "no answer",
    "dial_busy": "busy",
    "dial_failed": "failed",
    "error": "error",
    "user_hangup": "person hung up",
    "user_declined": "declined",
    "voicemail_reached": "voicemail",
    "max_duration_reached": "longest duration reached",
    "manual_stopped": "ended by request",
    "completed": "completed",
    "no_answer": "no answer",
    "no-answer": "no answer",
    "busy": "busy",
    "canceled": "cancelled",
    "failed": "failed",
    "customer-did-not-answer": "no answer",
    "customer-busy": "busy",
    "twilio-failed-to-connect-call": "failed",
    "vonage-failed-to-connect-call": "failed",
    "vonage-rejected": "failed",
    "twilio-reported-customer-misdialed": "wrong number",
    "customer-ended-call": "person hung up",
    "assistant-ended-call": "agent hung up",
    "silence-timed-out": "silence",
    "exceeded-max-duration": "longest duration reached",
    "in_flight": "in a call",
}
"""A provider's word to ours. `in_flight` is not the provider's: it stands for a call that goes on."""


def outcome_word(outcome: str) -> str:
    """Return our word for an outcome. A provider's word that nobody knows is shown as it is."""
    return OUTCOME_WORDS.get(outcome, clean(outcome))


def count_outcome_words(counts: Mapping[str, int]) -> dict[str, int]:
    """Add up counts of outcomes by our words, in the order in which they come."""
    totals: dict[str, int] = {}
    for outcome, count in counts.items():
        word = outcome_word(outcome)
        totals[word] = totals.get(word, 0) + count
    return totals


def describe_outcomes(counts: Mapping[str, int]) -> str:
    """Join outcome counts: `31 no answer, 6 busy`."""
    return ", ".join(f"{count:,} {word}" for word, count in count_outcome_words(counts).items())
