"""Lists that come in pages by the id of an object, read to their very end or not at all: what a torn list
does not show must not look absent. Knows no provider's fields but those of the page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.parse import entry, text

LIMIT = 100  # cartesia.md 1.5: the most that a page may hold; the default is not documented


def pages(wire: HttpClient, path: str, params: Mapping[str, str]) -> Iterator[list[dict[str, Json]]]:
    """Every page, newest first. Raises ProviderError for a list that repeats itself, holds an entry without
    id, or says that there is more without saying where."""
    seen: set[str] = set()
    asked: set[str] = set()
    cursor: str | None = None
    while True:
        after = {} if cursor is None else {"starting_after": cursor}
        page = entry(wire.get(path, {**params, "limit": str(LIMIT), **after}))
        entries = _entries(wire, path, page)
        ids = [str(one["id"]) for one in entries]
        if ids and seen.issuperset(ids):
            raise wire.failure(path, "gave the same page twice")
        seen.update(ids)
        yield entries
        following = text(page.get("next_page"))
        if not _goes_on(page, entries, following, asked):
            return
        cursor = following or (ids[-1] if ids else None)
        if cursor is None or cursor in asked:
            raise wire.failure(path, "said that there is more, but not where")
        asked.add(cursor)


def _goes_on(
    page: Mapping[str, Json], entries: list[dict[str, Json]], following: str | None, asked: Collection[str]
) -> bool:
    """`has_more`, but a next page not read yet is more, whatever that says; where it is missing, a full one is, too."""
    more = page.get("has_more")
    if more is False:
        return following is not None and following not in asked
    return more is True or following is not None or len(entries) >= LIMIT


def _entries(wire: HttpClient, path: str, page: Mapping[str, Json]) -> list[dict[str, Json]]:
    data = page.get("data")
    if not isinstance(data, list) or not all(text(entry(one).get("id")) for one in data):
        raise wire.failure(path, "gave a list that cannot be read")
    return [entry(one) for one in data]
