"""Cartesia's paging by object id: `starting_after`, `ending_before`, `limit`, and the page object."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from declarative.sandbox.request import ApiError, RequestContext

_PAGING = ("starting_after", "ending_before", "limit")
_SIZES = {str(size): size for size in range(1, 101)}
DEFAULT = "10"  # stated for some lists, assumed for calls and batches: cartesia.md 1.5


class Cursor(NamedTuple):
    name: str
    id: str

    @property
    def backwards(self) -> bool:
        return self.name == "ending_before"


def page_size(desk: RequestContext, filters: Collection[str]) -> int:
    """The `limit` of a list request, after refusing query parameters that the route does not have."""
    query = desk.asked.query
    unknown = sorted(set(query) - set(_PAGING) - set(filters))
    if unknown:
        raise ApiError(400, f"{unknown[0]} is not a parameter of this request")
    size = _SIZES.get(query.get("limit", DEFAULT))
    if size is None:
        raise ApiError(400, "limit must be an integer from 1 to 100")
    return size


def cursor(desk: RequestContext) -> Cursor | None:
    given = [Cursor(name, desk.asked.query[name]) for name in _PAGING[:2] if name in desk.asked.query]
    if len(given) > 1:
        raise ApiError(400, "starting_after and ending_before exclude each other")
    return given[0] if given else None


def page_of(shown: list[dict[str, Any]], limit: int, *, backwards: bool) -> dict[str, Any]:
    """A page, newest first, of up to `limit` out of `limit` + 1 things looked up."""
    more = len(shown) > limit
    data = shown[-limit:] if backwards else shown[:limit]
    edge = data[0 if backwards else -1]["id"] if more else None
    return {"data": data, "has_more": more, "next_page": edge}


def sliced(desk: RequestContext, shown: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A page of a short list that is wholly at hand."""
    place = cursor(desk)
    if place is None:
        return page_of(shown[: limit + 1], limit, backwards=False)
    at = next((index for index, one in enumerate(shown) if one["id"] == place.id), None)
    if at is None:
        raise ApiError(400, f"{place.name} names nothing in this list")
    if place.backwards:
        return page_of(shown[max(0, at - limit - 1) : at], limit, backwards=True)
    return page_of(shown[at + 1 : at + limit + 2], limit, backwards=False)
