"""Translates Cartesia's words about one person, in a batch or a single call, into a Phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from declarative.model.mark import METADATA_KEY
from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.cartesia.type import OUTCOMES
from declarative.providers.http.outcomes import is_out_of_funds
from declarative.providers.http.parse import (
    MemberRow,
    Redact,
    call_id_or_none,
    dict_or_empty,
    json_text,
    member_payload,
    note_times,
    text_or_none,
    word_or_empty,
)

_UNDER_WAY = {
    "queued": Phase.QUEUED,
    "dispatched": Phase.IN_FLIGHT,
    "started": Phase.IN_FLIGHT,
}
_CALL_UNDER_WAY = {
    "created": Phase.IN_FLIGHT,
    "started": Phase.IN_FLIGHT,
    "active": Phase.IN_FLIGHT,  # 2025-04-16
}
_CALL_OVER = frozenset({"completed", "failed", "cancelled"})


def batch_members(recipients: Iterable[Json], redact: Redact) -> list[MemberRow]:
    """Return the member rows of a batch, in the provider's order."""
    return [_recipient_member(dict_or_empty(recipient), redact) for recipient in recipients]


def recipient_phase(status: str, end_reason: str | None, error: str | None, call_id: str | None) -> Phase:
    """Return the phase of a batch's recipient (cartesia.md 3.4). An unknown word counts as called."""
    if status in _UNDER_WAY:
        return _UNDER_WAY[status]
    if status == "cancelled":
        return Phase.CANCELLED if call_id is None else Phase.UNKNOWN
    if status == "failed" and end_reason not in OUTCOMES and error is not None and call_id is None:
        return Phase.UNFUNDED if is_out_of_funds(error) else Phase.REFUSED
    return _final_phase(status, end_reason)


def call_phase(status: str, end_reason: str | None) -> Phase:
    """Return the phase of a single call (cartesia.md 2.3): never refused or cancelled.

    The provider has a record of it, so the phone may have been called.
    """
    return _CALL_UNDER_WAY.get(status) or _final_phase(status, end_reason)


def is_call_ended(call: Mapping[str, Json]) -> bool:
    """Whether a single call is over. A status that nobody knows is an ending where the call says why or when it ended,
    and otherwise may be one of a call that goes on."""
    status = word_or_empty(call.get("status"))
    if status in _CALL_OVER or status in _CALL_UNDER_WAY:
        return status in _CALL_OVER
    return bool(call.get("end_reason") or call.get("end_time"))


def call_member(call: dict[str, Json], redact: Redact) -> MemberRow:
    """Return the member row of a single call. `redact` makes the provider's error text safe to print."""
    end_reason = word_or_empty(call.get("end_reason")) or None
    phase = call_phase(word_or_empty(call.get("status")), end_reason)
    error = text_or_none(call.get("error_message"))
    number = text_or_none(dict_or_empty(call.get("telephony_params")).get("to"))
    return (
        number,
        phase,
        None if phase is Phase.IN_FLIGHT else end_reason,
        call_id_or_none(call.get("id")),
        member_payload({field: call.get(field) for field in ("metadata", "dynamic_variables")}),
        redact(error, (number or "").encode()) if error else None,
        None if phase is Phase.IN_FLIGHT else _call_note(call),
    )


def _call_note(call: dict[str, Json]) -> str | None:
    """Return a JSON object of the times of a call that ended, and of its `result`: the provider's summary, and the
    variables as they were at the end, which the agent may have set (cartesia.md 2.3). None where all are missing.

    A call that nobody took has no `start_time`; its end, at most a minute and a half later, stands for it.
    """
    start, end = call.get("start_time"), call.get("end_time")
    variables = dict_or_empty(call.get("dynamic_variables"))
    result = {name: value for name, value in variables.items() if name != METADATA_KEY}
    if summary := text_or_none(call.get("summary")):
        result["summary"] = summary
    note = {**note_times(start or end, start, end), **({"result": result} if result else {})}
    return json_text(note) if note else None


def _final_phase(status: str, end_reason: str | None) -> Phase:
    if status == "completed":
        return Phase.UNREACHED if (end_reason or "").startswith("dial_") else Phase.REACHED
    return Phase.UNREACHED if status == "failed" and end_reason in OUTCOMES else Phase.UNKNOWN


def _recipient_member(recipient: dict[str, Json], redact: Redact) -> MemberRow:
    status, number = word_or_empty(recipient.get("status")), text_or_none(recipient.get("to_number"))
    call_id, error = call_id_or_none(recipient.get("agent_call_id")), text_or_none(recipient.get("error_message"))
    end_reason = word_or_empty(recipient.get("end_reason")) or None
    phase = recipient_phase(status, end_reason, error, call_id)
    # After a retry a recipient may still show its earlier attempt (cartesia.md 7, row 2).
    is_waiting, is_under_way = phase is Phase.QUEUED, status in _UNDER_WAY
    data = {"metadata": recipient.get("metadata")} if is_waiting or phase is Phase.REFUSED else {}
    return (
        number,
        phase,
        None if is_under_way else end_reason,
        None if is_waiting else call_id,
        member_payload(data),
        redact(error, (number or "").encode()) if error and not is_under_way else None,
        None,
    )
