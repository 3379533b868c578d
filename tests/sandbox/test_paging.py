"""Lists of batches and calls: newest first, cut into pages by the id of an item."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .lab import Lab, batch_body, calls_body

AWAY = "+14155550194"


def pages(client: httpx.Client, path: str, limit: int, **query: str) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = client.get(path, params={"limit": limit} | query | cursor).json()
        found.append(page["data"])
        if not page["has_more"]:
            assert page["next_page"] is None
            return found
        assert page["next_page"] == page["data"][-1]["id"]
        cursor = {"starting_after": page["next_page"]}


@pytest.fixture
def cartesia(lab: Lab) -> httpx.Client:
    return lab.at_cartesia()


@pytest.fixture
def batch_ids(cartesia: httpx.Client) -> list[str]:
    made = [cartesia.post("/agents/calls/batches", json=batch_body(name=f"b{at}")) for at in range(7)]
    return [one.json()["id"] for one in made][::-1]


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


def test_batches_of_one_agent(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    other = cartesia.post("/agents/calls/batches", json=batch_body(agent_id="agent_B")).json()
    found = cartesia.get("/agents/calls/batches", params={"agent_id": "agent_B"}).json()["data"]
    assert [one["id"] for one in found] == [other["id"]]


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


def test_calls_of_an_agent_mix_single_ones_and_batches_in_order(lab: Lab, cartesia: httpx.Client) -> None:
    people = [f"+1{area}5550142" for area in range(201, 221)]
    cartesia.post("/agents/calls/batches", json=batch_body(*people, AWAY))
    cartesia.post("/agents/calls", json=calls_body(*people[:5]))
    lab.advance(7200)
    cartesia.post("/agents/calls/batches", json=batch_body(*people, from_number_id="ap_sip"))
    whole = pages(cartesia, "/agents/calls", 100, agent_id="agent_A")
    cut = pages(cartesia, "/agents/calls", 4, agent_id="agent_A")
    assert [one["id"] for page in cut for one in page] == [one["id"] for one in whole[0]]
    assert len(whole[0]) == 45


def test_calls_page_backwards_too(lab: Lab, cartesia: httpx.Client) -> None:
    cartesia.post("/agents/calls", json=calls_body(*[f"+1{area}5550142" for area in range(201, 207)]))
    newest_first = [one["id"] for one in pages(cartesia, "/agents/calls", 100, agent_id="agent_A")[0]]
    query = {"agent_id": "agent_A", "ending_before": newest_first[4], "limit": 3}
    page = cartesia.get("/agents/calls", params=query).json()
    assert [one["id"] for one in page["data"]] == newest_first[1:4]
    assert page["has_more"]


def test_calls_of_one_batch_page_by_attempt(lab: Lab, cartesia: httpx.Client) -> None:
    batch = cartesia.post("/agents/calls/batches", json=batch_body("+14155550191", "+14155550192", AWAY)).json()
    lab.advance(3600)
    cartesia.post(f"/agents/calls/batches/{batch['id']}/retry")
    lab.advance(3600)
    found = pages(cartesia, "/agents/calls", 1, batch_id=batch["id"])
    assert len({one["id"] for page in found for one in page}) == len(found) == 4


def test_numbers_and_managed_agents_are_paged(lab: Lab) -> None:
    newer = lab.at_cartesia("2026-08-14")
    for at in range(3):
        newer.post("/agents/calls/batches", json=batch_body(agent_id=f"agent_{at}", from_number_id=f"ap_{at}"))
    assert [len(page) for page in pages(newer, "/v1/agents", 2)] == [2, 2]
    first = newer.get("/agents/phone-numbers", params={"limit": 3}).json()
    rest = newer.get("/agents/phone-numbers", params={"limit": 3, "starting_after": first["data"][-1]["id"]}).json()
    assert (first["has_more"], len(rest["data"]), rest["has_more"]) == (True, 1, False)
