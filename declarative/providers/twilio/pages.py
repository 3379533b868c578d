"""Twilio's lists: each page names the next one by its address. A list is read to its very end, or the read fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import read_entries
from declarative.providers.http.parse import dict_or_empty, text_or_none

PAGE_SIZE = 1000  # twilio.md 2.2
MAX_PAGES = 10_000
"""A list of ten million entries. One that goes on is taken for endless."""


def read_pages(
    client: HttpClient, path: str, params: Mapping[str, str], entries_field: str
) -> Iterator[list[dict[str, Json]]]:
    """Yield every page, each entry once. Raises ProviderError for a list that cannot be read to its end."""
    # Protocol 12: an incomplete list must fail.
    query, seen, used = {**params, "PageSize": str(PAGE_SIZE)}, set[str](), set[str]()
    for _ in range(MAX_PAGES):
        page = dict_or_empty(client.get(path, query))
        found = read_entries(client, path, page.get(entries_field), "sid")
        fresh = {str(entry["sid"]): entry for entry in found if entry["sid"] not in seen}
        seen.update(fresh)
        yield list(fresh.values())
        next_page = text_or_none(page.get("next_page_uri"))
        if next_page is None:
            return
        if next_page in used or (found and not fresh):
            raise client.failure(path, "answered with the same page twice")
        used.add(next_page)
        query = _next_query(client, path, next_page)
    raise client.failure(path, "has no end")


def _next_query(client: HttpClient, path: str, next_page: str) -> dict[str, str]:
    """Return the query of the next page. Its host and path are not used: the key goes to no address from an answer."""
    parts = urlsplit(next_page)
    query = dict(parse_qsl(parts.query))
    if not parts.path.endswith(path) or not query:
        raise client.failure(path, "has a next page, but does not say which")
    return query
