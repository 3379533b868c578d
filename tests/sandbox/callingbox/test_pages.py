"""CallingBox's list in pages, and in the shapes of older documentation."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from declarative.sandbox.callingbox.pages import DEFAULT

from ..account import Account
from ..callingbox_requests import place_call
from ..request_bodies import fault_rule

PATH = "/v1/calls"


def place_calls(account: Account, box: httpx.Client, count: int) -> list[str]:
    """Place calls, two at a time, and return their ids, newest first."""
    ids: list[str] = []
    for index in range(count):
        ids.insert(0, place_call(box)["id"])
        account.advance(index % 2)
    return ids


def list_ids(box: httpx.Client, **query: Any) -> tuple[list[str], bool]:
    page = box.get(PATH, params=query).json()
    return [call["id"] for call in page["data"]], page["has_more"]


def test_pages_come_newest_first_and_leave_nobody_out(account: Account, box: httpx.Client) -> None:
    ids = place_calls(account, box, 5)
    assert list_ids(box, limit=2) == (ids[:2], True)
    assert list_ids(box, limit=2, starting_after=ids[1]) == (ids[2:4], True)
    assert list_ids(box, limit=2, starting_after=ids[3]) == (ids[4:], False)
    assert list_ids(box, limit=2, starting_after=ids[4]) == ([], False)


def test_pages_go_back_to_newer_calls(account: Account, box: httpx.Client) -> None:
    ids = place_calls(account, box, 5)
    assert list_ids(box, limit=2, ending_before=ids[3]) == (ids[1:3], True)
    assert list_ids(box, limit=2, ending_before=ids[1]) == (ids[:1], False)


def test_a_page_has_a_size_when_none_is_asked_for(account: Account, box: httpx.Client) -> None:
    ids = place_calls(account, box, int(DEFAULT) + 1)
    assert list_ids(box) == (ids[:-1], True)
    assert list_ids(box, limit=100) == (ids, False)


def test_calls_placed_between_two_pages_do_not_shift_them(account: Account, box: httpx.Client) -> None:
    ids = place_calls(account, box, 4)
    list_ids(box, limit=2)
    place_calls(account, box, 3)
    assert list_ids(box, limit=2, starting_after=ids[1]) == (ids[2:], False)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"starting_after": "unknown"}])
def test_a_page_that_does_not_exist_is_refused(box: httpx.Client, query: dict[str, Any]) -> None:
    answer = box.get(PATH, params=query)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})


@pytest.mark.parametrize("shape", ["bare", "as_data"])
def test_an_old_shape_shows_everything_whatever_the_cursor(account: Account, box: httpx.Client, shape: str) -> None:
    ids = place_calls(account, box, 3)
    account.faults(fault_rule("listCalls", shape, times=0))
    for query in ({}, {"limit": "1"}, {"starting_after": ids[0]}):
        body = box.get(PATH, params=query).json()
        assert isinstance(body, list) == (shape == "bare")
        assert [call["id"] for call in (body if shape == "bare" else body["data"])] == ids
        assert shape == "bare" or set(body) == {"data"}


def test_a_capped_list_ends_early(account: Account, box: httpx.Client) -> None:
    ids = place_calls(account, box, 5)
    account.faults(fault_rule("listCalls", {"cap": 3}, times=0))
    assert list_ids(box, limit=2) == (ids[:2], True)
    assert list_ids(box, limit=2, starting_after=ids[1]) == (ids[2:3], False)
