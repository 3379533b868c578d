"""All of Vapi's operations: campaigns, single calls, and the look-ups of assistants and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from declarative.sandbox import batches, calls, checks
from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import draw_next_dials
from declarative.sandbox.ids import derive_e164, is_existing_id
from declarative.sandbox.outcomes import compute_times
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext
from declarative.sandbox.vapi import views
from declarative.sandbox.vapi.campaigns import CAMPAIGN_OPERATIONS
from declarative.sandbox.vapi.pages import LARGEST, TIME_FILTERS, filter_by_time, parse_whole, require_query
from declarative.sandbox.vapi.requests import (
    LONGEST_MINUTES,
    PROVIDER,
    RINGING,
    VERSION,
    parse_agent,
    parse_customer,
    parse_customers,
    parse_number_id,
    parse_overrides,
    parse_schedule,
)

DIAL_AFTER = 1.0
"""Seconds from the request to the dial."""
_NAME_LENGTH = 40


def create_call(context: RequestContext) -> ApiResponse:
    """Place one call, or one for each of several customers. The same request again is another call."""
    body = context.parse_body()
    optional = ("name", "assistantId", "squadId", "customer", "customers", "schedulePlan", "assistantOverrides")
    checks.require_fields(body, ("phoneNumberId",), optional)
    parse_agent(body)
    parse_number_id(body)
    parse_overrides(body, "assistantOverrides")
    name = body.get("name", "")
    if not isinstance(name, str) or len(name) > _NAME_LENGTH:
        raise ApiError(400, f"name must be shorter than or equal to {_NAME_LENGTH} characters")
    if ("customer" in body) == ("customers" in body):
        raise ApiError(400, "exactly one of customer and customers must be given")
    if "customer" in body:
        return ApiResponse(201, _place(context, body, parse_customer(body["customer"], "customer.")))
    entries = [_place(context, body, customer) for customer in parse_customers(body["customers"])]
    return ApiResponse(201, {"results": entries, "errors": []})


def _place(context: RequestContext, body: dict[str, Any], customer: dict[str, Any]) -> dict[str, Any]:
    earliest, latest = parse_schedule(context, body)
    dispatch = max(context.now + DIAL_AFTER, earliest or 0.0)
    if latest is not None and dispatch > latest:
        raise ApiError(400, "schedulePlan.latestAt is over before the call could begin")
    agent_id = parse_agent(body)
    (fate,) = draw_next_dials(context.moment, context.org.id, [customer["number"]], agent_id=agent_id, us_only=False)
    times = compute_times(fate, RINGING, LONGEST_MINUTES * 60.0)
    shown = {name: customer[name] for name in ("name", "externalId", "email", "extension") if name in customer}
    call = Call(
        id=str(uuid4()),
        org=context.org.id,
        provider=PROVIDER,
        agent_id=agent_id,
        number_id=body["phoneNumberId"],
        version=VERSION,
        to_number=customer["number"],
        info=body.get("assistantOverrides", {}).get("variableValues"),
        extra={"customer": shown, "is_squad": "squadId" in body}
        | {name: body[name] for name in ("name", "schedulePlan") if name in body},
        created=context.now,
        dispatch=dispatch,
        answer=None if times.answer is None else dispatch + times.answer,
        end=dispatch + times.end,
        outcome=times.outcome,
    )
    calls.add_call(context.moment, call)
    return _call_json(context, call)


def _call_json(context: RequestContext, call: Call) -> dict[str, Any]:
    return views.call_json(call, context.now, context.org.name)


def _iterate_calls(context: RequestContext, until: float) -> Iterator[Call]:
    """Single calls and calls of campaigns, newest first within each kind."""
    yield from calls.list_single_calls(context.moment, context.org.id, PROVIDER, until)
    rows = context.moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND provider = ? AND admitted <= ? ORDER BY seq DESC",
        (context.org.id, PROVIDER, until),
    ).fetchall()
    for batch in map(batches.batch_from_row, rows):
        yield from (call for call in calls.list_batch_calls(context.moment, batch) if call.created <= until)


def list_calls(context: RequestContext) -> ApiResponse:
    """List single calls and calls of campaigns, newest first unless a fault rule shuffles: no order is stated."""
    query = context.request.query
    require_query(context, ("id", "assistantId", "phoneNumberId", "limit", *TIME_FILTERS))
    listed = sorted(_iterate_calls(context, context.visible), key=lambda call: call.order, reverse=True)
    hidden = context.find_hidden_call()
    entries = [
        _call_json(context, call)
        for call in listed
        if call.created >= context.oldest and (call.batch is not None or call.rank[0] != hidden)
    ]
    for name in ("id", "assistantId", "phoneNumberId"):
        entries = [entry for entry in entries if query.get(name) in (None, entry.get(name))]
    entries = filter_by_time(context, entries)
    if context.knobs.shuffle:
        entries.sort(key=lambda entry: blake2b(f"{context.now}:{entry['id']}".encode(), digest_size=8).digest())
    return ApiResponse(200, entries[: parse_whole(query, "limit", 0, LARGEST, 100)])


def get_call(context: RequestContext) -> ApiResponse:
    identifier = context.request.path_values["id"]
    for call in _iterate_calls(context, context.now):
        if views.call_id(call) == identifier:
            return ApiResponse(200, _call_json(context, call))
    raise ApiError(404, f"Call {identifier} does not exist")


def _require_existing(context: RequestContext, noun: str) -> str:
    identifier = context.request.path_values["id"]
    if not is_existing_id(identifier):
        raise ApiError(404, f"{noun} {identifier} does not exist")
    return identifier


def get_assistant(context: RequestContext) -> ApiResponse:
    assistant_id = _require_existing(context, "Assistant")
    return ApiResponse(200, {"id": assistant_id, "name": f"Sandbox assistant {assistant_id[-6:]}"})


def get_squad(context: RequestContext) -> ApiResponse:
    squad_id = _require_existing(context, "Squad")
    return ApiResponse(200, {"id": squad_id, "name": f"Sandbox squad {squad_id[-6:]}"})


def get_phone_number(context: RequestContext) -> ApiResponse:
    number_id = _require_existing(context, "Phone number")
    return ApiResponse(200, {"id": number_id, "number": derive_e164(number_id), "provider": "twilio"})


OPERATIONS = (
    *CAMPAIGN_OPERATIONS,
    Operation("createCall", "POST", "/call", create_call),
    Operation("listCalls", "GET", "/call", list_calls),
    Operation("getCall", "GET", "/call/{id}", get_call),
    Operation("getAssistant", "GET", "/assistant/{id}", get_assistant),
    Operation("getSquad", "GET", "/squad/{id}", get_squad),
    Operation("getPhoneNumber", "GET", "/phone-number/{id}", get_phone_number),
)
