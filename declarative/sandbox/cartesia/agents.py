"""Cartesia's agents and phone numbers: every well-formed id exists, lists show those named so far and one default."""

from __future__ import annotations

from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.pages import page_size, sliced
from declarative.sandbox.cartesia.requests import VARIABLES, agent_exists, number_exists, version
from declarative.sandbox.checks import one_of
from declarative.sandbox.ids import e164_of, number_type
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext, stamp

DEFAULT_AGENT, DEFAULT_NUMBER = "agent_SandboxSandboxSandbox1", "ap_SandboxSandboxSandbox1"
_BIRTH = 1_767_225_600.0
_TYPES = frozenset({"twilio", "cartesia", "sip_trunk"})


def _known(desk: RequestContext, kind: str, default: str) -> list[tuple[str, float]]:
    known = desk.used(kind)
    return known if default in dict(known) else [*known, (default, _BIRTH)]


def _agent_id(desk: RequestContext) -> str:
    agent_id = desk.asked.path_values["agent_id"]
    agent_exists(agent_id)
    return agent_id


def _since(desk: RequestContext, kind: str, identifier: str) -> float:
    return dict(desk.used(kind)).get(identifier, _BIRTH)


def list_agents(desk: RequestContext) -> ApiResponse:
    version(desk.asked.headers)
    return ApiResponse(200, {"summaries": [views.agent(*one) for one in _known(desk, "agent", DEFAULT_AGENT)]})


def get_agent(desk: RequestContext) -> ApiResponse:
    version(desk.asked.headers)
    agent_id = _agent_id(desk)
    return ApiResponse(200, views.agent(agent_id, _since(desk, "agent", agent_id)))


def list_agent_numbers(desk: RequestContext) -> ApiResponse:
    """The older surface: a bare array that gives no number id."""
    version(desk.asked.headers)
    agent_id = _agent_id(desk)
    at = stamp(_since(desk, "agent", agent_id))
    shown = {"agent_id": agent_id, "number": e164_of(f"ap_of_{agent_id.removeprefix('agent_')}")}
    return ApiResponse(200, [shown | {"created_at": at, "updated_at": at, "is_cartesia_managed": True}])


def _managed(desk: RequestContext) -> None:
    if version(desk.asked.headers) != VARIABLES:
        raise ApiError(404, "managed agents need Cartesia-Version 2026-08-14")


def list_managed_agents(desk: RequestContext) -> ApiResponse:
    _managed(desk)
    limit = page_size(desk, ("q",))
    wanted = desk.asked.query.get("q", "").lower()
    shown = [views.managed_agent(*one) for one in _known(desk, "agent", DEFAULT_AGENT)]
    return ApiResponse(200, sliced(desk, [one for one in shown if wanted in one["name"].lower()], limit))


def get_managed_agent(desk: RequestContext) -> ApiResponse:
    _managed(desk)
    agent_id = _agent_id(desk)
    shown = views.managed_agent(agent_id, _since(desk, "agent", agent_id))
    return ApiResponse(200, shown | {"config": {}, "version": {"id": shown.pop("version_id")}})


def list_phone_numbers(desk: RequestContext) -> ApiResponse:
    version(desk.asked.headers)
    query = desk.asked.query
    limit = page_size(desk, ("agent_id", "provider_id", "type", "q"))
    kind = one_of(query, "type", _TYPES) if "type" in query else None
    shown = [
        views.number(number_id, at)
        for number_id, at in _known(desk, "number", DEFAULT_NUMBER)
        if kind in (None, number_type(number_id)) and query.get("q", "") in e164_of(number_id)
    ]
    # No number of the sandbox answers for an agent.
    page = sliced(desk, [] if "agent_id" in query else shown, limit)
    return ApiResponse(200, {"data": page["data"], "has_more": page["has_more"]})


def get_phone_number(desk: RequestContext) -> ApiResponse:
    version(desk.asked.headers)
    number_id = desk.asked.path_values["id"]
    number_exists(number_id)
    return ApiResponse(200, views.number(number_id, _since(desk, "number", number_id)))


AGENT_OPERATIONS = (
    Operation("listPhoneNumbers", "GET", "/agents/phone-numbers", list_phone_numbers),
    Operation("getPhoneNumber", "GET", "/agents/phone-numbers/{id}", get_phone_number),
    Operation("listAgents", "GET", "/agents", list_agents),
    Operation("getAgent", "GET", "/agents/{agent_id}", get_agent),
    Operation("listAgentPhoneNumbersLegacy", "GET", "/agents/{agent_id}/phone-numbers", list_agent_numbers),
    Operation("listManagedAgents", "GET", "/v1/agents", list_managed_agents),
    Operation("getManagedAgent", "GET", "/v1/agents/{agent_id}", get_managed_agent),
)
