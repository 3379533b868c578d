"""Lists in pages, where an object's id or a word of the answer is the cursor. A list is read to its very end, or the
read fails.

Of a provider's fields, only those of the page are used here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from declarative.model.resource import Json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.parse import dict_or_empty, id_or_none, text_or_none
from declarative.providers.http.request import Body

PAGE_SIZE = 100
"""The largest page that is allowed; the default is not documented (cartesia.md 1.5)."""


@dataclass(frozen=True, kw_only=True)
class PageForm:
    """How an API cuts a list into pages."""

    entries: str = "data"
    """The field of the answer that holds the entries."""
    entry_id: str = "id"
    """The field of an entry that identifies it."""
    size_parameter: str = "limit"
    """The query parameter of the page's size."""
    size: int = PAGE_SIZE
    """Entries to ask for."""
    cursor_parameter: str = "starting_after"
    """The query parameter that says where the next page begins."""
    next_field: str = "next_page"
    """The field of the answer that says it. Where it is empty, the last entry's id does, if `ids_are_cursors`."""
    ids_are_cursors: bool = True
    """The id of an entry may be the cursor."""


BY_ID = PageForm()
"""The next page begins after the last entry's id."""
MAX_PAGES = 10_000
"""A list of a million entries. One that goes on is taken for endless."""
MAX_SHORT_PAGES = 500
"""Pages of a list that may hold less than half of PAGE_SIZE and still have a next one."""


def read_pages(
    client: HttpClient,
    path: str,
    params: Mapping[str, str],
    *,
    form: PageForm = BY_ID,
    may_lack_pages: bool = False,
    question: Mapping[str, Json] | None = None,
) -> Iterator[list[dict[str, Json]]]:
    """Yield every page, newest first.

    `may_lack_pages`: an older server may answer the whole list whatever cursor it is given, as `{"data": [...]}`
    without `has_more` or as a bare array. `question` is for a list that is asked for by POST: what its body holds
    beside size and cursor.

    Raises ProviderError for any other list that repeats itself, for an entry without a usable id, for a next page
    without a cursor, and for a list without an end.
    """
    # Protocol 12: an incomplete list must fail. Otherwise a batch that it does not show would look absent.
    seen_ids: set[str] = set()
    used_cursors: set[str] = set()
    cursor: str | None = None
    short_pages = 0
    for _ in range(MAX_PAGES):
        cursor_params = {} if cursor is None else {form.cursor_parameter: cursor}
        answer = _ask(client, path, {**params, **cursor_params}, form, question)
        page = {form.entries: answer} if may_lack_pages and isinstance(answer, list) else dict_or_empty(answer)
        lacks_pages = may_lack_pages and page.get("has_more") is None and page.get(form.next_field) is None
        entries = read_entries(client, path, page.get(form.entries), form.entry_id)
        ids = [str(entry[form.entry_id]) for entry in entries]
        is_repeated = bool(ids) and seen_ids.issuperset(ids)
        if is_repeated and not lacks_pages:
            raise client.failure(path, "answered with the same page twice")
        seen_ids.update(ids)
        yield entries
        next_page = text_or_none(page.get(form.next_field))
        if is_repeated or not _has_next_page(page, entries, next_page, used_cursors, form):
            return
        cursor = next_page or (ids[-1] if ids and form.ids_are_cursors else None)
        if cursor in used_cursors and lacks_pages:
            return
        if cursor is None or cursor in used_cursors:
            raise client.failure(path, "has a next page, but does not say which")
        used_cursors.add(cursor)
        short_pages += len(entries) < form.size // 2
        if short_pages > MAX_SHORT_PAGES:
            break
    raise client.failure(path, f"has no end: {len(seen_ids):,} entries were read, and it names one more page each time")


def _ask(
    client: HttpClient, path: str, params: Mapping[str, str], form: PageForm, question: Mapping[str, Json] | None
) -> Json:
    if question is None:
        return client.get(path, {**params, form.size_parameter: str(form.size)})
    return client.read_by_post(path, Body.from_json({**question, **params, form.size_parameter: form.size}))


def _has_next_page(
    page: Mapping[str, Json],
    entries: list[dict[str, Json]],
    next_page: str | None,
    used_cursors: Collection[str],
    form: PageForm,
) -> bool:
    """Tell whether a page follows. Where the answer contradicts itself or is silent, a page follows."""
    # Protocol 12: an unread `next_page` counts more than `has_more: false`. Without `has_more`, a full page is not the
    # last one.
    has_more = page.get("has_more")
    if has_more is False:
        return next_page is not None and next_page not in used_cursors
    return has_more is True or next_page is not None or (form.ids_are_cursors and len(entries) >= form.size)


def read_entries(client: HttpClient, path: str, data: Json, entry_id: str = "id") -> list[dict[str, Json]]:
    """Return the entries of one page. Raises ProviderError for anything but a list whose entries have usable ids."""
    if not isinstance(data, list) or not all(id_or_none(dict_or_empty(entry).get(entry_id)) for entry in data):
        raise client.failure(path, "answered with a list that cannot be read")
    return [dict_or_empty(entry) for entry in data]
