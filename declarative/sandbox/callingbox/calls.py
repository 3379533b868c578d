"""CallingBox's operations and its money: a hold a call, released or settled when the call is over."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from declarative.sandbox import calls, checks
from declarative.sandbox.callingbox import views
from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import dialed_again
from declarative.sandbox.outcomes import Draw, Outcome, lapse
from declarative.sandbox.request import ApiError, ApiResponse, Asked, Operation, RequestContext

HOLD_CENTS = 300
RINGING, LONGEST = 24.0, 3600.0
RING_AFTER, ANSWER_AFTER = 1.0, 4.0
_SEEN_FROM_BIRTH = 1_767_225_600.0
DEFAULT_AGENT = "00000000-0000-4000-8000-000000000001"
_ATTACHED = re.compile(r"\+1\d{3}55501\d\d")
_REFUSED_FIELDS = ("persona", "voice", "language", "returns", "tools", "voicemail_action")


def api_key(asked: Asked) -> str:
    scheme, _, bearer = asked.headers.get("authorization", "").partition(" ")
    key = bearer.strip()
    if scheme.lower() != "bearer" or not key or "revoked" in key:
        raise ApiError(401, "missing or invalid API key")
    return key


def error(asked: Asked, refusal: ApiError) -> ApiResponse:
    return ApiResponse(refusal.status, {"error": refusal.message})


def create_call(desk: RequestContext) -> ApiResponse:
    """Checked in the order of the provider profile: fields, formats, agent, caller ID, money."""
    sent = _checked(desk.body())
    agent_id = str(sent["agent_id"])
    _agent_exists(agent_id)
    from_number = sent.get("from_number", views.PRIMARY_NUMBER)
    if not _ATTACHED.fullmatch(from_number):
        raise ApiError(400, f"from_number {from_number} is not attached to this agent")
    short = _short_of_funds(desk)
    if short and desk.knobs.refusal != 201:
        raise ApiError(desk.knobs.refusal, short)
    desk.use("callingbox_agent", agent_id)
    desk.use("callingbox_number", from_number)
    call = _place(desk, sent, from_number, short)
    calls.add(desk.moment, call)
    return ApiResponse(201, views.call(call, desk.now))


def _checked(sent: dict[str, Any]) -> dict[str, Any]:
    for name in _REFUSED_FIELDS:
        if name in sent:
            raise ApiError(400, f"{name} is not accepted on a call; set it on the agent")
    checks.only(sent, ("agent_id", "to"), ("from_number", "instructions", "context", "webhook_url", "metadata"))
    for name in ("to", "from_number"):
        if name in sent:
            checks.phone(sent[name], name)
    for name in ("context", "metadata"):
        if not isinstance(sent.get(name, {}), dict):
            raise ApiError(400, f"{name} must be an object")
    for name in ("agent_id", "instructions", "webhook_url"):
        if not isinstance(sent.get(name, ""), str):
            raise ApiError(400, f"{name} must be a string")
    return sent


def _agent_exists(agent_id: str) -> None:
    if "missing" in agent_id:
        raise ApiError(404, f"agent {agent_id} not found")
    if not _is_uuid(agent_id):
        raise ApiError(400, "agent_id must be a uuid")


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _place(desk: RequestContext, sent: dict[str, Any], from_number: str, short: str) -> Call:
    broke = {"error_code": "insufficient_credits", "error_message": short} if short else {}
    if short:
        fate = Draw(Outcome.PRE_DIAL, 0, 0)
    else:
        (fate,) = dialed_again(desk.moment, desk.org.id, [sent["to"]], us_only=False)
    gone, rings = lapse(fate, RINGING, LONGEST), desk.now + RING_AFTER
    # This provider picks up at a fixed time; what the draw says about ringing is not used.
    talk = gone.end - gone.answer if gone.answer is not None else 0.0
    answer = None if gone.answer is None else desk.now + ANSWER_AFTER
    return Call(
        id=str(uuid4()),
        org=desk.org.id,
        provider="callingbox",
        agent_id=sent["agent_id"],
        number_id=from_number,
        version="2026-04",
        to_number=sent["to"],
        info=sent.get("metadata", {}),
        extra={name: sent[name] for name in ("instructions", "context", "webhook_url") if name in sent} | broke,
        created=desk.now,
        dispatch=rings,
        answer=answer,
        end=answer + talk if answer is not None else rings + gone.end,
        outcome=gone.outcome,
    )


def _short_of_funds(desk: RequestContext) -> str:
    """The documented refusal, or nothing when the balance carries one more hold."""
    balance = _balance_millicents(desk) / 100_000
    hold = HOLD_CENTS / 100
    if balance >= hold:
        return ""
    return (
        f"Calls paused. Your balance is ${balance:.2f} but each call requires a ${hold:.2f} hold (we release it"
        f" back if no one answers). Add ${hold - balance:.2f} or more in credits to keep calling."
    )


def _balance_millicents(desk: RequestContext) -> int:
    """What is left after charges and the holds of calls that are not over."""
    db, org = desk.moment.db, desk.org
    rows = db.execute("SELECT id, end FROM call WHERE org = ? AND settled = 0 AND provider = 'callingbox'", (org.id,))
    spent, held = org.spent_millicents, 0
    for identifier, end in rows.fetchall():
        call = calls.find(desk.moment, org.id, "callingbox", identifier) if end <= desk.now else None
        if call is None:
            held += HOLD_CENTS * 1000
            continue
        spent += views.charge(call)
        db.execute("UPDATE call SET settled = 1 WHERE id = ?", (identifier,))
    db.execute("UPDATE organisation SET spent_millicents = ? WHERE id = ?", (spent, org.id))
    return org.balance_cents * 1000 - spent - held


def list_calls(desk: RequestContext) -> ApiResponse:
    """All calls in a bare array, newest first; no parameter is documented."""
    found = calls.single(desk.moment, desk.org.id, "callingbox", desk.visible)
    return ApiResponse(200, [views.call(one, desk.now) for one in found])


def _the_call(desk: RequestContext) -> Call:
    identifier = desk.asked.path_values["id"]
    found = calls.find(desk.moment, desk.org.id, "callingbox", identifier)
    if found is None:
        raise ApiError(404, f"call {identifier} not found")
    return found


def get_call(desk: RequestContext) -> ApiResponse:
    return ApiResponse(200, views.call(_the_call(desk), desk.now))


def get_call_transcript(desk: RequestContext) -> ApiResponse:
    return ApiResponse(200, views.transcript(_the_call(desk), desk.now))


def list_agents(desk: RequestContext) -> ApiResponse:
    kind = desk.asked.query.get("type", "outbound")
    if kind not in ("inbound", "outbound"):
        raise ApiError(400, "type must be inbound or outbound")
    known = [*desk.used("callingbox_agent"), (DEFAULT_AGENT, _SEEN_FROM_BIRTH)]
    shown = [views.agent(agent_id, at, desk.org.name) for agent_id, at in dict(known).items()]
    return ApiResponse(200, {"data": shown if kind == "outbound" else []})


def get_agent(desk: RequestContext) -> ApiResponse:
    agent_id = desk.asked.path_values["id"]
    if not _is_uuid(agent_id):
        raise ApiError(404, f"agent {agent_id} not found")
    since = dict(desk.used("callingbox_agent")).get(agent_id, _SEEN_FROM_BIRTH)
    return ApiResponse(200, views.agent(agent_id, since, desk.org.name))


def list_numbers(desk: RequestContext) -> ApiResponse:
    known = dict([*desk.used("callingbox_number"), (views.PRIMARY_NUMBER, _SEEN_FROM_BIRTH)])
    agents = [agent_id for agent_id, _ in desk.used("callingbox_agent")]
    return ApiResponse(200, [views.number(e164, at, agents) for e164, at in known.items()])


OPERATIONS = (
    Operation("createCall", "POST", "/v1/calls", create_call),
    Operation("listCalls", "GET", "/v1/calls", list_calls),
    Operation("getCall", "GET", "/v1/calls/{id}", get_call),
    Operation("getCallTranscript", "GET", "/v1/calls/{id}/transcript", get_call_transcript),
    Operation("listAgents", "GET", "/v1/agents", list_agents),
    Operation("getAgent", "GET", "/v1/agents/{id}", get_agent),
    Operation("listNumbers", "GET", "/v1/numbers", list_numbers),
)
