"""Cartesia's agents and phone numbers. Every well-formed id exists; lists show the ids used so far and one default."""

from __future__ import annotations

from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.pages import parse_page_size, slice_page
from declarative.sandbox.cartesia.requests import VARIABLES, require_agent, require_number, require_version
from declarative.sandbox.checks import require_choice
from declarative.sandbox.ids import derive_e164, number_type
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext, format_rfc3339

DEFAULT_AGENT, DEFAULT_NUMBER = "agent_SandboxSandboxSandbox1", "ap_SandboxSandboxSandbox1"
_BIRTH = 1_767_225_600.0
"""2026-01-01, the creation date of ids that were never used."""
_TYPES = frozenset({"twilio", "cartesia", "sip_trunk"})


def _list_first_uses(context: RequestContext, kind: str, default: str) -> list[tuple[str, float]]:
    first_uses = context.list_used(kind)
    return first_uses if default in dict(first_uses) else [*first_uses, (default, _BIRTH)]


def _require_agent_id(context: RequestContext) -> str:
    agent_id = context.request.path_values["agent_id"]
    require_agent(agent_id)
    return agent_id


def _first_use(context: RequestContext, kind: str, identifier: str) -> float:
    return dict(context.list_used(kind)).get(identifier, _BIRTH)


def list_agents(context: RequestContext) -> ApiResponse:
    require_version(context.request.headers)
    return ApiResponse(
        200,
        {
            "summaries": [
                views.agent_summary_json(*first_use) for first_use in _list_first_uses(context, "agent", DEFAULT_AGENT)
            ]
        },
    )


def get_agent(context: RequestContext) -> ApiResponse:
    require_version(context.request.headers)
    agent_id = _require_agent_id(context)
    return ApiResponse(200, views.agent_summary_json(agent_id, _first_use(context, "agent", agent_id)))


def list_agent_numbers(context: RequestContext) -> ApiResponse:
    """List numbers in the older form: a bare array without number ids."""
    require_version(context.request.headers)
    agent_id = _require_agent_id(context)
    created = format_rfc3339(_first_use(context, "agent", agent_id))
    number = {"agent_id": agent_id, "number": derive_e164(f"ap_of_{agent_id.removeprefix('agent_')}")}
    return ApiResponse(200, [number | {"created_at": created, "updated_at": created, "is_cartesia_managed": True}])


def _require_managed_version(context: RequestContext) -> None:
    if require_version(context.request.headers) != VARIABLES:
        raise ApiError(404, "managed agents need Cartesia-Version 2026-08-14")


def list_managed_agents(context: RequestContext) -> ApiResponse:
    _require_managed_version(context)
    limit = parse_page_size(context, ("q",))
    search = context.request.query.get("q", "").lower()
    agents = [views.managed_agent_json(*first_use) for first_use in _list_first_uses(context, "agent", DEFAULT_AGENT)]
    return ApiResponse(
        200, slice_page(context, [first_use for first_use in agents if search in first_use["name"].lower()], limit)
    )


def get_managed_agent(context: RequestContext) -> ApiResponse:
    _require_managed_version(context)
    agent_id = _require_agent_id(context)
    agent = views.managed_agent_json(agent_id, _first_use(context, "agent", agent_id))
    return ApiResponse(200, agent | {"config": {}, "version": {"id": agent.pop("version_id")}})


def list_phone_numbers(context: RequestContext) -> ApiResponse:
    require_version(context.request.headers)
    query = context.request.query
    limit = parse_page_size(context, ("agent_id", "provider_id", "type", "q"))
    kind = require_choice(query, "type", _TYPES) if "type" in query else None
    numbers = [
        views.phone_number_json(number_id, created)
        for number_id, created in _list_first_uses(context, "number", DEFAULT_NUMBER)
        if kind in (None, number_type(number_id)) and query.get("q", "") in derive_e164(number_id)
    ]
    # No number of the sandbox is attached to an agent for inbound calls.
    page = slice_page(context, [] if "agent_id" in query else numbers, limit)
    return ApiResponse(200, {"data": page["data"], "has_more": page["has_more"]})


def get_phone_number(context: RequestContext) -> ApiResponse:
    require_version(context.request.headers)
    number_id = context.request.path_values["id"]
    require_number(number_id)
    return ApiResponse(200, views.phone_number_json(number_id, _first_use(context, "number", number_id)))


AGENT_OPERATIONS = (
    Operation("listPhoneNumbers", "GET", "/agents/phone-numbers", list_phone_numbers),
    Operation("getPhoneNumber", "GET", "/agents/phone-numbers/{id}", get_phone_number),
    Operation("listAgents", "GET", "/agents", list_agents),
    Operation("getAgent", "GET", "/agents/{agent_id}", get_agent),
    Operation("listAgentPhoneNumbersLegacy", "GET", "/agents/{agent_id}/phone-numbers", list_agent_numbers),
    Operation("listManagedAgents", "GET", "/v1/agents", list_managed_agents),
    Operation("getManagedAgent", "GET", "/v1/agents/{agent_id}", get_managed_agent),
)
