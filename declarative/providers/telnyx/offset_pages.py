"""Lists by page number. Such pages shift while something is added or deleted, so a list is believed only where two
readings agree."""

from __future__ import annotations

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import read_entries
from declarative.providers.http.parse import count_or_none, dict_or_empty

PAGE_SIZE = 100
"""Entries to ask for. The greatest page is not stated (telnyx.md 2.4)."""
READINGS = 5
"""How often a list that changes is read at most."""
MAX_PAGES = 10_000
"""A list of a million entries. One that goes on is taken for endless."""


def read_offset_pages(client: HttpClient, path: str, *, entry_id: str = "id") -> list[dict[str, Json]]:
    """Return all entries of a list. Raises ProviderError for one that cannot be read, or never stands still."""
    previous: dict[str, dict[str, Json]] | None = None
    for _ in range(READINGS):
        entries, page_count = _read_once(client, path, entry_id)
        # Protocol 12: one page is one look. Between two pages an entry may move to a page that was read before.
        if entries is not None and (page_count <= 1 or (previous is not None and entries.keys() == previous.keys())):
            return list(entries.values())
        previous = entries
    raise client.failure(path, "changes while it is read", hint="run again in a moment")


def _read_once(client: HttpClient, path: str, entry_id: str) -> tuple[dict[str, dict[str, Json]] | None, int]:
    """Return the entries by id, and the number of pages. No entries where one came twice, or where there are not as
    many as the list says."""
    entries: dict[str, dict[str, Json]] = {}
    count, number, total, stated = 0, 0, 1, None
    while number < total:
        number += 1
        answer = dict_or_empty(client.get(path, {"page[number]": str(number), "page[size]": str(PAGE_SIZE)}))
        data, meta = read_entries(client, path, answer.get("data"), entry_id), dict_or_empty(answer.get("meta"))
        page_total = count_or_none(meta.get("total_pages"))
        if page_total is None or page_total > MAX_PAGES:
            raise client.failure(path, "does not say how many pages it has")
        count, total, stated = count + len(data), max(page_total, 1), count_or_none(meta.get("total_results"))
        entries |= {str(entry[entry_id]): entry for entry in data}
    is_whole = len(entries) == count and stated in (None, count)
    return (entries if is_whole else None), number
