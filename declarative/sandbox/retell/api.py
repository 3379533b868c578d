"""Retell's operations, and its look-ups of agents, numbers and limits."""

from __future__ import annotations

from urllib.parse import unquote

from declarative.sandbox.ids import is_existing_id
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext
from declarative.sandbox.retell.calls import count_live, create_batch, create_call, get_call, stop_call
from declarative.sandbox.retell.pages import list_calls
from declarative.sandbox.retell.requests import has_number, refuse_with_422


def get_agent(context: RequestContext) -> ApiResponse:
    agent = context.request.path_values["agent_id"]
    if not is_existing_id(agent):
        raise ApiError(404, f"agent {agent} not found")
    return ApiResponse(200, {"agent_id": agent, "agent_name": f"Sandbox agent {agent[-6:]}", "version": 1})


def get_number(context: RequestContext) -> ApiResponse:
    number = unquote(context.request.path_values["phone_number"])
    if not has_number(number):
        raise ApiError(404, f"phone number {number} not found")
    return ApiResponse(200, {"phone_number": number, "outbound_agent_id": f"agent_of_{number[-4:]}"})


def get_concurrency(context: RequestContext) -> ApiResponse:
    limit = context.org.agent_call_limit
    return ApiResponse(200, {"current_concurrency": count_live(context), "concurrency_limit": limit})


OPERATIONS = tuple(
    operation._replace(handle=refuse_with_422(operation.handle))
    for operation in (
        Operation("createPhoneCall", "POST", "/v2/create-phone-call", create_call),
        Operation("getCall", "GET", "/v2/get-call/{call_id}", get_call),
        Operation("stopCall", "POST", "/v2/stop-call/{call_id}", stop_call),
        Operation("listCalls", "POST", "/v3/list-calls", list_calls),
        Operation("createBatchCall", "POST", "/create-batch-call", create_batch),
        Operation("getAgent", "GET", "/get-agent/{agent_id}", get_agent),
        Operation("getPhoneNumber", "GET", "/get-phone-number/{phone_number}", get_number),
        Operation("getConcurrency", "GET", "/get-concurrency", get_concurrency),
    )
)
