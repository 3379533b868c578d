"""Retell's list of calls: asked for by POST, with filters that all must hold, and the key of the next page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from declarative.sandbox import calls, checks
from declarative.sandbox.calls import Call
from declarative.sandbox.request import ApiError, ApiResponse, RequestContext
from declarative.sandbox.retell.calls import PROVIDER
from declarative.sandbox.retell.views import call_json, call_status, started_at

LARGEST_PAGE, DEFAULT_PAGE = 1000, 50
"""Entries of a page. Neither figure is stated by the vendor."""
_TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda text, value: text == value,
    "ne": lambda text, value: text != value,
    "sw": str.startswith,
    "ew": str.endswith,
    "co": lambda text, value: value in text,
}
_TEXT_FILTERS = ("to_number", "from_number", "batch_call_id", "call_id")
_FILTERS = (*_TEXT_FILTERS, "metadata", "call_status", "start_timestamp", "agent", "direction")
_STATUSES = ("not_connected", "ongoing", "ended", "error")
"""`registered` is not among them."""


def list_calls(context: RequestContext) -> ApiResponse:
    body = context.parse_body()
    checks.require_fields(
        body, (), ("filter_criteria", "sort_order", "limit", "pagination_key", "skip", "include_total")
    )
    limit = checks.require_integer(body, "limit", 1, LARGEST_PAGE, DEFAULT_PAGE)
    skip = checks.require_integer(body, "skip", 0, 1_000_000, 0)
    if "sort_order" in body:
        checks.require_choice(body, "sort_order", ("ascending", "descending"))
    found = _find_calls(context, body.get("filter_criteria", {}))
    if body.get("sort_order") == "ascending":
        found.reverse()
    total, start = len(found), skip + _find_start(found, body.get("pagination_key"))
    page = found[start : start + limit]
    answer: dict[str, Any] = {
        "items": [call_json(call, context.now) for call in page],
        "has_more": start + limit < total,
    }
    if answer["has_more"]:
        answer["pagination_key"] = page[-1].id
    return ApiResponse(200, answer | ({"total": total} if body.get("include_total") is True else {}))


def _find_start(found: list[Call], key: Any) -> int:
    if key is None:
        return 0
    for index, call in enumerate(found):
        if call.id == key:
            return index + 1
    raise ApiError(400, "pagination_key is not known")


def _find_calls(context: RequestContext, criteria: Any) -> list[Call]:
    """Return what matches, the latest start first. Where a call without a start stands is not stated."""
    if not isinstance(criteria, dict):
        raise ApiError(400, "filter_criteria must be an object")
    checks.require_fields(criteria, (), _FILTERS, "filter_criteria.")
    hidden = context.find_hidden_call()
    listed = [
        call
        for call in calls.list_single_calls(context.moment, context.org.id, PROVIDER, context.visible)
        if call.rank != (hidden, 0) and call.created >= context.oldest and _is_match(context, call, criteria)
    ]
    begun = [call for call in listed if started_at(call, context.now) is not None]
    begun.sort(key=lambda call: (started_at(call, context.now), call.rank), reverse=True)
    waiting = [call for call in listed if started_at(call, context.now) is None]
    return {"absent": begun, "first": waiting + begun, "last": begun + waiting}[context.knobs.unstarted]


def _is_match(context: RequestContext, call: Call, criteria: Mapping[str, Any]) -> bool:
    texts = {"to_number": call.to_number, "from_number": call.number_id, "call_id": call.id}
    texts["batch_call_id"] = call.extra.get("batch_call_id") or ""
    if not all(_matches_text(criteria[name], texts[name]) for name in _TEXT_FILTERS if name in criteria):
        return False
    marks = criteria.get("metadata", [])
    if not isinstance(marks, list):
        raise ApiError(400, "filter_criteria.metadata must be a list")
    if marks and context.knobs.blind_search:
        return False
    if not all(_matches_text(entry, _metadata_text(call, entry)) for entry in marks):
        return False
    if not _matches_agent(criteria.get("agent", []), call.agent_id):
        return False
    status, start = call_status(call, context.now), started_at(call, context.now)
    is_in = _matches_words(criteria.get("call_status"), status, _STATUSES)
    is_outbound = _matches_words(criteria.get("direction"), "outbound", ("inbound", "outbound"))
    return is_in and is_outbound and _matches_start(criteria.get("start_timestamp"), start)


def _metadata_text(call: Call, entry: Any) -> str | None:
    value = (call.info or {}).get(entry.get("key")) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else None


def _matches_text(test: Any, text: str | None) -> bool:
    if not isinstance(test, dict) or test.get("type") != "string" or not isinstance(test.get("value"), str):
        raise ApiError(400, "a filter needs type string, op and value")
    if test.get("op") not in _TEXT_TESTS:
        raise ApiError(400, f"op must be one of {', '.join(_TEXT_TESTS)}")
    return text is not None and _TEXT_TESTS[test["op"]](text, test["value"])


def _matches_words(test: Any, word: str, allowed: Collection[str]) -> bool:
    if test is None:
        return True
    values = test.get("value") if isinstance(test, dict) and test.get("op") == "in" else None
    if not isinstance(values, list) or not all(value in allowed for value in values):
        raise ApiError(400, f"a filter needs type enum, op in, and values of {', '.join(allowed)}")
    return word in values


def _matches_agent(agents: Any, agent_id: str) -> bool:
    if not isinstance(agents, list) or not all(isinstance(agent, dict) for agent in agents):
        raise ApiError(400, "filter_criteria.agent must be a list of objects")
    return not agents or agent_id in [agent.get("agent_id") for agent in agents]


def _matches_start(test: Any, start: float | None) -> bool:
    if test is None:
        return True
    value, op = (test.get("value"), test.get("op")) if isinstance(test, dict) else (None, None)
    bounds: list[Any] = value if op == "bt" and isinstance(value, list) and len(value) == 2 else [value] * 2
    if op not in ("ge", "le", "bt") or not all(isinstance(bound, int | float) for bound in bounds):
        raise ApiError(400, "start_timestamp needs op ge, le or bt, and times in milliseconds")
    at = None if start is None else start * 1000
    return at is not None and (op == "le" or at >= bounds[0]) and (op == "ge" or at <= bounds[1])
