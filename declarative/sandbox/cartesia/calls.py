"""Cartesia's single calls, and the list of all calls. The shapes of answers are in `views`."""

from __future__ import annotations

from typing import Any

from declarative.sandbox import batches, calls
from declarative.sandbox.calls import Call
from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.pages import make_page, parse_cursor, parse_page_size
from declarative.sandbox.cartesia.requests import (
    CallOrder,
    Recipient,
    check_usage_limit,
    has_json_errors,
    parse_call_order,
    parse_legacy_order,
    require_agent,
    require_modern_version,
    require_version,
)
from declarative.sandbox.checks import parse_instant
from declarative.sandbox.dial_counts import draw_next_dials
from declarative.sandbox.ids import new_call_id, number_type
from declarative.sandbox.outcomes import Outcome, compute_times
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext

EVERYTHING = 1 << 60
"""More than any count, and later than any time in seconds."""


def create_outbound_calls(context: RequestContext) -> ApiResponse:
    version = require_modern_version(context)
    order = parse_call_order(context, version)
    check_usage_limit(context)
    context.record_use("agent", order.agent_id)
    context.record_use("number", order.number_id)
    return ApiResponse(
        200, {"calls": [_place_entry(context, order, recipient, version) for recipient in order.recipients]}
    )


def _place_entry(context: RequestContext, order: CallOrder, recipient: Recipient, version: str) -> dict[str, Any]:
    if recipient.error is not None:
        return {"number": recipient.number, "error": {"message": recipient.error}}
    call = _place_call(context, order, recipient, version)
    if call.outcome is Outcome.PRE_DIAL:
        return {"number": recipient.number, "error": {"message": views.TURNED_AWAY}}
    return {"number": recipient.number, "agent_call_id": call.id}


def _place_call(context: RequestContext, order: CallOrder, recipient: Recipient, version: str) -> Call:
    paced = number_type(order.number_id) == "cartesia"
    (fate,) = draw_next_dials(
        context.moment, context.org.id, [recipient.number], agent_id=order.agent_id, us_only=paced
    )
    dispatch = calls.next_dial(context.moment, context.org.id, order.number_id, 1.0 if paced else 0.0)
    times = compute_times(fate, order.ringing, order.minutes * 60.0)
    call = Call(
        id=new_call_id(),
        org=context.org.id,
        provider="cartesia",
        agent_id=order.agent_id,
        number_id=order.number_id,
        version=version,
        to_number=recipient.number,
        info=recipient.info,
        extra=None,
        created=context.now,
        dispatch=dispatch,
        answer=None if times.answer is None else dispatch + times.answer,
        end=dispatch + times.end,
        outcome=times.outcome,
    )
    if times.outcome is not Outcome.PRE_DIAL:
        calls.add_call(context.moment, call)
    return call


def legacy_outbound_call(context: RequestContext) -> ApiResponse:
    """Place calls by the old route. Its answer is undocumented; clients read `call_id`, `status` and `message`."""
    version = require_version(context.request.headers)
    if has_json_errors(version):
        raise ApiError(404, "this route ended with Cartesia-Version 2025-11-04")
    order = parse_legacy_order(context)
    check_usage_limit(context)
    context.record_use("agent", order.agent_id)
    placed_calls = [_place_call(context, order, recipient, version) for recipient in order.recipients]
    queued = [call.id for call in placed_calls if call.outcome is not Outcome.PRE_DIAL]
    body = {"status": "queued" if queued else "failed", "message": f"{len(queued)} of {len(placed_calls)} queued"}
    return ApiResponse(200, {"call_id": queued[0]} | body if queued else body)


def list_calls(context: RequestContext) -> ApiResponse:
    version, query = require_version(context.request.headers), context.request.query
    names = ("agent_id", "batch_id", "start_time_gte", "start_time_lte", "expand")
    limit = parse_page_size(context, names if has_json_errors(version) else ("agent_id", "expand"))
    if not query.get("agent_id") and not query.get("batch_id"):
        raise ApiError(400, "agent_id or batch_id is required")
    if query.get("expand", "transcript") != "transcript":
        raise ApiError(400, "expand can only be transcript")
    page, backwards = _page_of_calls(context, limit)
    entries = [views.call_json(call, context.now, version, transcript="expand" in query) for call in page]
    return ApiResponse(200, make_page(entries, limit, backwards=backwards))


def _page_of_calls(context: RequestContext, limit: int) -> tuple[list[Call], bool]:
    low, high = _start_bounds(context)
    cursor = parse_cursor(context)
    cursor_call = None if cursor is None else calls.find_call(context.moment, context.org.id, "cartesia", cursor.id)
    if cursor is not None and cursor_call is None:
        raise ApiError(400, f"{cursor.name} is not the id of a call")
    backwards = cursor is not None and cursor.backwards
    until = context.visible if cursor_call is None or backwards else min(cursor_call.created, context.visible)
    hidden = context.find_hidden_call()
    is_bounded = not backwards and low is None and high is None
    count = limit + 1 + (hidden is not None) if is_bounded else EVERYTHING
    page = [
        call
        for call in _list_candidates(context, until, count)
        if call.created <= context.visible
        and call.rank != (hidden, 0)
        and _is_within(call, low, high, context.now)
        and _is_beyond(call, cursor_call, backwards)
    ]
    return (page[-limit - 1 :] if backwards else page[: limit + 1]), backwards


def _list_candidates(context: RequestContext, until: float, count: int) -> list[Call]:
    query = context.request.query
    if "batch_id" not in query:
        require_agent(query["agent_id"])
        return calls.list_agent_calls(context.moment, context.org.id, query["agent_id"], until, count)
    batch = batches.find_batch(context.moment, context.org.id, query["batch_id"])
    if batch is None:
        raise ApiError(404, "call batch not found", title="Call batch not found")
    if query.get("agent_id", batch.agent_id) != batch.agent_id:
        raise ApiError(400, "agent_id is not the agent of this batch")
    return calls.list_batch_calls(context.moment, batch)


def _is_beyond(call: Call, cursor_call: Call | None, backwards: bool) -> bool:
    if cursor_call is None:
        return True
    return call.order > cursor_call.order if backwards else call.order < cursor_call.order


def _start_bounds(context: RequestContext) -> tuple[float | None, float | None]:
    query = context.request.query
    low, high = (
        parse_instant(query[name], name) if name in query else None for name in ("start_time_gte", "start_time_lte")
    )
    if low is not None and high is not None and low > high:
        raise ApiError(400, "start_time_gte is after start_time_lte")
    return low, high


def _is_within(call: Call, low: float | None, high: float | None, now: float) -> bool:
    if low is None and high is None:
        return True
    start = call.answer
    return start is not None and start <= now and (low or 0) <= start <= (EVERYTHING if high is None else high)


def _require_call(context: RequestContext) -> Call:
    call = calls.find_call(context.moment, context.org.id, "cartesia", context.request.path_values["call_id"])
    if call is None:
        raise ApiError(404, "call not found", title="Call not found")
    return call


def get_call(context: RequestContext) -> ApiResponse:
    version = require_version(context.request.headers)
    return ApiResponse(200, views.call_json(_require_call(context), context.now, version, transcript=True))


def cancel_call(context: RequestContext) -> ApiResponse:
    """End a connected call. A call that is queued or ringing cannot be stopped."""
    require_modern_version(context)
    call = _require_call(context)
    if views.call_status(call, context.now) != "started":
        raise ApiError(400, "the call is not active")
    calls.hang_up(context.moment, call)
    return ApiResponse(200, {"cancelled": True})


CALL_OPERATIONS = (
    Operation("createOutboundCalls", "POST", "/agents/calls", create_outbound_calls),
    Operation("listCalls", "GET", "/agents/calls", list_calls),
    Operation("getCall", "GET", "/agents/calls/{call_id}", get_call),
    Operation("cancelCall", "POST", "/agents/calls/{call_id}/cancel", cancel_call),
    Operation("legacyOutboundCall", "POST", "/twilio/call/outbound", legacy_outbound_call),
)
