"""Cartesia's single calls, and the list of all calls. Shapes are in the views; batches are elsewhere."""

from __future__ import annotations

from typing import Any

from declarative.sandbox import batches, calls
from declarative.sandbox.calls import Call
from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.pages import cursor, page_of, page_size
from declarative.sandbox.cartesia.requests import (
    Dial,
    Person,
    agent_exists,
    dial,
    legacy_dial,
    may_dial,
    modern,
    structured,
    version,
)
from declarative.sandbox.checks import instant
from declarative.sandbox.dial_counts import dialed_again
from declarative.sandbox.ids import call_id, number_type
from declarative.sandbox.outcomes import Outcome, lapse
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext

EVERYTHING = 1 << 60


def create_outbound_calls(desk: RequestContext) -> ApiResponse:
    named = modern(desk)
    wanted = dial(desk, named)
    may_dial(desk)
    desk.use("agent", wanted.agent_id)
    desk.use("number", wanted.number_id)
    return ApiResponse(200, {"calls": [_placed(desk, wanted, person, named) for person in wanted.people]})


def _placed(desk: RequestContext, wanted: Dial, person: Person, named: str) -> dict[str, Any]:
    if person.error is not None:
        return {"number": person.number, "error": {"message": person.error}}
    call = _place(desk, wanted, person, named)
    if call.outcome is Outcome.PRE_DIAL:
        return {"number": person.number, "error": {"message": views.TURNED_AWAY}}
    return {"number": person.number, "agent_call_id": call.id}


def _place(desk: RequestContext, wanted: Dial, person: Person, named: str) -> Call:
    paced = number_type(wanted.number_id) == "cartesia"
    (fate,) = dialed_again(desk.moment, desk.org.id, [person.number], us_only=paced)
    when = calls.next_dial(desk.moment, desk.org.id, wanted.number_id, 1.0 if paced else 0.0)
    gone = lapse(fate, wanted.ringing, wanted.minutes * 60.0)
    call = Call(
        id=call_id(),
        org=desk.org.id,
        provider="cartesia",
        agent_id=wanted.agent_id,
        number_id=wanted.number_id,
        version=named,
        to_number=person.number,
        info=person.info,
        extra=None,
        created=desk.now,
        dispatch=when,
        answer=None if gone.answer is None else when + gone.answer,
        end=when + gone.end,
        outcome=gone.outcome,
    )
    if gone.outcome is not Outcome.PRE_DIAL:
        calls.add(desk.moment, call)
    return call


def legacy_outbound_call(desk: RequestContext) -> ApiResponse:
    """The answer of this route is undocumented; third-party clients read `call_id`, `status`, `message`."""
    named = version(desk.asked.headers)
    if structured(named):
        raise ApiError(404, "this route ended with Cartesia-Version 2025-11-04")
    wanted = legacy_dial(desk)
    may_dial(desk)
    desk.use("agent", wanted.agent_id)
    placed = [_place(desk, wanted, person, named) for person in wanted.people]
    queued = [call.id for call in placed if call.outcome is not Outcome.PRE_DIAL]
    told = {"status": "queued" if queued else "failed", "message": f"{len(queued)} of {len(placed)} queued"}
    return ApiResponse(200, {"call_id": queued[0]} | told if queued else told)


def list_calls(desk: RequestContext) -> ApiResponse:
    named, query = version(desk.asked.headers), desk.asked.query
    names = ("agent_id", "batch_id", "start_time_gte", "start_time_lte", "expand")
    limit = page_size(desk, names if structured(named) else ("agent_id", "expand"))
    if not query.get("agent_id") and not query.get("batch_id"):
        raise ApiError(400, "agent_id or batch_id is required")
    if query.get("expand", "transcript") != "transcript":
        raise ApiError(400, "expand can only be transcript")
    found, backwards = _calls_page(desk, limit)
    shown = [views.call(one, desk.now, named, transcript="expand" in query) for one in found]
    return ApiResponse(200, page_of(shown, limit, backwards=backwards))


def _calls_page(desk: RequestContext, limit: int) -> tuple[list[Call], bool]:
    low, high = _start_bounds(desk)
    place = cursor(desk)
    mark = None if place is None else calls.find(desk.moment, desk.org.id, "cartesia", place.id)
    if place is not None and mark is None:
        raise ApiError(400, f"{place.name} names no call")
    backwards = place is not None and place.backwards
    until = desk.visible if mark is None or backwards else min(mark.created, desk.visible)
    count = EVERYTHING if backwards or low is not None or high is not None else limit + 1
    found = [
        one
        for one in _candidates(desk, until, count)
        if one.created <= desk.visible and _within(one, low, high, desk.now) and _beyond(one, mark, backwards)
    ]
    return (found[-limit - 1 :] if backwards else found[: limit + 1]), backwards


def _candidates(desk: RequestContext, until: float, count: int) -> list[Call]:
    query = desk.asked.query
    if "batch_id" not in query:
        agent_exists(query["agent_id"])
        return calls.of_agent(desk.moment, desk.org.id, query["agent_id"], until, count)
    batch = batches.find(desk.moment, desk.org.id, query["batch_id"])
    if batch is None:
        raise ApiError(404, "call batch not found", title="Call batch not found")
    if query.get("agent_id", batch.agent_id) != batch.agent_id:
        raise ApiError(400, "agent_id is not the agent of this batch")
    return calls.of_batch(desk.moment, batch)


def _beyond(call: Call, mark: Call | None, backwards: bool) -> bool:
    if mark is None:
        return True
    return call.order > mark.order if backwards else call.order < mark.order


def _start_bounds(desk: RequestContext) -> tuple[float | None, float | None]:
    query = desk.asked.query
    low, high = (instant(query[name], name) if name in query else None for name in ("start_time_gte", "start_time_lte"))
    if low is not None and high is not None and low > high:
        raise ApiError(400, "start_time_gte is after start_time_lte")
    return low, high


def _within(call: Call, low: float | None, high: float | None, now: float) -> bool:
    if low is None and high is None:
        return True
    start = call.answer
    return start is not None and start <= now and (low or 0) <= start <= (EVERYTHING if high is None else high)


def _the_call(desk: RequestContext) -> Call:
    found = calls.find(desk.moment, desk.org.id, "cartesia", desk.asked.path_values["call_id"])
    if found is None:
        raise ApiError(404, "call not found", title="Call not found")
    return found


def get_call(desk: RequestContext) -> ApiResponse:
    named = version(desk.asked.headers)
    return ApiResponse(200, views.call(_the_call(desk), desk.now, named, transcript=True))


def cancel_call(desk: RequestContext) -> ApiResponse:
    """Only a connected call can be ended; a queued or ringing one cannot be called back."""
    modern(desk)
    call = _the_call(desk)
    if views.call_status(call, desk.now) != "started":
        raise ApiError(400, "the call is not active")
    calls.hang_up(desk.moment, call)
    return ApiResponse(200, {"cancelled": True})


CALL_OPERATIONS = (
    Operation("createOutboundCalls", "POST", "/agents/calls", create_outbound_calls),
    Operation("listCalls", "GET", "/agents/calls", list_calls),
    Operation("getCall", "GET", "/agents/calls/{call_id}", get_call),
    Operation("cancelCall", "POST", "/agents/calls/{call_id}/cancel", cancel_call),
    Operation("legacyOutboundCall", "POST", "/twilio/call/outbound", legacy_outbound_call),
)
