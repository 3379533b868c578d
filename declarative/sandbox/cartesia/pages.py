"""Cartesia's paging by object id: `starting_after`, `ending_before`, `limit`, and the page object."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from declarative.sandbox.request import ApiError, RequestContext

_PAGING = ("starting_after", "ending_before", "limit")
_SIZES = {str(size): size for size in range(1, 101)}
DEFAULT = "10"  # stated for some lists, assumed for calls and batches: cartesia.md 1.5


class Cursor(NamedTuple):
    """Where a page begins."""

    name: str
    """`starting_after` or `ending_before`."""
    id: str
    """Id of the item next to the page."""

    @property
    def backwards(self) -> bool:
        return self.name == "ending_before"


def parse_page_size(context: RequestContext, filters: Collection[str]) -> int:
    """Return the `limit` of a list request. Raises ApiError 400, also for parameters that the route does not have."""
    query = context.request.query
    unknown = sorted(set(query) - set(_PAGING) - set(filters))
    if unknown:
        raise ApiError(400, f"{unknown[0]} is not a parameter of this request")
    size = _SIZES.get(query.get("limit", DEFAULT))
    if size is None:
        raise ApiError(400, "limit must be an integer from 1 to 100")
    return size


def parse_cursor(context: RequestContext) -> Cursor | None:
    cursors = [Cursor(name, context.request.query[name]) for name in _PAGING[:2] if name in context.request.query]
    if len(cursors) > 1:
        raise ApiError(400, "starting_after and ending_before exclude each other")
    return cursors[0] if cursors else None


def make_page(entries: list[dict[str, Any]], limit: int, *, backwards: bool) -> dict[str, Any]:
    """Make a page of up to `limit` entries, newest first, out of the `limit` + 1 that were read."""
    has_more = len(entries) > limit
    data = entries[-limit:] if backwards else entries[:limit]
    next_page = data[0 if backwards else -1]["id"] if has_more else None
    return {"data": data, "has_more": has_more, "next_page": next_page}


def slice_page(context: RequestContext, entries: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Make a page of a short list that was read in full."""
    cursor = parse_cursor(context)
    if cursor is None:
        return make_page(entries[: limit + 1], limit, backwards=False)
    position = next((index for index, entry in enumerate(entries) if entry["id"] == cursor.id), None)
    if position is None:
        raise ApiError(400, f"{cursor.name} is not the id of an entry of this list")
    if cursor.backwards:
        return make_page(entries[max(0, position - limit - 1) : position], limit, backwards=True)
    return make_page(entries[position + 1 : position + limit + 2], limit, backwards=False)
