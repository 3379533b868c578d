"""Cartesia's batch operations: answers, keys, limits."""

from __future__ import annotations

import httpx
import pytest

from tests.growing import LINEAR, growth, numbers

from ..account import Account
from ..cartesia_requests import act_on_batch, create_batch, read_batch
from ..request_bodies import BATCHES, METADATA, NO_ANSWER, VARIABLES, batch_body

HOUR = 3600


def test_an_answer_to_create_carries_no_recipients(cartesia: httpx.Client) -> None:
    made = create_batch(cartesia)
    assert "recipients" not in made
    assert "scheduled_at" not in made


def test_retry_of_a_cancelled_batch_is_refused(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, scheduled_at=account.later(600))
    act_on_batch(cartesia, made, "cancel")
    assert cartesia.post(f"/agents/calls/batches/{made['id']}/retry").status_code == 400


def test_old_attempts_stay_listed(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia, NO_ANSWER)
    account.advance(HOUR)
    act_on_batch(cartesia, made, "retry")
    listed = cartesia.get("/agents/calls", params={"batch_id": made["id"]}).json()["data"]
    assert [one["status"] for one in listed] == ["created", "failed"]
    assert listed[0]["id"] == read_batch(cartesia, made)["recipients"][0]["agent_call_id"]
    assert cartesia.get(f"/agents/calls/{listed[1]['id']}").json()["end_reason"] == "dial_no_answer"


def test_batches_of_another_key_do_not_exist(account: Account, cartesia: httpx.Client) -> None:
    made = create_batch(cartesia)
    other = account.at_cartesia(key="sk_other")
    assert other.get("/agents/calls/batches").json()["data"] == []
    assert other.get(f"/agents/calls/batches/{made['id']}").status_code == 404
    assert other.post(f"/agents/calls/batches/{made['id']}/cancel").status_code == 404


def test_no_batch_is_accepted_beyond_the_usage_limit(account: Account, cartesia: httpx.Client) -> None:
    account.limits(usage_limited=True)
    assert cartesia.post("/agents/calls/batches", json=batch_body()).status_code == 402


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer sk_revoked"},
        {"X-API-Key": "sk_revoked"},
        {"Authorization": "Bearer sk_a", "X-API-Key": "sk_b"},
    ],
)
def test_a_bad_key_is_refused(account: Account, headers: dict[str, str]) -> None:
    assert account.client(**headers, **{"Cartesia-Version": METADATA}).get("/agents/calls/batches").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "sk_a"},
        {"authorization": "bearer sk_a"},
        {"Authorization": "Bearer sk_a", "X-API-Key": "sk_a"},
    ],
)
def test_a_key_may_come_in_either_header(account: Account, headers: dict[str, str]) -> None:
    assert account.client(**headers, **{"Cartesia-Version": METADATA}).get("/agents/calls/batches").status_code == 200


def test_the_health_probe_needs_no_key(account: Account) -> None:
    assert account.client().get("/").json() == {"ok": True, "version": VARIABLES}


def test_batches_of_one_agent(cartesia: httpx.Client, batch_ids: list[str]) -> None:
    other = cartesia.post("/agents/calls/batches", json=batch_body(agent_id="agent_B")).json()
    found = cartesia.get("/agents/calls/batches", params={"agent_id": "agent_B"}).json()["data"]
    assert [one["id"] for one in found] == [other["id"]]


def test_batches_take_time_as_their_people_grow_and_no_more(account: Account) -> None:
    client = account.at_cartesia()

    def of(count: int) -> None:
        batch = client.post(BATCHES, json=batch_body(*numbers(count))).json()
        account.advance(3000)
        assert len(client.get(f"{BATCHES}/{batch['id']}").json()["recipients"]) == count

    assert growth(of) < LINEAR
