"""Twilio's list of calls: filters that all must hold, and the address of the next page. Its order is not stated."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from declarative.sandbox import calls
from declarative.sandbox.calls import Call
from declarative.sandbox.request import ApiError, ApiResponse, RequestContext
from declarative.sandbox.twilio.calls import PROVIDER, account_of
from declarative.sandbox.twilio.views import call_json, call_status, started_at

LARGEST_PAGE, DEFAULT_PAGE = 1000, 50
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda day, wanted: day == wanted,
    "<": lambda day, wanted: day <= wanted,
    ">": lambda day, wanted: day >= wanted,
}
_TIMES = tuple(f"{name}{sign}" for name in ("StartTime", "EndTime") for sign in _COMPARE)
_FILTERS = ("To", "From", "Status", "ParentCallSid", *_TIMES)


def list_calls(context: RequestContext) -> ApiResponse:
    query = context.request.query
    if unknown := sorted(set(query) - {*_FILTERS, "PageSize", "Page", "PageToken"}):
        raise ApiError(400, f"{unknown[0]} is not a parameter of this list")
    size, number = _read_number(query, "PageSize", 1, DEFAULT_PAGE), _read_number(query, "Page", 0, 0)
    found = _find_calls(context)
    if context.knobs.shuffle:
        random.shuffle(found)
    start = _find_start(found, query.get("PageToken"))
    page = found[start : start + size]
    next_page = None
    if start + size < len(found):
        filters = {name: value for name, value in query.items() if name in _FILTERS}
        cursor = {"PageSize": str(size), "Page": str(number + 1), "PageToken": f"PA{page[-1].id}"}
        next_page = f"{context.request.path.removeprefix('/twilio')}?{urlencode(filters | cursor)}"
    body = {
        "calls": [call_json(call, context.now, account_of(context)) for call in page],
        "page": number,
        "page_size": size,
        "next_page_uri": next_page,
        "uri": context.request.path.removeprefix("/twilio"),
    }
    return ApiResponse(200, body)


def _read_number(query: Mapping[str, str], name: str, least: int, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:9]) <= max(LARGEST_PAGE, least):
        raise ApiError(400, f"{name} must be a number from {least} to {LARGEST_PAGE}")
    return int(text)


def _find_start(found: list[Call], token: str | None) -> int:
    if token is None:
        return 0
    for index, call in enumerate(found):
        if token == f"PA{call.id}":
            return index + 1
    raise ApiError(400, "PageToken is not known")


def _find_calls(context: RequestContext) -> list[Call]:
    hidden, listed = context.find_hidden_call(), context.moment
    return [
        call
        for call in calls.list_single_calls(listed, context.org.id, PROVIDER, context.visible)
        if call.rank != (hidden, 0) and call.created >= context.oldest and _is_match(context, call)
    ]


def _is_match(context: RequestContext, call: Call) -> bool:
    query = context.request.query
    texts = {"To": call.to_number, "From": call.number_id, "Status": call_status(call, context.now)}
    if any(query[name] != text for name, text in texts.items() if name in query) or "ParentCallSid" in query:
        return False
    start = started_at(call, context.now)
    end = call.end if start is not None and context.now >= call.end else None
    times = {"StartTime": start, "EndTime": end}
    return all(
        _is_in_time(time, query[f"{name}{sign}"], compare)
        for name, time in times.items()
        for sign, compare in _COMPARE.items()
        if f"{name}{sign}" in query
    )


def _is_in_time(seconds: float | None, wanted: str, compare: Callable[[str, str], bool]) -> bool:
    """Compare days. A call that has no such time is never found by it."""
    return seconds is not None and compare(datetime.fromtimestamp(seconds, UTC).date().isoformat(), wanted[:10])
