"""Lists cut into pages by the id of an item, newest first."""

from __future__ import annotations

import httpx
import pytest

from ..account import Account
from ..cartesia_requests import pages
from ..request_bodies import batch_body, calls_body


def test_batches_are_listed_newest_first_without_gap_or_overlap(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    found = pages(cartesia, "/agents/calls/batches", 3)
    assert [[one["id"] for one in page] for page in found] == [batch_ids[:3], batch_ids[3:6], batch_ids[6:]]


def test_a_full_last_page_has_no_more(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    assert len(pages(cartesia, "/agents/calls/batches", 7)) == 1


def test_ending_before_gives_what_is_just_newer(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    page = cartesia.get("/agents/calls/batches", params={"ending_before": batch_ids[5], "limit": 2}).json()
    assert [one["id"] for one in page["data"]] == batch_ids[3:5]
    assert (page["has_more"], page["next_page"]) == (True, batch_ids[3])


def test_a_batch_created_while_paging_is_not_on_later_pages(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    first = cartesia.get("/agents/calls/batches", params={"limit": 3}).json()
    cartesia.post("/agents/calls/batches", json=batch_body())
    query = {"limit": 100, "starting_after": first["next_page"]}
    assert [one["id"] for one in cartesia.get("/agents/calls/batches", params=query).json()["data"]] == batch_ids[3:]


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": limit} for limit in ("0", "101", "x", "1" * 5000)),
        {"starting_after": "acb_no"},
        {"name": "b1"},
    ],
)
def test_a_bad_page_request_is_refused(cartesia: httpx.Client, query: dict[str, str]) -> None:
    assert cartesia.get("/agents/calls/batches", params=query).status_code == 400


def test_calls_page_backwards_too(account: Account, cartesia: httpx.Client) -> None:
    cartesia.post("/agents/calls", json=calls_body(*[f"+1{area}5550142" for area in range(201, 207)]))
    newest_first = [one["id"] for one in pages(cartesia, "/agents/calls", 100, agent_id="agent_A")[0]]
    query = {"agent_id": "agent_A", "ending_before": newest_first[4], "limit": 3}
    page = cartesia.get("/agents/calls", params=query).json()
    assert [one["id"] for one in page["data"]] == newest_first[1:4]
    assert page["has_more"]
