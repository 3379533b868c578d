"""CallingBox's operations and its money: each call holds an amount, released or settled when the call is over."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from declarative.sandbox import calls, checks
from declarative.sandbox.callingbox import views
from declarative.sandbox.callingbox.pages import iterate_calls, list_page
from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import draw_next_dials
from declarative.sandbox.outcomes import Draw, Outcome, compute_times
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, Operation, RequestContext

HOLD_CENTS = 300
"""Held for each call that is not over."""
RINGING, LONGEST = 24.0, 3600.0
"""Seconds: ringing time-out, longest talk."""
DIAL_AFTER, ANSWER_AFTER = 1.0, 4.0
"""Seconds from the request to the dial, and to the answer."""
_BIRTH = 1_767_225_600.0
"""2026-01-01, the creation date of ids that were never used."""
DEFAULT_AGENT = "00000000-0000-4000-8000-000000000001"
_ATTACHED = re.compile(r"\+1\d{3}55501\d\d")
_REFUSED_FIELDS = ("persona", "voice", "language", "returns", "tools", "voicemail_action")


def api_key(request: ApiRequest) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip()
    if scheme.lower() != "bearer" or not key or "revoked" in key:
        raise ApiError(401, "missing or invalid API key")
    return key


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    return ApiResponse(api_error.status, {"error": api_error.message})


def create_call(context: RequestContext) -> ApiResponse:
    """Place a call. Checks come in this order: fields, formats, agent, caller ID, money."""
    body = _validate_body(context.parse_body())
    agent_id = str(body["agent_id"])
    _require_agent_id(agent_id)
    from_number = body.get("from_number", views.PRIMARY_NUMBER)
    if not _ATTACHED.fullmatch(from_number):
        raise ApiError(400, f"from_number {from_number} is not attached to this agent")
    shortfall = _shortfall_message(context)
    if shortfall and context.knobs.refusal != 201:
        raise ApiError(context.knobs.refusal, shortfall)
    context.record_use("callingbox_agent", agent_id)
    context.record_use("callingbox_number", from_number)
    call = _build_call(context, body, from_number, shortfall)
    calls.add_call(context.moment, call)
    return ApiResponse(201, views.call_json(call, context.now))


def _validate_body(body: dict[str, Any]) -> dict[str, Any]:
    for name in _REFUSED_FIELDS:
        if name in body:
            raise ApiError(400, f"{name} is not accepted on a call; set it on the agent")
    checks.require_fields(
        body, ("agent_id", "to"), ("from_number", "instructions", "context", "webhook_url", "metadata")
    )
    for name in ("to", "from_number"):
        if name in body:
            checks.require_phone(body[name], name)
    for name in ("context", "metadata"):
        if not isinstance(body.get(name, {}), dict):
            raise ApiError(400, f"{name} must be an object")
    for name in ("agent_id", "instructions", "webhook_url"):
        if not isinstance(body.get(name, ""), str):
            raise ApiError(400, f"{name} must be a string")
    return body


def _require_agent_id(agent_id: str) -> None:
    if "missing" in agent_id:
        raise ApiError(404, f"agent {agent_id} not found")
    if not _is_uuid(agent_id):
        raise ApiError(400, "agent_id must be a uuid")


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _build_call(context: RequestContext, body: dict[str, Any], from_number: str, shortfall: str) -> Call:
    error_fields = {"error_code": "insufficient_credits", "error_message": shortfall} if shortfall else {}
    if shortfall:
        fate = Draw(Outcome.PRE_DIAL, 0, 0)
    else:
        (fate,) = draw_next_dials(
            context.moment, context.org.id, [body["to"]], agent_id=body["agent_id"], us_only=False
        )
    times, dispatch = compute_times(fate, RINGING, LONGEST), context.now + DIAL_AFTER
    # Calls of this provider are answered at a fixed time; the draw's ringing time is not used.
    talk = times.end - times.answer if times.answer is not None else 0.0
    answer = None if times.answer is None else context.now + ANSWER_AFTER
    return Call(
        id=str(uuid4()),
        org=context.org.id,
        provider="callingbox",
        agent_id=body["agent_id"],
        number_id=from_number,
        version="2026-04",
        to_number=body["to"],
        info=body.get("metadata", {}),
        extra={name: body[name] for name in ("instructions", "context", "webhook_url") if name in body} | error_fields,
        created=context.now,
        dispatch=dispatch,
        answer=answer,
        end=answer + talk if answer is not None else dispatch + times.end,
        outcome=times.outcome,
    )


def _shortfall_message(context: RequestContext) -> str:
    """Return the documented refusal, or an empty string when the balance covers one more hold."""
    balance = _balance_millicents(context) / 100_000
    hold = HOLD_CENTS / 100
    if balance >= hold:
        return ""
    return (
        f"Calls paused. Your balance is ${balance:.2f} but each call requires a ${hold:.2f} hold (we release it"
        f" back if no one answers). Add ${hold - balance:.2f} or more in credits to keep calling."
    )


def _balance_millicents(context: RequestContext) -> int:
    """Settle the calls that are over, and return the balance less charges and open holds."""
    db, org = context.moment.db, context.org
    rows = db.execute("SELECT id, end FROM call WHERE org = ? AND settled = 0 AND provider = 'callingbox'", (org.id,))
    spent, reserved = org.spent_millicents, 0
    for identifier, end in rows.fetchall():
        call = calls.find_call(context.moment, org.id, "callingbox", identifier) if end <= context.now else None
        if call is None:
            reserved += HOLD_CENTS * 1000
            continue
        spent += views.charge_millicents(call)
        db.execute("UPDATE call SET settled = 1 WHERE id = ?", (identifier,))
    db.execute("UPDATE organisation SET spent_millicents = ? WHERE id = ?", (spent, org.id))
    return org.balance_cents * 1000 - spent - reserved


def list_calls(context: RequestContext) -> ApiResponse:
    """List calls in pages, or, in the shape of the old documentation, all of them in a bare array."""
    if context.knobs.in_pages:
        return ApiResponse(200, list_page(context))
    return ApiResponse(200, [views.call_json(call, context.now) for call in iterate_calls(context, context.visible)])


def _require_call(context: RequestContext) -> Call:
    identifier = context.request.path_values["id"]
    call = calls.find_call(context.moment, context.org.id, "callingbox", identifier)
    if call is None:
        raise ApiError(404, f"call {identifier} not found")
    return call


def get_call(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, views.call_json(_require_call(context), context.now))


def get_call_transcript(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, views.transcript_json(_require_call(context), context.now))


def list_agents(context: RequestContext) -> ApiResponse:
    kind = context.request.query.get("type", "outbound")
    if kind not in ("inbound", "outbound"):
        raise ApiError(400, "type must be inbound or outbound")
    first_uses = [*context.list_used("callingbox_agent"), (DEFAULT_AGENT, _BIRTH)]
    agents = [views.agent_json(agent_id, created, context.org.name) for agent_id, created in dict(first_uses).items()]
    return ApiResponse(200, {"data": agents if kind == "outbound" else []})


def get_agent(context: RequestContext) -> ApiResponse:
    agent_id = context.request.path_values["id"]
    if not _is_uuid(agent_id):
        raise ApiError(404, f"agent {agent_id} not found")
    created = dict(context.list_used("callingbox_agent")).get(agent_id, _BIRTH)
    return ApiResponse(200, views.agent_json(agent_id, created, context.org.name))


def list_numbers(context: RequestContext) -> ApiResponse:
    first_uses = dict([*context.list_used("callingbox_number"), (views.PRIMARY_NUMBER, _BIRTH)])
    agents = [agent_id for agent_id, _ in context.list_used("callingbox_agent")]
    return ApiResponse(200, [views.number_json(e164, created, agents) for e164, created in first_uses.items()])


OPERATIONS = (
    Operation("createCall", "POST", "/v1/calls", create_call),
    Operation("listCalls", "GET", "/v1/calls", list_calls),
    Operation("getCall", "GET", "/v1/calls/{id}", get_call),
    Operation("getCallTranscript", "GET", "/v1/calls/{id}/transcript", get_call_transcript),
    Operation("listAgents", "GET", "/v1/agents", list_agents),
    Operation("getAgent", "GET", "/v1/agents/{id}", get_agent),
    Operation("listNumbers", "GET", "/v1/numbers", list_numbers),
)
