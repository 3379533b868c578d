"""What fault rules change in a request before it is carried out, and in its answer afterwards. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import partial
from typing import Any

import orjson

from declarative.sandbox.faults import FaultEffects
from declarative.sandbox.request import ApiRequest, ApiResponse, format_rfc3339

_LISTS = ("data", "recipients", "calls", "campaigns", "leads", "batch_calls", "items", "results")
_MEMBER_LISTS = ("recipients", "leads", "results")
_NAMED_LISTS = ("data", "campaigns", "batch_calls", "results")
_NAMES = ("name", "call_name")
_REQUEST_LISTS = ("recipients", "outbound_calls", "target_numbers", "tasks", "customers")
_COUNTS = ("total_calls_scheduled", "total_calls_dispatched", "total_calls_finished")
_CURSORS = (
    "starting_after",
    "ending_before",
    "cursor",
    "last_doc",
    "page[number]",
    "pagination_key",
    "page",
    "PageToken",
)
_NUMBERS = ("to_number", "to", "number", "phone_number", "telnyx_end_user_target")


def edit_request(request: ApiRequest, effects: FaultEffects) -> ApiRequest:
    """Leave out the last recipients and the cursor, as far as the rules say so."""
    if effects.repeat_page:
        query = {name: value for name, value in request.query.items() if name not in _CURSORS}
        request = replace(_edit_body(request, _without_cursor), query=query)
    return _edit_body(request, partial(_leave_out, count=effects.leave_out)) if effects.leave_out else request


def _edit_body(request: ApiRequest, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> ApiRequest:
    """Change a body that is a JSON object; any other stays, and so do the bytes of one that does not change."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return request
    if not isinstance(body, dict):
        return request
    edited = edit(body)
    return request if edited == body else replace(request, body=orjson.dumps(edited))


def _without_cursor(body: dict[str, Any]) -> dict[str, Any]:
    """Take the cursor out of a list that is asked for by POST."""
    return {name: value for name, value in body.items() if name not in _CURSORS}


def _leave_out(body: dict[str, Any], count: int) -> dict[str, Any]:
    """Take the last `count` recipients out of the body; one always stays."""
    lists = {name: body[name] for name in _REQUEST_LISTS if isinstance(body.get(name), list)}
    return body | {name: entries[: max(1, len(entries) - count)] for name, entries in lists.items()}


def edit_answer(response: ApiResponse, effects: FaultEffects) -> ApiResponse:
    """Change a successful JSON answer as the rules say. Patches come last."""
    if response.status >= 300 or isinstance(response.body, str):
        return response
    body = response.body
    for name in _MEMBER_LISTS:
        if effects.drop_members and name in body:
            body = body | {name: body[name][: -effects.drop_members]}
    body = _lie_in_answer(body, effects)
    if effects.edit_items is not None:
        body = _edit_items(body, effects.edit_items)
    if effects.as_data and isinstance(body, list):
        body = {"data": body}
    if effects.edit is not None:
        body = _merge_patch(body, effects.edit)
    return replace(response, body=body)


def _lie_in_answer(body: Any, effects: FaultEffects) -> Any:
    if effects.hide_members:
        body = _hide_members(body, effects.hide_members)
    if effects.cut_names is not None:
        body = _cut_names(body, effects.cut_names)
    if effects.number_forms or effects.created_shift:
        body = _rewrite(body, effects.number_forms or {}, effects.created_shift)
    return body


def _hide_members(body: Any, count: int) -> Any:
    """Leave the last `count` recipients out of a batch and of its counts, or of each batch in a page."""
    if isinstance(body, list):
        return [_hide_members(entry, count) for entry in body]
    if not isinstance(body, dict):
        return body
    if "total_calls_scheduled" not in body:
        return body | {"data": _hide_members(body["data"], count)} if "data" in body else body
    shown = max(0, body["total_calls_scheduled"] - count)
    fewer = body | {name: min(shown, body[name]) for name in _COUNTS}
    return fewer | {"recipients": body["recipients"][:shown]} if "recipients" in body else fewer


def _cut_names(body: Any, length: int) -> Any:
    if isinstance(body, list):
        return [_cut_name(entry, length) for entry in body]
    return body | {name: [_cut_name(entry, length) for entry in body[name]] for name in _NAMED_LISTS if name in body}


def _cut_name(entry: dict[str, Any], length: int) -> dict[str, Any]:
    names = {name: entry[name][:length] for name in _NAMES if isinstance(entry.get(name), str)}
    if length == 0:
        return {name: value for name, value in entry.items() if name not in names}
    return entry | names


def _rewrite(value: Any, forms: Mapping[str, str], shift: float, name: str = "") -> Any:
    """Rewrite phone numbers and times of creation at any depth."""
    if isinstance(value, list):
        return [_rewrite(entry, forms, shift, name) for entry in value]
    if isinstance(value, dict):
        return {key: _rewrite(entry, forms, shift, key) for key, entry in value.items()}
    if name == "created_at_unix" and isinstance(value, int):
        return int(value + shift)
    if not isinstance(value, str):
        return value
    if name in _NUMBERS:
        return _rewrite_number(value, forms)
    if name in ("created_at", "createdAt") and shift:
        return format_rfc3339(datetime.fromisoformat(value).timestamp() + shift)
    if name == "date_created" and shift:
        return formatdate(parsedate_to_datetime(value).timestamp() + shift)
    return value


def _rewrite_number(number: str, forms: Mapping[str, str]) -> str:
    for beginning, shown in forms.items():
        if number.startswith(beginning):
            return shown + number.removeprefix(beginning)
    return number


def _edit_items(body: Any, patch: Any) -> Any:
    if isinstance(body, list):
        return [_merge_patch(entry, patch) for entry in body]
    lists = {name: body[name] for name in _LISTS if name in body}
    return body | {name: [_merge_patch(entry, patch) for entry in value] for name, value in lists.items()}


def _merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge_patch(merged.get(name), value)
    return merged
