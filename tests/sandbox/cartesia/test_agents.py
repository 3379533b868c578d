"""Cartesia's agents and phone numbers."""

from __future__ import annotations

import httpx

from ..account import Account
from ..cartesia_requests import pages
from ..request_bodies import BATCHES, VARIABLES, batch_body


def test_numbers_and_managed_agents_are_paged(account: Account) -> None:
    newer = account.at_cartesia("2026-08-14")
    for at in range(3):
        newer.post("/agents/calls/batches", json=batch_body(agent_id=f"agent_{at}", from_number_id=f"ap_{at}"))
    assert [len(page) for page in pages(newer, "/v1/agents", 2)] == [2, 2]
    first = newer.get("/agents/phone-numbers", params={"limit": 3}).json()
    rest = newer.get("/agents/phone-numbers", params={"limit": 3, "starting_after": first["data"][-1]["id"]}).json()
    assert (first["has_more"], len(rest["data"]), rest["has_more"]) == (True, 1, False)


def test_lists_begin_with_one_default_and_grow_by_use(account: Account) -> None:
    cartesia = account.at_cartesia(VARIABLES)
    (default,) = cartesia.get("/v1/agents").json()["data"]
    cartesia.post(BATCHES, json=batch_body(agent_id="agent_B"))
    assert [agent["id"] for agent in cartesia.get("/v1/agents").json()["data"]] == ["agent_B", default["id"]]


def test_every_well_formed_id_exists_and_those_with_missing_do_not(cartesia: httpx.Client) -> None:
    paths = ("/agents", "/agents/phone-numbers")
    assert [cartesia.get(f"{path}/x_A").status_code for path in paths] == [200, 200]
    assert [cartesia.get(f"{path}/x_missing").status_code for path in paths] == [404, 404]


def test_phone_numbers_are_filtered_by_type(cartesia: httpx.Client) -> None:
    for number_id in ("ap_sip", "ap_twilio"):
        cartesia.post(BATCHES, json=batch_body(from_number_id=number_id))
    numbers = cartesia.get("/agents/phone-numbers", params={"type": "twilio"}).json()["data"]
    assert [number["id"] for number in numbers] == ["ap_twilio"]
    assert cartesia.get("/agents/phone-numbers", params={"type": "fax"}).status_code == 400
