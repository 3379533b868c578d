"""Translates Vapi's words about one person, in a campaign or a single call, into a Phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.http.parse import (
    MemberRow,
    call_id_or_none,
    dict_or_empty,
    json_text,
    note_times,
    text_or_none,
    word_or_empty,
)
from declarative.providers.vapi.type import OUTCOMES

ENDED, CANCELLED = "ended", "cancelled"
_REACHED = frozenset(
    {
        "assistant-ended-call",
        "assistant-ended-call-after-message-spoken",
        "assistant-ended-call-with-hangup-task",
        "assistant-forwarded-call",
        "assistant-said-end-call-phrase",
        "customer-ended-call",
        "exceeded-max-duration",
        "silence-timed-out",
    }
)
"""Values of `endedReason` after a conversation (vapi.md 2.4)."""
_NOT_CALLED = frozenset({"assistant-not-found", "assistant-not-valid", "scheduled-call-deleted"})
_NOT_CALLED_PREFIXES = ("call.start.error-", "call-start-error-")
_UNFUNDED = ("subscription-insufficient-credits", "subscription-frozen", "subscription-wallet-does-not-exist")
_WAITS = frozenset({"contact.pending", "contact.skipped", "contact.predial-failed"})


def was_never_called(reason: str) -> bool:
    """Whether a call that ended for this reason never reached a phone (vapi.md 2.4)."""
    return reason in _NOT_CALLED or reason.startswith(_NOT_CALLED_PREFIXES)


def is_out_of_funds(reason: str) -> bool:
    return was_never_called(reason) and reason.endswith(_UNFUNDED)


def contact_members(campaign_status: str, contacts: Iterable[Mapping[str, Json]]) -> list[MemberRow]:
    """Return the member rows of a campaign, whose status was read before its contacts."""
    return [_contact_member(campaign_status, contact) for contact in contacts]


def _contact_member(campaign_status: str, contact: Mapping[str, Json]) -> MemberRow:
    phase, outcome = contact_phase(campaign_status, contact)
    is_refused = phase in (Phase.REFUSED, Phase.UNFUNDED)
    note = note_times(contact.get("dispatchedAt"), None, None)
    return (
        text_or_none(contact.get("number")),
        phase,
        outcome,
        call_id_or_none(contact.get("callId")),
        None,  # data do not come back (vapi.md 2.4)
        word_or_empty(contact.get("endedReason")) or "turned away" if is_refused else None,
        json_text(note) if note else None,
    )


def contact_phase(campaign_status: str, contact: Mapping[str, Json]) -> tuple[Phase, str | None]:
    """Return the phase of a contact, and the provider's word for its ending (vapi.md 2.4)."""
    status, reason = word_or_empty(contact.get("status")), word_or_empty(contact.get("endedReason"))
    # An id or a time that cannot be read is one all the same.
    has_call = any(contact.get(name) not in (None, "") for name in ("callId", "dispatchedAt"))
    if status in _WAITS:
        return _waiting_phase(campaign_status, status, has_call=has_call or bool(reason))
    if status == "contact.dispatched":
        return Phase.IN_FLIGHT, None
    if status == "contact.failed" and not has_call and reason not in OUTCOMES | _REACHED:
        return (Phase.UNFUNDED if is_out_of_funds(reason) else Phase.REFUSED), None
    if status in ("contact.completed", "contact.failed"):
        return _ended_phase(reason)
    return Phase.UNKNOWN, None


def _waiting_phase(campaign_status: str, status: str, *, has_call: bool) -> tuple[Phase, str | None]:
    if has_call:
        return Phase.UNKNOWN, status
    is_closed = campaign_status in (ENDED, CANCELLED)
    return (Phase.CANCELLED if is_closed or status != "contact.pending" else Phase.QUEUED), None


def _ended_phase(reason: str) -> tuple[Phase, str]:
    if reason in OUTCOMES:
        return Phase.UNREACHED, reason
    return (Phase.REACHED if reason in _REACHED else Phase.UNKNOWN), reason or "completed"


def call_member(call: Mapping[str, Json]) -> MemberRow:
    """Return the member row of a single call."""
    phase, outcome = call_phase(call)
    is_refused = phase in (Phase.REFUSED, Phase.UNFUNDED)
    note = note_times(call.get("startedAt"), call.get("startedAt"), call.get("endedAt"))
    return (
        text_or_none(dict_or_empty(call.get("customer")).get("number")),
        phase,
        outcome,
        None if is_refused else call_id_or_none(call.get("id")),
        None,
        word_or_empty(call.get("endedReason")) if is_refused else None,
        json_text(note) if note else None,
    )


def call_phase(call: Mapping[str, Json]) -> tuple[Phase, str | None]:
    """Return the phase of a single call. One that waits counts as called: it cannot be taken back (vapi.md 4)."""
    status, reason = word_or_empty(call.get("status")), word_or_empty(call.get("endedReason"))
    if status in ("scheduled", "queued", "ringing", "in-progress", "forwarding"):
        return Phase.IN_FLIGHT, None
    if status != "ended":
        return Phase.UNKNOWN, None
    if was_never_called(reason) and call.get("startedAt") is None:
        return (Phase.UNFUNDED if is_out_of_funds(reason) else Phase.REFUSED), None
    return _ended_phase(reason)
