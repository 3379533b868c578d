"""Cartesia's agents and phone numbers."""

from __future__ import annotations

from ..account import Account
from ..cartesia_requests import pages
from ..request_bodies import batch_body


def test_numbers_and_managed_agents_are_paged(account: Account) -> None:
    newer = account.at_cartesia("2026-08-14")
    for at in range(3):
        newer.post("/agents/calls/batches", json=batch_body(agent_id=f"agent_{at}", from_number_id=f"ap_{at}"))
    assert [len(page) for page in pages(newer, "/v1/agents", 2)] == [2, 2]
    first = newer.get("/agents/phone-numbers", params={"limit": 3}).json()
    rest = newer.get("/agents/phone-numbers", params={"limit": 3, "starting_after": first["data"][-1]["id"]}).json()
    assert (first["has_more"], len(rest["data"]), rest["has_more"]) == (True, 1, False)
