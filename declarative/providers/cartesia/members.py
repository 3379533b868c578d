"""Cartesia's words about one person, a batch's recipient or a single call, as a Phase. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from declarative.model.remote import Phase
from declarative.model.resource import Json
from declarative.providers.cartesia.type import OUTCOMES
from declarative.providers.http.outcomes import speaks_of_funds
from declarative.providers.http.parse import Member, entry, payload, text

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


def members(recipients: Iterable[Json], clean: Callable[[str], str]) -> list[Member]:
    """The recipients of a batch, in the provider's order."""
    return [_member(entry(recipient), clean) for recipient in recipients]


def recipient_phase(status: str, end_reason: str | None, error: str | None, call_id: str | None) -> Phase:
    """cartesia.md 3.4. A word that nobody knows counts as rung."""
    if status in _UNDER_WAY:
        return _UNDER_WAY[status]
    if status == "cancelled":
        return Phase.CANCELLED if call_id is None else Phase.UNKNOWN
    if status == "failed" and end_reason not in OUTCOMES and error is not None and call_id is None:
        return Phase.UNFUNDED if speaks_of_funds(error) else Phase.REFUSED
    return _ended(status, end_reason)


def call_phase(status: str, end_reason: str | None) -> Phase:
    """cartesia.md 2.3. A call that has a record may have rung, so none is ever refused or cancelled."""
    return _CALL_UNDER_WAY.get(status) or _ended(status, end_reason)


def call_member(call: dict[str, Json], clean: Callable[[str], str]) -> Member:
    phase = call_phase(text(call.get("status")) or "", end_reason := text(call.get("end_reason")))
    error = text(call.get("error_message"))
    return (
        text(entry(call.get("telephony_params")).get("to")),
        phase,
        None if phase is Phase.IN_FLIGHT else end_reason,
        text(call.get("id")),
        payload({field: call.get(field) for field in ("metadata", "dynamic_variables")}),
        clean(error) if error else None,
        None,
    )


def _ended(status: str, end_reason: str | None) -> Phase:
    if status == "completed":
        return Phase.UNREACHED if (end_reason or "").startswith("dial_") else Phase.REACHED
    return Phase.UNREACHED if status == "failed" and end_reason in OUTCOMES else Phase.UNKNOWN


def _member(recipient: dict[str, Json], clean: Callable[[str], str]) -> Member:
    status = text(recipient.get("status")) or ""
    call_id, error = text(recipient.get("agent_call_id")), text(recipient.get("error_message"))
    end_reason = text(recipient.get("end_reason"))
    phase = recipient_phase(status, end_reason, error, call_id)
    # After a retry a recipient may still show its earlier attempt (cartesia.md 7, row 2).
    waiting, under_way = phase is Phase.QUEUED, status in _UNDER_WAY
    data = {"metadata": recipient.get("metadata")} if waiting or phase is Phase.REFUSED else {}
    return (
        text(recipient.get("to_number")),
        phase,
        None if under_way else end_reason,
        None if waiting else call_id,
        payload(data),
        clean(error) if error and not under_way else None,
        None,
    )
