"""CallingBox's operations and its money."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..callingbox_requests import place_call, reached_number
from ..request_bodies import ADA, CALLINGBOX_AGENT, NO_ANSWER, batch_body, box_body, calls_body


def test_a_call_of_cartesia_is_unknown_here_under_the_same_key(account: Account, box: httpx.Client) -> None:
    cartesia = account.at_cartesia()
    single = cartesia.post("/agents/calls", json=calls_body()).json()["calls"][0]
    batch = cartesia.post("/agents/calls/batches", json=batch_body()).json()
    (person,) = cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    for call in (single["agent_call_id"], person["agent_call_id"]):
        assert cartesia.get(f"/agents/calls/{call}").status_code == 200
        assert box.get(f"/v1/calls/{call}").status_code == 404


def test_a_call_turned_away_calls_no_phone(account: Account, box: httpx.Client) -> None:
    place_call(box, "+14155550194")
    account.advance(600)
    assert account.calls()["+14155550194"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"agent_id": None},
        {"agent_id": "agent_A"},
        {"to": None},
        {"to": "4155550100"},
        {"to": 14155550100},
        {"from_number": "2025550100"},
        {"from_number": "+442079460000"},
        {"persona": "kind"},
        {"voice": "x"},
        {"language": "en"},
        {"returns": {}},
        {"tools": []},
        {"voicemail_action": "hangup"},
        {"prompt": "old"},
        {"metadata": "x"},
        {"context": []},
        {"instructions": 1},
    ],
)
def test_a_bad_call_is_refused_and_calls_nobody(account: Account, box: httpx.Client, changes: dict[str, Any]) -> None:
    body = {name: value for name, value in (box_body() | changes).items() if value is not None}
    answer = box.post("/v1/calls", json=body)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert box.get("/v1/calls").json()["data"] == []


def test_a_missing_agent_is_not_found(box: httpx.Client) -> None:
    assert box.post("/v1/calls", json=box_body(agent_id="missing")).status_code == 404
    assert box.get("/v1/agents/missing").status_code == 404


def test_calls_of_another_organisation_are_not_found(account: Account, box: httpx.Client) -> None:
    call = place_call(box)
    assert account.at_callingbox(key="sk_other").get(f"/v1/calls/{call['id']}").status_code == 404


def test_calls_pause_when_the_balance_carries_no_more_holds(account: Account, box: httpx.Client) -> None:
    account.limits(balance_cents=788)
    place_call(box, NO_ANSWER)
    place_call(box, NO_ANSWER)
    answer = box.post("/v1/calls", json=box_body())
    assert answer.status_code == 402
    assert answer.json()["error"] == (
        "Calls paused. Your balance is $1.88 but each call requires a $3.00 hold (we release it back if no one"
        " answers). Add $1.12 or more in credits to keep calling."
    )
    assert account.calls()[ADA] == 0


def test_holds_are_released_when_calls_are_over(account: Account, box: httpx.Client) -> None:
    account.limits(balance_cents=300)
    place_call(box, NO_ANSWER)
    account.advance(60)
    place_call(box, NO_ANSWER)


def test_what_was_charged_is_gone(account: Account, box: httpx.Client) -> None:
    account.limits(balance_cents=300)
    place_call(box, reached_number())
    account.advance(600)
    assert box.post("/v1/calls", json=box_body()).status_code == 402


def test_agents_and_numbers_that_were_used_are_listed(box: httpx.Client) -> None:
    place_call(box, from_number="+12025550107")
    agents = [one["id"] for one in box.get("/v1/agents", params={"type": "outbound"}).json()["data"]]
    assert CALLINGBOX_AGENT in agents
    assert box.get("/v1/agents", params={"type": "inbound"}).json()["data"] == []
    assert {one["e164"] for one in box.get("/v1/numbers").json()} == {"+12025550100", "+12025550107"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_revoked"}, {"X-API-Key": "sk_a"}])
def test_callingbox_wants_a_bearer_key(account: Account, headers: dict[str, str]) -> None:
    answer = account.client(**headers).get("/v1/calls")
    assert (answer.status_code, set(answer.json())) == (401, {"error"})
