"""ElevenLabs' paging: `page_size` and an opaque `cursor`; of batch calling `limit` and `last_doc`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from declarative.sandbox.checks import require_fields
from declarative.sandbox.request import ApiError, RequestContext

LARGEST, DEFAULT = 100, 30
"""Entries of a page. Neither figure is stated by the vendor."""


def page_json(
    context: RequestContext, name: str, entries: Sequence[dict[str, Any]], id_field: str, filters: Collection[str] = ()
) -> dict[str, Any]:
    """Return one page of entries in their order. The cursor names the last entry of the page before."""
    query = context.request.query
    require_fields(query, (), ("page_size", "cursor", *filters))
    size = parse_size(query.get("page_size", str(DEFAULT)), "page_size")
    page, is_last = _slice(entries, id_field, query.get("cursor"), size)
    return {name: page, "next_cursor": None if is_last else page[-1][id_field], "has_more": not is_last}


def batch_page_json(context: RequestContext, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one page of batches, in their order."""
    query = context.request.query
    require_fields(query, (), ("limit", "last_doc", "agent_id"))
    page, is_last = _slice(entries, "id", query.get("last_doc"), parse_size(query.get("limit", "100"), "limit"))
    return {"batch_calls": page, "next_doc": None if is_last else page[-1]["id"], "has_more": not is_last}


def parse_size(text: str, name: str) -> int:
    """Return the size of a page. Raises ApiError 400."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST):
        raise ApiError(400, f"{name} must be an integer from 1 to {LARGEST}")
    return int(text)


def _slice(
    entries: Sequence[dict[str, Any]], id_field: str, cursor: str | None, size: int
) -> tuple[list[dict[str, Any]], bool]:
    start = 0
    if cursor is not None:
        places = [index for index, entry in enumerate(entries) if entry[id_field] == cursor]
        if not places:
            raise ApiError(400, "the cursor is of no entry of this list")
        start = places[0] + 1
    return list(entries[start : start + size]), start + size >= len(entries)
