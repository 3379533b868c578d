"""A list is read to its very end or not at all."""

from __future__ import annotations

from itertools import count

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json
from tests.providers.scripted_provider import (
    answering,
    batch,
    batch_page,
    listed_batch_ids,
    open_exchange,
)


def test_a_list_is_followed_by_next_page_or_else_by_its_last_id() -> None:
    exchange = open_exchange(
        answering(
            batch_page(["acb_5", "acb_4"], has_more=True, next_page="acb_4"),
            batch_page(["acb_3"], has_more=True),
            batch_page(["acb_2"], has_more=True, next_page=None),
            batch_page(["acb_1"], has_more=False, next_page="acb_1"),
            batch_page([], has_more=False, next_page="acb_1"),
        )
    )
    assert listed_batch_ids(exchange) == ["acb_5", "acb_4", "acb_3", "acb_2", "acb_1"]
    queries = [dict(request.url.params) for request in exchange.sent]
    assert queries[0] == {"limit": "100"}
    assert [query.get("starting_after") for query in queries] == [None, "acb_4", "acb_3", "acb_2", "acb_1"]


def test_a_next_page_is_read_whatever_has_more_says() -> None:
    first = batch_page(["acb_2"], has_more=False, next_page="elsewhere")
    assert listed_batch_ids(open_exchange(answering(first, batch_page(["acb_1"], has_more=False)))) == [
        "acb_2",
        "acb_1",
    ]


def test_pages_that_lead_in_a_circle_are_an_error_even_where_they_are_empty() -> None:
    there, back = (batch_page([], has_more=True, next_page=name) for name in ("there", "back"))
    with pytest.raises(ProviderError, match="has a next page, but does not say which"):
        listed_batch_ids(open_exchange(answering(there, back, there, back, there)))


def test_without_has_more_a_full_page_is_taken_for_more() -> None:
    full = [f"acb_{place}" for place in range(200, 100, -1)]
    exchange = open_exchange(answering(batch_page(full), batch_page(["acb_1"])))
    assert len(listed_batch_ids(exchange)) == 101


def test_without_has_more_a_next_page_is_taken_for_more() -> None:
    exchange = open_exchange(answering(batch_page(["acb_2"], next_page="acb_2"), batch_page(["acb_1"])))
    assert listed_batch_ids(exchange) == ["acb_2", "acb_1"]


def test_a_list_that_names_one_more_page_for_ever_is_an_error() -> None:
    pages = (batch_page([f"acb_{number}"], has_more=True) for number in count())
    exchange = open_exchange(lambda _: next(pages))
    with pytest.raises(ProviderError, match=r"has no end: 501 entries were read, and it names one more page each time"):
        listed_batch_ids(exchange)


@pytest.mark.parametrize("bad_id", ["a" * 70_000, "..", "acb_1/../x", "acb\u001b[2J", "acb 1", 7, {}, None])
def test_an_entry_whose_id_cannot_be_used_makes_a_list_unreadable(bad_id: Json) -> None:
    page = httpx.Response(200, json={"data": [batch(id=bad_id)], "has_more": False})
    with pytest.raises(ProviderError, match="answered with a list that cannot be read"):
        listed_batch_ids(open_exchange(answering(page)))


@pytest.mark.parametrize(
    "torn",
    [
        batch_page(["acb_1"], has_more=True),
        batch_page([], has_more=True),
        httpx.Response(200, json={"has_more": False}),
        httpx.Response(200, json={"data": None, "has_more": False}),
        httpx.Response(200, json={"data": [{"name": "no id"}], "has_more": False}),
        httpx.Response(200, json={"data": ["acb_1"], "has_more": False}),
        httpx.Response(200, json=[]),
    ],
)
def test_a_list_that_cannot_be_read_whole_is_an_error(torn: httpx.Response) -> None:
    with pytest.raises(ProviderError, match="GET /agents/calls/batches"):
        listed_batch_ids(open_exchange(answering(torn)))
