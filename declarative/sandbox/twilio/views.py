"""Twilio's answers: values become the JSON of its reference. Nothing is decided here. Times are RFC 2822."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from declarative.sandbox.calls import Call
from declarative.sandbox.outcomes import Outcome

_ENDINGS = {
    Outcome.NO_ANSWER: "no-answer",
    Outcome.BUSY: "busy",
    Outcome.DIAL_FAILED: "failed",
    Outcome.PRE_DIAL: "failed",
    Outcome.ERROR: "failed",
    Outcome.DIVERTED: "diverted",
}
"""DIVERTED has a word that no client can know. Every other ending of a call that was connected is `completed`."""
CANCELLED = "cancelled"
"""Field of `extra`: the call was cancelled."""


def call_status(call: Call, now: float) -> str:
    if now >= call.end:
        is_cancelled = call.extra.get(CANCELLED) and call.answer is None
        return "canceled" if is_cancelled else _ENDINGS.get(call.outcome, "completed")
    if now < call.dispatch:
        return "queued"
    return "in-progress" if call.answer is not None and now >= call.answer else "ringing"


def started_at(call: Call, now: float) -> float | None:
    """Return when the phone was called; None where it was not, or not yet."""
    has_begun = call.dispatch <= now and call.outcome is not Outcome.PRE_DIAL
    return call.dispatch if has_begun else None


def call_json(call: Call, now: float, account: str) -> dict[str, Any]:
    start, is_over = started_at(call, now), now >= call.end
    talk = call.end - call.answer if call.answer is not None else 0.0
    return {
        "sid": call.id,
        "account_sid": account,
        "to": call.to_number,
        "from": call.number_id,
        "status": call_status(call, now),
        "direction": "outbound-api",
        "date_created": _mail_time(call.created),
        "date_updated": _mail_time(min(now, call.end) if start is not None or is_over else call.created),
        "start_time": _mail_time(start),
        "end_time": _mail_time(call.end if is_over and start is not None else None),
        "duration": str(round(talk)) if is_over else None,
        "queue_time": str(max(0, round((call.dispatch - call.created) * 1000))),
        "answered_by": _answered_by(call, now),
        "price": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "uri": f"/2010-04-01/Accounts/{account}/Calls/{call.id}.json",
    }


def _answered_by(call: Call, now: float) -> str | None:
    if "MachineDetection" not in call.extra or call.answer is None or now < call.answer:
        return None
    return "machine_start" if call.outcome is Outcome.VOICEMAIL else "human"


def _mail_time(seconds: float | None) -> str | None:
    return None if seconds is None else formatdate(int(seconds), localtime=False).replace("-0000", "+0000")
