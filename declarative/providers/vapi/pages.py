"""Vapi's three lists: campaigns by cursor or by time, contacts by page number, calls by time. Each is read to its very
end, or the read fails (vapi.md 2.2, 2.4 and 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.pages import read_entries
from declarative.providers.http.parse import count_or_none, dict_or_empty, text_or_none, time_or_none

CAMPAIGN_PAGE, FULL_PAGE = 100, 1000
MAX_PAGES = 10_000
"""A list of a million entries. One that goes on is taken for endless."""
_REPEATS = "answered with the same page twice"
_Entries = list[dict[str, Json]]


def read_campaigns(client: HttpClient, path: str, params: Mapping[str, str]) -> Iterator[_Entries]:
    """Yield the pages of campaigns, newest first. Page numbers are not used: such pages shift."""
    seen: set[str] = set()
    position: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        answer = dict_or_empty(client.get(path, {**params, "limit": str(CAMPAIGN_PAGE), **position}))
        entries, metadata = read_entries(client, path, answer.get("results")), dict_or_empty(answer.get("metadata"))
        fresh = [entry for entry in entries if str(entry["id"]) not in seen]
        if entries and not fresh:
            raise client.failure(path, _REPEATS)
        seen.update(str(entry["id"]) for entry in fresh)
        yield fresh
        cursor = text_or_none(metadata.get("nextCursor"))
        # Protocol 12: without `hasNextPage`, a full page is not the last one.
        has_next = metadata.get("hasNextPage")
        if cursor is None and has_next is not True and (has_next is False or len(entries) < CAMPAIGN_PAGE):
            return
        position = {"cursor": cursor} if cursor else _before_last(client, path, entries)
    raise client.failure(path, "has no end")


def _before_last(client: HttpClient, path: str, entries: _Entries) -> dict[str, str]:
    """Return where the next page begins: at the age of the last entry, which comes once more."""
    oldest = text_or_none(entries[-1].get("createdAt")) if entries else None
    if oldest is None or time_or_none(oldest) is None:
        raise client.failure(path, "has a next page, but does not say which")
    return {"createdAtLe": oldest}


def read_contacts(client: HttpClient, path: str) -> _Entries:
    """Return all contacts. Their order is that of the request, so that pages by number do not shift."""
    contacts: dict[str, dict[str, Json]] = {}
    for number in range(1, MAX_PAGES):
        params = {"sortBy": "position", "limit": str(FULL_PAGE), "page": str(number)}
        answer = dict_or_empty(client.get(path, params))
        entries, metadata = read_entries(client, path, answer.get("results")), dict_or_empty(answer.get("metadata"))
        if any(str(entry["id"]) in contacts for entry in entries):
            raise client.failure(path, _REPEATS)
        contacts |= {str(entry["id"]): entry for entry in entries}
        total = count_or_none(metadata.get("totalItems"))
        if metadata.get("hasNextPage") is True and entries:
            continue
        if total is not None and len(contacts) < total and entries:
            continue
        # Protocol 12: a person who is not shown must not look as if never asked for.
        if total is not None and len(contacts) != total:
            raise client.failure(path, f"shows {len(contacts):,} of {total:,} contacts")
        return list(contacts.values())
    raise client.failure(path, "has no end")


def read_calls(client: HttpClient, path: str, params: Mapping[str, str]) -> Iterator[_Entries]:
    """Yield the calls, newest first. The list has no pages: after a full answer, the older ones are asked for."""
    seen: set[str] = set()
    position: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        entries = read_entries(client, path, client.get(path, {**params, "limit": str(FULL_PAGE), **position}))
        fresh = [entry for entry in entries if str(entry["id"]) not in seen]
        seen.update(str(entry["id"]) for entry in fresh)
        if len(entries) < FULL_PAGE:
            yield fresh
            return
        # The order is not stated: of a full answer that is not sorted, nobody knows what it left out.
        if not fresh or not _is_newest_first(entries):
            raise client.failure(path, "is longer than one answer, and in no order that could be followed")
        yield fresh
        position = _before_last(client, path, entries)
    raise client.failure(path, "has no end")


def _is_newest_first(entries: _Entries) -> bool:
    births = [time_or_none(entry.get("createdAt")) for entry in entries]
    known = [birth for birth in births if birth is not None]
    return len(known) == len(births) and all(earlier >= later for earlier, later in pairwise(known))
