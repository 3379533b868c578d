"""CallingBox's paging by the id of a call: `limit`, `starting_after`, `ending_before`, and the page object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from declarative.sandbox import calls
from declarative.sandbox.callingbox import views
from declarative.sandbox.calls import Call
from declarative.sandbox.request import ApiError, RequestContext

_SIZES = {str(size): size for size in range(1, 101)}
DEFAULT = "20"
"""Page size of a request that names none. The provider's is not known: callingbox.md 2.5."""


def list_page(context: RequestContext) -> dict[str, Any]:
    """Return one page of calls, newest first. Raises ApiError 400."""
    limit = _SIZES.get(context.request.query.get("limit", DEFAULT))
    if limit is None:
        raise ApiError(400, "limit must be an integer from 1 to 100")
    after, before = (_find_cursor(context, name) for name in ("starting_after", "ending_before"))
    newest = iterate_calls(context, context.visible if after is None else min(after.created, context.visible))
    if after is not None:
        page = list(islice((call for call in newest if call.order < after.order), limit + 1))
    elif before is not None:
        newer = list(takewhile(lambda call: call.order > before.order, newest))
        return _page_json(context, newer[-limit:], has_more=len(newer) > limit)
    else:
        page = list(islice(newest, limit + 1))
    return _page_json(context, page[:limit], has_more=len(page) > limit)


def iterate_calls(context: RequestContext, until: float) -> Iterator[Call]:
    """Iterate over the calls that the list shows, newest first: those recorded by `until`."""
    hidden, oldest = context.find_hidden_call(), _find_oldest(context)
    for call in calls.list_single_calls(context.moment, context.org.id, "callingbox", until):
        if oldest is not None and call.order < oldest:
            return
        if call.rank != (hidden, 0):
            yield call


def _find_oldest(context: RequestContext) -> tuple[float, tuple[int, int]] | None:
    """Return the order of the oldest call that a capped list shows; None without a cap."""
    cap = context.knobs.cap
    if cap is None:
        return None
    newest = calls.list_single_calls(context.moment, context.org.id, "callingbox", context.visible)
    return min((call.order for call in islice(newest, cap)), default=(float("inf"), (0, 0)))


def _find_cursor(context: RequestContext, name: str) -> Call | None:
    identifier = context.request.query.get(name)
    if identifier is None:
        return None
    call = calls.find_call(context.moment, context.org.id, "callingbox", identifier)
    if call is None:
        raise ApiError(400, f"{name} is not the id of a call")
    return call


def _page_json(context: RequestContext, page: Iterable[Call], *, has_more: bool) -> dict[str, Any]:
    return {"data": [views.call_json(call, context.now) for call in page], "has_more": has_more}
