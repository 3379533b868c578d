"""Translates ElevenLabs' words about one person, in a campaign or a batch, into a Phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.elevenlabs.type import OUTCOMES
from declarative.providers.http.parse import (
    MemberRow,
    call_id_or_none,
    count_or_none,
    dict_or_empty,
    json_text,
    member_payload,
    note_times,
    text_or_none,
    unix_time_or_none,
    word_or_empty,
)

STOPPED, STOPPING = "stopped", "stopping"
_NOT_HANDED_OFF = frozenset({"queued", "attention", "cancelled"})
"""Statuses of a campaign's call that was not handed off for dialing (elevenlabs.md 2.4)."""
_NEVER_ANY_MORE = frozenset({"campaign_ended", "cancelled", "removed", "suppressed", "do_not_call"})
"""Why a lead is over without a call of its own, if it was never handed off."""
_BATCH_PHASES = {
    "pending": Phase.QUEUED,
    "dispatched": Phase.IN_FLIGHT,
    "initiated": Phase.IN_FLIGHT,
    "in_progress": Phase.IN_FLIGHT,
    "completed": Phase.REACHED,
    "voicemail": Phase.UNREACHED,
    "failed": Phase.UNREACHED,
}


def campaign_members(
    campaign_status: str, leads: Iterable[Mapping[str, Json]], calls: Iterable[Mapping[str, Json]]
) -> list[MemberRow]:
    """Return the member rows of a campaign. The calls were read after the leads, and both after the status."""
    by_lead: dict[str, list[Mapping[str, Json]]] = {}
    for call in calls:
        by_lead.setdefault(word_or_empty(call.get("lead_id")), []).append(call)
    return [_lead_member(campaign_status, lead, by_lead.get(word_or_empty(lead.get("lead_id")), [])) for lead in leads]


def _lead_member(status: str, lead: Mapping[str, Json], calls: Sequence[Mapping[str, Json]]) -> MemberRow:
    phase, outcome = lead_phase(status, lead, calls)
    handed_off = [call for call in calls if _is_handed_off(call)]
    latest = handed_off[-1] if handed_off else {}
    compares = phase in (Phase.QUEUED, Phase.REFUSED)
    return (
        text_or_none(lead.get("phone_number")),
        phase,
        outcome,
        _call_id(latest) if handed_off else None,
        member_payload({"dynamic_variables": lead.get("dynamic_variables")}) if compares else None,
        word_or_empty(lead.get("terminal_disposition")) if phase is Phase.REFUSED else None,
        _call_note(latest),
    )


def lead_phase(
    campaign_status: str, lead: Mapping[str, Json], calls: Sequence[Mapping[str, Json]]
) -> tuple[Phase, str | None]:
    """Return the phase of a lead, and the provider's word for its ending (elevenlabs.md 2.4). An unknown word counts as
    called."""
    # Whether the count rises at the hand-off or at ringing is not stated. So a person was never called only where both
    # the count and the calls say so.
    handed_off = [call for call in calls if _is_handed_off(call)]
    if handed_off:
        return _called_phase(calls, handed_off[-1])
    disposition = text_or_none(lead.get("terminal_disposition"))
    if count_or_none(lead.get("attempt_count")) != 0:
        return (Phase.IN_FLIGHT, None) if disposition is None else (Phase.UNKNOWN, word_or_empty(disposition))
    if disposition in _NEVER_ANY_MORE or campaign_status == STOPPED:
        return Phase.CANCELLED, None
    if disposition == "couldnt_process":
        return Phase.REFUSED, None
    if disposition is not None:
        return Phase.UNKNOWN, word_or_empty(disposition)
    is_cancelled = bool(calls) and all(call.get("status") == "cancelled" for call in calls)
    return (Phase.CANCELLED if is_cancelled and campaign_status == STOPPING else Phase.QUEUED), None


def _is_handed_off(call: Mapping[str, Json]) -> bool:
    return call.get("status") not in _NOT_HANDED_OFF


def _called_phase(calls: Sequence[Mapping[str, Json]], latest: Mapping[str, Json]) -> tuple[Phase, str | None]:
    # A call beside one that was handed off is the provider's own retry: it goes on as long as that waits.
    if any(call.get("status") in ("submitted", "queued", "attention") for call in calls):
        return Phase.IN_FLIGHT, None
    if latest.get("status") != "completed":
        return Phase.UNKNOWN, None
    result = word_or_empty(latest.get("call_result"))
    if result == "answered":
        return Phase.REACHED, result
    return (Phase.UNREACHED, result) if result in OUTCOMES else (Phase.UNKNOWN, result or "completed")


def _call_id(call: Mapping[str, Json]) -> str | None:
    return call_id_or_none(call.get("conversation_id")) or call_id_or_none(call.get("intent_id"))


def _call_note(call: Mapping[str, Json]) -> str | None:
    """Return the time of a call that ended, as a JSON object. Only its end is told; a call takes minutes."""
    note = note_times(call.get("outcome_at_unix"), None, None, parse=unix_time_or_none)
    return json_text(note) if note else None


def batch_members(recipients: Iterable[Json], *, dispatched: int | None) -> list[MemberRow]:
    """Return the member rows of a batch of batch calling, of which so many recipients were dispatched."""
    return [_recipient_member(dict_or_empty(recipient), dispatched) for recipient in recipients]


def _recipient_member(recipient: Mapping[str, Json], dispatched: int | None) -> MemberRow:
    status, call_id = word_or_empty(recipient.get("status")), call_id_or_none(recipient.get("conversation_id"))
    phase = recipient_phase(status, call_id, dispatched)
    data = dict_or_empty(recipient.get("conversation_initiation_client_data"))
    has_ending = phase in (Phase.REACHED, Phase.UNREACHED) or (phase is Phase.UNKNOWN and status == "cancelled")
    note = note_times(recipient.get("updated_at_unix"), None, None, parse=unix_time_or_none) if has_ending else {}
    return (
        text_or_none(recipient.get("phone_number")),
        phase,
        status if has_ending else None,
        call_id,
        member_payload({"dynamic_variables": data.get("dynamic_variables")}) if phase is Phase.QUEUED else None,
        None,
        json_text(note) if note else None,
    )


def recipient_phase(status: str, call_id: str | None, dispatched: int | None) -> Phase:
    """Return the phase of a batch's recipient (elevenlabs.md 3.3). An unknown word counts as called.

    A cancel marks everybody, those who were called too (elevenlabs.md 3.4), so `cancelled` means something only in a
    batch of which nobody was ever dispatched.
    """
    if status == "cancelled":
        return Phase.CANCELLED if dispatched == 0 and call_id is None else Phase.UNKNOWN
    if status == "pending" and call_id is not None:
        return Phase.UNKNOWN
    return _BATCH_PHASES.get(status, Phase.UNKNOWN)
