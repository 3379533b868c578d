"""Lists in pages, where an object's id is the cursor. A list is read to its very end, or the read fails.

Of a provider's fields, only those of the page are used here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.parse import dict_or_empty, text_or_none

PAGE_SIZE = 100
"""The largest page that is allowed; the default is not documented (cartesia.md 1.5)."""


def read_pages(client: HttpClient, path: str, params: Mapping[str, str]) -> Iterator[list[dict[str, Json]]]:
    """Yield every page, newest first.

    Raises ProviderError for a list that repeats itself, has an entry without id, or has a next page without a cursor.
    """
    # Protocol 12: an incomplete list must fail. Otherwise a batch that it does not show would look absent.
    seen_ids: set[str] = set()
    used_cursors: set[str] = set()
    cursor: str | None = None
    while True:
        cursor_params = {} if cursor is None else {"starting_after": cursor}
        page = dict_or_empty(client.get(path, {**params, "limit": str(PAGE_SIZE), **cursor_params}))
        entries = _page_entries(client, path, page)
        ids = [str(entry["id"]) for entry in entries]
        if ids and seen_ids.issuperset(ids):
            raise client.failure(path, "answered with the same page twice")
        seen_ids.update(ids)
        yield entries
        next_page = text_or_none(page.get("next_page"))
        if not _has_next_page(page, entries, next_page, used_cursors):
            return
        cursor = next_page or (ids[-1] if ids else None)
        if cursor is None or cursor in used_cursors:
            raise client.failure(path, "has a next page, but does not say which")
        used_cursors.add(cursor)


def _has_next_page(
    page: Mapping[str, Json], entries: list[dict[str, Json]], next_page: str | None, used_cursors: Collection[str]
) -> bool:
    """Tell whether a page follows. Where the answer contradicts itself or is silent, a page follows."""
    # Protocol 12: an unread `next_page` counts more than `has_more: false`. Without `has_more`, a full page is not the
    # last one.
    has_more = page.get("has_more")
    if has_more is False:
        return next_page is not None and next_page not in used_cursors
    return has_more is True or next_page is not None or len(entries) >= PAGE_SIZE


def _page_entries(client: HttpClient, path: str, page: Mapping[str, Json]) -> list[dict[str, Json]]:
    data = page.get("data")
    if not isinstance(data, list) or not all(text_or_none(dict_or_empty(entry).get("id")) for entry in data):
        raise client.failure(path, "answered with a list that cannot be read")
    return [dict_or_empty(entry) for entry in data]
