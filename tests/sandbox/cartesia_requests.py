"""Requests to Cartesia that must succeed, and what a test reads from their answers."""

from __future__ import annotations

from typing import Any

import httpx

from .request_bodies import BATCHES, batch_body, calls_body

COUNTERS = ("total_calls_scheduled", "total_calls_dispatched", "total_calls_finished")


def create_batch(cartesia: httpx.Client, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = cartesia.post(BATCHES, json=batch_body(*numbers, **changes))
    assert response.status_code == 201, response.text
    batch: dict[str, Any] = response.json()
    return batch


def read_batch(cartesia: httpx.Client, batch: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = cartesia.get(f"{BATCHES}/{batch['id']}").json()
    return current


def act_on_batch(cartesia: httpx.Client, batch: dict[str, Any], verb: str) -> dict[str, Any]:
    """`verb` is `retry` or `cancel`."""
    response = cartesia.post(f"{BATCHES}/{batch['id']}/{verb}")
    assert response.status_code == 200, response.text
    current: dict[str, Any] = response.json()
    return current


def counters(batch: dict[str, Any]) -> tuple[Any, ...]:
    """Status, scheduled, dispatched, finished."""
    return tuple(batch[name] for name in ("status", *COUNTERS))


def statuses(batch: dict[str, Any]) -> list[str]:
    return [person["status"] for person in batch["recipients"]]


def place_calls(cartesia: httpx.Client, *numbers: str, **changes: Any) -> list[dict[str, Any]]:
    response = cartesia.post("/agents/calls", json=calls_body(*numbers, **changes))
    assert response.status_code == 200, response.text
    entries: list[dict[str, Any]] = response.json()["calls"]
    return entries


def list_calls(cartesia: httpx.Client, **query: Any) -> dict[str, Any]:
    """The first page of the agent's calls."""
    response = cartesia.get("/agents/calls", params={"agent_id": "agent_A"} | query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def pages(client: httpx.Client, path: str, limit: int, **query: str) -> list[list[dict[str, Any]]]:
    """Every page of a list, read with `starting_after`."""
    all_pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = client.get(path, params={"limit": limit} | query | cursor).json()
        all_pages.append(page["data"])
        if not page["has_more"]:
            assert page["next_page"] is None
            return all_pages
        assert page["next_page"] == page["data"][-1]["id"]
        cursor = {"starting_after": page["next_page"]}
