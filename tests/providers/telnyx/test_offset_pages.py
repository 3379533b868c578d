"""A list in pages by number is believed only where it stands still."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from declarative.errors import ProviderError
from tests.providers.scripted_provider import open_exchange

Shown = Callable[[int, int], tuple[list[str], int, int | None]]
"""From a reading and a page (both from 1) to the numbers shown, the number of pages, and the count that is told."""


def read(shown: Shown) -> list[str]:
    asked = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        page = int(request.url.params["page[number]"])
        asked += page == 1
        numbers, pages, count = shown(asked, page)
        meta = {"page_number": page, "total_pages": pages, "total_results": count}
        return httpx.Response(200, json={"data": [{"id": one, "phone_number": one} for one in numbers], "meta": meta})

    return [entry.id for entry in open_exchange(handle, "telnyx").provider.list_numbers()]


def test_one_page_is_one_look() -> None:
    assert read(lambda reading, page: ([f"r{reading}"], 1, 1)) == ["r1"]
    assert read(lambda reading, page: ([], 0, 0)) == []


def test_several_pages_are_read_until_two_readings_agree() -> None:
    def shown(reading: int, page: int) -> tuple[list[str], int, int | None]:
        extra = ["new"] if reading > 1 else []
        return ([*extra, "a"] if page == 1 else ["b"]), 2, None

    assert read(shown) == ["new", "a", "b"]


@pytest.mark.parametrize(
    "shown",
    [
        lambda reading, page: (["a"], 2, None),  # one entry moved on while it was read
        lambda reading, page: ([f"{reading}{page}"], 2, None),  # another list each time
        lambda reading, page: ([f"p{page}"], 2, 3),  # fewer than it says
    ],
)
def test_a_list_that_never_stands_still_is_no_list(shown: Shown) -> None:
    with pytest.raises(ProviderError, match="changes while it is read"):
        read(shown)


@pytest.mark.parametrize(
    "answer", [{"data": []}, {"data": {}, "meta": {"total_pages": 1}}, {}, {"data": [{}], "meta": {}}]
)
def test_a_list_that_cannot_be_read_is_an_error(answer: dict[str, object]) -> None:
    exchange = open_exchange(lambda _: httpx.Response(200, json=answer), "telnyx")
    with pytest.raises(ProviderError):
        exchange.provider.list_numbers()
