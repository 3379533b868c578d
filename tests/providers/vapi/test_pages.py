"""Vapi's lists are read to their very end, or the read fails."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from tests.providers.scripted_provider import answering, open_exchange, pages_of

_BIRTH = "2026-12-01T12:{:02}:{:02}.000Z"


def entries(*numbers: int) -> list[dict[str, Json]]:
    return [
        {"id": f"c{number}", "name": "n", "createdAt": _BIRTH.format(59 - number // 60, 59 - number % 60)}
        for number in numbers
    ]


def page(numbers: range, **metadata: Json) -> httpx.Response:
    return httpx.Response(200, json={"results": entries(*numbers), "metadata": metadata})


def listed(*answers: httpx.Response) -> tuple[list[str], list[httpx.Request]]:
    exchange = open_exchange(answering(*answers), "vapi")
    pages = pages_of(exchange.channel(Route.BATCH), [])
    return [remote.id for one in pages for remote in one], exchange.sent


def test_a_cursor_leads_to_the_next_page() -> None:
    ids, sent = listed(page(range(2), nextCursor="x", hasNextPage=True), page(range(2, 4), hasNextPage=False))
    assert ids == ["c0", "c1", "c2", "c3"]
    assert [request.url.params.get("cursor") for request in sent] == [None, "x"]
    assert all(request.url.params.get("page") is None for request in sent)


@pytest.mark.parametrize("metadata", [{"hasNextPage": True}, {}])
def test_without_a_cursor_the_age_of_the_last_one_does(metadata: dict[str, Json]) -> None:
    ids, sent = listed(page(range(100), **metadata), page(range(99, 105), hasNextPage=False))
    assert ids == [f"c{number}" for number in range(105)]
    assert sent[1].url.params["createdAtLe"] == entries(99)[0]["createdAt"]


@pytest.mark.parametrize(
    "answers",
    [
        (page(range(2), nextCursor="x"), page(range(2), nextCursor="x")),
        (page(range(0), hasNextPage=True),),
        (httpx.Response(200, json={"results": [{"id": "c1"}] * 1, "metadata": {"hasNextPage": True}}),),
        (httpx.Response(200, json={"results": [{"name": "without an id"}], "metadata": {}}),),
        (httpx.Response(200, json={"metadata": {}}),),
    ],
)
def test_a_list_that_cannot_be_followed_fails(answers: tuple[httpx.Response, ...]) -> None:
    with pytest.raises(ProviderError):
        listed(*answers)


def contacts(ids: range, **metadata: Json) -> httpx.Response:
    results = [{"id": f"p{number}", "number": "+14155550101", "status": "contact.pending"} for number in ids]
    return httpx.Response(200, json={"results": results, "metadata": metadata})


@pytest.mark.parametrize(
    "answers",
    [
        (contacts(range(2), totalItems=3, hasNextPage=False), contacts(range(0), totalItems=3)),
        (contacts(range(2), totalItems=4, hasNextPage=True), contacts(range(2), totalItems=4)),
        (httpx.Response(200, json={"results": "none"}),),
    ],
)
def test_contacts_that_are_missing_or_come_twice_fail(answers: tuple[httpx.Response, ...]) -> None:
    campaign = httpx.Response(200, json={"id": "c1", "status": "ended"})
    with pytest.raises(ProviderError):
        open_exchange(answering(campaign, *answers), "vapi").channel(Route.BATCH).read("c1")


def calls(*numbers: int) -> httpx.Response:
    return httpx.Response(200, json=entries(*numbers))


def test_calls_beyond_a_full_answer_are_asked_for_by_age() -> None:
    exchange = open_exchange(answering(calls(*range(1000)), calls(*range(999, 1002))), "vapi")
    pages = pages_of(exchange.channel(Route.CALL), [])
    assert [len(one) for one in pages] == [1000, 2]
    assert "createdAtLe" in exchange.sent[1].url.params


def test_a_full_answer_in_another_order_fails() -> None:
    exchange = open_exchange(answering(calls(1, 0, *range(2, 1000))), "vapi")
    with pytest.raises(ProviderError):
        pages_of(exchange.channel(Route.CALL), [])
    assert len(pages_of(open_exchange(answering(calls(1, 0)), "vapi").channel(Route.CALL), [])[0]) == 2
