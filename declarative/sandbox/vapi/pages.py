"""Vapi's lists: pages by number, which shift, or by cursor; filters by time; what retention hides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from math import ceil
from operator import ge, gt, le, lt
from typing import Any

from declarative.sandbox.checks import parse_instant, require_choice, require_fields
from declarative.sandbox.request import ApiError, RequestContext

TIME_FILTERS = tuple(f"{name}{end}" for name in ("createdAt", "updatedAt") for end in ("Gt", "Lt", "Ge", "Le"))
_COMPARE: dict[str, Callable[[float, float], bool]] = {"Gt": gt, "Lt": lt, "Ge": ge, "Le": le}
LARGEST = 1000


def filter_by_time(context: RequestContext, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries that pass `createdAtGe` and its like."""
    kept = list(entries)
    for name in TIME_FILTERS:
        if name in context.request.query:
            bound, compare = parse_instant(context.request.query[name], name), _COMPARE[name[-2:]]
            kept = [entry for entry in kept if compare(_seconds(entry[name[:-2]]), bound)]
    return kept


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def parse_whole(query: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    """Return a whole number of the query. Raises ApiError 400."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise ApiError(400, f"{name} must be an integer from {low} to {high}")
    return int(text)


def campaign_page(context: RequestContext, entries: Sequence[dict[str, Any]], *, hides_older: bool) -> dict[str, Any]:
    """Return one page of campaigns. A cursor names the last entry of the page before; a page number counts anew."""
    query = context.request.query
    order = require_choice(query, "sortOrder", ("ASC", "DESC")) if "sortOrder" in query else "DESC"
    ordered = list(entries) if order == "DESC" else list(entries)[::-1]
    page = _page(context, ordered, lowest=0, default=100)
    page["metadata"]["sortOrder"] = order
    if hides_older:
        page["metadata"]["itemsBeyondRetention"] = True
    return page


def contact_page(context: RequestContext, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one page of contacts, in the order of dialing, or by their status."""
    query = context.request.query
    require_fields(query, (), ("page", "limit", "sortBy", "status"))
    by_status = "sortBy" in query and require_choice(query, "sortBy", ("position", "status")) == "status"
    shown = [entry for entry in entries if query.get("status") in (None, entry["status"])]
    if by_status:
        shown.sort(key=lambda entry: entry["status"])
    return _page(context, shown, lowest=1, default=50)


def _page(context: RequestContext, entries: Sequence[dict[str, Any]], *, lowest: int, default: int) -> dict[str, Any]:
    query = context.request.query
    limit, number = (
        parse_whole(query, "limit", lowest, LARGEST, default),
        parse_whole(query, "page", 1, 10**6, 1),
    )
    start = (number - 1) * limit
    if "cursor" in query:
        start = _find_start(entries, query["cursor"])
    shown = list(entries[start : start + limit])
    has_next = start + limit < len(entries)
    metadata: dict[str, Any] = {
        "itemsPerPage": limit,
        "totalItems": len(entries),
        "currentPage": number,
        "totalPages": ceil(len(entries) / limit) if limit else 0,
        "hasNextPage": has_next,
    }
    if has_next and shown and lowest == 0:
        metadata["nextCursor"] = shown[-1]["id"]
    metadata |= {name: query[name] for name in ("createdAtGe", "createdAtLe") if name in query}
    return {"results": shown, "metadata": metadata}


def _find_start(entries: Sequence[dict[str, Any]], cursor: str) -> int:
    places = [index for index, entry in enumerate(entries) if entry["id"] == cursor]
    if not places:
        raise ApiError(400, "the cursor is of no entry of this list")
    return places[0] + 1


def require_query(context: RequestContext, names: Collection[str]) -> None:
    """Refuse what the list does not take."""
    require_fields(context.request.query, (), names)
