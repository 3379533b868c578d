"""Telnyx' operations: scheduled events of AI assistants, and look-ups. Its key, its error forms, its answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from declarative.sandbox import checks, events
from declarative.sandbox.events import Event
from declarative.sandbox.idempotency import KeyRule, find_kept, keep_answer
from declarative.sandbox.ids import is_existing_id
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, Operation, RequestContext
from declarative.sandbox.telnyx.views import event_json

KEYS = KeyRule(life=86_400.0, conflict=422)
LARGEST_PAGE, DEFAULT_PAGE = 100, 20
"""Entries of a page. Neither figure is stated by the vendor."""
MAX_RETRIES, SHORTEST_PAUSE, LONGEST_PAUSE = 10, 60, 86_400
REGIONS = frozenset({"US", "Europe", "Canada", "Australia", "Middle East"})
DEFAULT_ASSISTANT = "assistant-sandbox"
PREFIX = "/v2"
"""Part of the vendor's base URL."""
_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}", re.ASCII)
_NUMBER = "+12025550100"
_REQUIRED = (
    "telnyx_conversation_channel",
    "telnyx_agent_target",
    "telnyx_end_user_target",
    "scheduled_at_fixed_datetime",
)
_OPTIONAL = (
    "conversation_metadata",
    "dynamic_variables",
    "max_retries_client_errors",
    "retry_interval_secs",
    "call_settings",
)


def api_key(request: ApiRequest) -> str:
    """Return the key of `Authorization: Bearer`. Raises ApiError 401."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip()
    if scheme.lower() != "bearer" or not key or "revoked" in key:
        raise ApiError(401, "the API key is missing or invalid")
    return key


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error: `detail` for a body that is wrong, as the AI service does, else the `errors` of this API."""
    if api_error.status == 422 and api_error.title != "idempotency":
        return ApiResponse(422, {"detail": [{"loc": ["body"], "msg": api_error.message, "type": "value_error"}]})
    error = {"code": str(10_000 + api_error.status), "title": api_error.message, "detail": api_error.message}
    return ApiResponse(api_error.status, {"errors": [error]})


def _refuse_with_422(handle: Callable[[RequestContext], ApiResponse]) -> Callable[[RequestContext], ApiResponse]:
    def handle_validated(context: RequestContext) -> ApiResponse:
        try:
            return handle(context)
        except ApiError as api_error:
            if api_error.status != 400 or api_error.title == "past":
                raise
            raise ApiError(422, api_error.message) from None

    return handle_validated


def create_event(context: RequestContext) -> ApiResponse:
    """Create an event, or replay the answer to an earlier request under the same key, assistant and body."""
    assistant, key = _require_assistant(context), context.request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise ApiError(400, "Idempotency-Key has characters that are not allowed")
    scope = f"{events.PROVIDER} {assistant}"
    kept = find_kept(context, scope, key, KEYS) if key is not None else None
    if kept is not None:
        return ApiResponse(201, kept)
    body = _validate_body(context)
    due = checks.parse_instant(body["scheduled_at_fixed_datetime"], "scheduled_at_fixed_datetime")
    if due <= context.now and context.knobs.past == "refuse":
        raise ApiError(400, "scheduled_at_fixed_datetime must be in the future", title="past")
    context.record_use("telnyx_assistant", assistant)
    event = events.create_event(context.moment, context.org.id, assistant, body, due)
    response = ApiResponse(201, event_json(event, context.now))
    if key is not None:
        keep_answer(context, scope, key, response)
    return response


def _require_assistant(context: RequestContext) -> str:
    assistant = context.request.path_values["assistant_id"]
    if not is_existing_id(assistant):
        raise ApiError(404, f"assistant {assistant} not found")
    return assistant


def _validate_body(context: RequestContext) -> dict[str, Any]:
    body = context.parse_body()
    checks.require_fields(body, _REQUIRED, _OPTIONAL)
    checks.require_choice(body, "telnyx_conversation_channel", ("phone_call",))
    checks.require_text(body, "telnyx_agent_target")
    checks.require_phone(body["telnyx_end_user_target"], "telnyx_end_user_target")
    for name, kinds in (("conversation_metadata", (str, int, bool)), ("dynamic_variables", (str,))):
        entries = body.get(name, {})
        if not isinstance(entries, dict) or not all(isinstance(value, kinds) for value in entries.values()):
            raise ApiError(400, f"{name} must be an object of plain values")
    retries = checks.require_integer(body, "max_retries_client_errors", 0, MAX_RETRIES, 0)
    if retries and "retry_interval_secs" not in body:
        raise ApiError(400, "retry_interval_secs is required with max_retries_client_errors")
    checks.require_integer(body, "retry_interval_secs", SHORTEST_PAUSE, LONGEST_PAUSE, SHORTEST_PAUSE)
    settings = body.get("call_settings", {})
    if not isinstance(settings, dict):
        raise ApiError(400, "call_settings must be an object")
    checks.require_fields(settings, (), ("sip_region",), "call_settings.")
    if "sip_region" in settings:
        checks.require_choice(settings, "sip_region", REGIONS)
    return body


def list_events(context: RequestContext) -> ApiResponse:
    """List an assistant's events by offset, in an order that says nothing about their age."""
    query = context.request.query
    checks.require_fields(query, (), ("conversation_channel", "from_date", "to_date", "page[number]", "page[size]"))
    number = _parse_number(query.get("page[number]", "1"), "page[number]", 1_000_000)
    size = _parse_number(query.get("page[size]", str(DEFAULT_PAGE)), "page[size]", LARGEST_PAGE)
    shown = _shown_events(context)
    pages = max(1, -(-len(shown) // size))
    page = shown[(number - 1) * size : number * size]
    return ApiResponse(
        200,
        {
            "data": [event_json(event, context.now) for event in page],
            "meta": {"page_number": number, "page_size": size, "total_pages": pages, "total_results": len(shown)},
        },
    )


def _shown_events(context: RequestContext) -> list[Event]:
    moment, org, query = context.moment, context.org.id, context.request.query
    assistant, hidden = _require_assistant(context), context.knobs.hide
    found = events.list_events(moment, org, assistant, context.oldest, context.visible)
    found = [event for index, event in enumerate(found, 1) if index != hidden]
    # Which time the dates filter is not stated: telnyx.md 7, row 3.
    if "from_date" in query:
        found = [event for event in found if event.due >= checks.parse_instant(query["from_date"], "from_date")]
    if "to_date" in query:
        found = [event for event in found if event.due <= checks.parse_instant(query["to_date"], "to_date")]
    salt = f"{context.now}{query.get('page[number]')}" if context.knobs.shuffle else ""
    return sorted(found, key=lambda event: blake2b(f"{salt}{event.id}".encode(), digest_size=8).digest())


def _parse_number(text: str, name: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= highest):
        raise ApiError(400, f"{name} must be an integer from 1 to {highest}")
    return int(text)


def _require_event(context: RequestContext) -> Event:
    values = context.request.path_values
    event = events.find_event(context.moment, context.org.id, values["assistant_id"], values["event_id"])
    if event is None:
        raise ApiError(404, f"scheduled event {values['event_id']} not found")
    return event


def get_event(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, event_json(_require_event(context), context.now))


def delete_event(context: RequestContext) -> ApiResponse:
    """Delete an event. The answer does not tell whether it was still pending."""
    events.remove_event(context.moment, _require_event(context))
    return ApiResponse(204, None)


def list_assistants(context: RequestContext) -> ApiResponse:
    """List the assistants used so far and one default, all in one answer."""
    used = [assistant for assistant, at in context.list_used("telnyx_assistant") if at <= context.visible]
    return ApiResponse(200, {"data": [_assistant_json(one) for one in dict.fromkeys([*used, DEFAULT_ASSISTANT])]})


def get_assistant(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, _assistant_json(_require_assistant(context)))


def _assistant_json(assistant: str) -> dict[str, Any]:
    return {"id": assistant, "name": f"Sandbox assistant {assistant[-6:]}"}


def list_numbers(context: RequestContext) -> ApiResponse:
    """List the account's one number, or none for another `filter[phone_number]`."""
    query = context.request.query
    checks.require_fields(query, (), ("filter[phone_number]", "page[number]", "page[size]"))
    number = query.get("filter[phone_number]", _NUMBER)
    is_known = "5550" in number
    data = [{"id": f"num-{number[-4:]}", "phone_number": number, "status": "active"}] if is_known else []
    return ApiResponse(200, {"data": data, "meta": {"page_number": 1, "total_pages": 1, "total_results": len(data)}})


_EVENTS = "/ai/assistants/{assistant_id}/scheduled_events"
OPERATIONS = tuple(
    operation._replace(handle=_refuse_with_422(operation.handle))
    for operation in (
        Operation("createScheduledEvent", "POST", _EVENTS, create_event),
        Operation("listScheduledEvents", "GET", _EVENTS, list_events),
        Operation("getScheduledEvent", "GET", f"{_EVENTS}/{{event_id}}", get_event),
        Operation("deleteScheduledEvent", "DELETE", f"{_EVENTS}/{{event_id}}", delete_event),
        Operation("listAssistants", "GET", "/ai/assistants", list_assistants),
        Operation("getAssistant", "GET", "/ai/assistants/{assistant_id}", get_assistant),
        Operation("listPhoneNumbers", "GET", "/phone_numbers", list_numbers),
    )
)
