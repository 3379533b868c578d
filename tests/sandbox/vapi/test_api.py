"""Vapi's single calls and look-ups."""

from __future__ import annotations

from typing import Any

import httpx

from ..account import Account
from ..request_bodies import (
    ADA,
    AWAY,
    BROKEN,
    BUSY,
    NO_ANSWER,
    UNKNOWN_WORD,
    VAPI_ASSISTANT,
    VAPI_CAMPAIGNS,
    fault_rule,
    vapi_call_body,
    vapi_campaign_body,
)


def place(vapi: httpx.Client, number: str = ADA, **changes: Any) -> dict[str, Any]:
    response = vapi.post("/call", json=vapi_call_body(number, **changes))
    assert response.status_code == 201, response.text
    call: dict[str, Any] = response.json()
    return call


def test_a_call_goes_out_and_ends_with_its_reason(vapi: httpx.Client, account: Account) -> None:
    made = [place(vapi, one)["id"] for one in (NO_ANSWER, BUSY, AWAY, BROKEN, UNKNOWN_WORD)]
    assert place(vapi)["status"] == "queued"
    account.advance(600)
    ended = [vapi.get(f"/call/{one}").json() for one in made]
    assert {one["status"] for one in ended} == {"ended"}
    assert [one["endedReason"] for one in ended] == [
        "customer-did-not-answer",
        "customer-busy",
        "call.start.error-vapi-number-international",
        "pipeline-error-openai-llm-failed",
        "customer-was-diverted",
    ]
    assert (account.calls()[NO_ANSWER], AWAY in account.calls()) == (1, False)


def test_the_same_request_again_is_another_call(vapi: httpx.Client, account: Account) -> None:
    assert place(vapi)["id"] != place(vapi)["id"]
    account.advance(60)
    assert account.calls() == {ADA: 2}


def test_a_call_waits_for_its_time(vapi: httpx.Client, account: Account) -> None:
    call = place(vapi, schedulePlan={"earliestAt": account.later(120)})
    assert (call["status"], account.calls()) == ("scheduled", {})
    account.advance(121)
    assert account.calls() == {ADA: 1}


def test_a_name_holds_forty_characters(vapi: httpx.Client) -> None:
    assert place(vapi, name="x" * 40)["name"] == "x" * 40
    answer = vapi.post("/call", json=vapi_call_body(name="x" * 41))
    assert answer.json() == {
        "message": ["name must be shorter than or equal to 40 characters"],
        "error": "Bad Request",
        "statusCode": 400,
    }


def test_several_customers_get_a_call_each(vapi: httpx.Client, account: Account) -> None:
    body = vapi_call_body(customers=[{"number": ADA}, {"number": BUSY}])
    del body["customer"]
    answer = vapi.post("/call", json=body).json()
    assert (len(answer["results"]), answer["errors"]) == (2, [])
    account.advance(60)
    assert account.calls() == {ADA: 1, BUSY: 1}


def test_the_list_shows_calls_of_campaigns_and_has_no_pages(vapi: httpx.Client, account: Account) -> None:
    campaign = vapi.post(VAPI_CAMPAIGNS, json=vapi_campaign_body(BUSY)).json()
    account.advance(60)
    singles = [place(vapi, name=f"call-{index}")["id"] for index in range(8)]
    listed = vapi.get("/call", params={"assistantId": VAPI_ASSISTANT}).json()
    assert [one["id"] for one in listed][:8] == singles[::-1]
    assert listed[-1]["campaignId"] == campaign["id"]
    assert vapi.get(f"/call/{listed[-1]['id']}").json()["customer"]["number"] == BUSY
    contacts = vapi.get(f"{VAPI_CAMPAIGNS}/{campaign['id']}/contacts").json()["results"]
    assert contacts[0]["callId"] == listed[-1]["id"]
    assert vapi.get("/call", params={"page": 2}).status_code == 400
    assert len(vapi.get("/call", params={"limit": 3}).json()) == 3
    account.faults(fault_rule("listCalls", {"shuffle": True}))
    shuffled = [one["id"] for one in vapi.get("/call").json()]
    assert (sorted(shuffled), shuffled != [one["id"] for one in listed]) == (sorted(one["id"] for one in listed), True)


def test_assistants_squads_and_numbers_exist_unless_their_id_says_missing(vapi: httpx.Client) -> None:
    for noun in ("assistant", "squad", "phone-number"):
        assert vapi.get(f"/{noun}/{VAPI_ASSISTANT}").json()["id"] == VAPI_ASSISTANT
        assert vapi.get(f"/{noun}/missing").status_code == 404
    assert vapi.get(f"/phone-number/{VAPI_ASSISTANT}").json()["number"].startswith("+1202555")


def test_a_key_is_asked_for(account: Account) -> None:
    answer = account.at_vapi("revoked").get("/call")
    assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")
