"""Vapi's campaigns: their window, their end, what a cancel leaves, and what lists hide."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..request_bodies import (
    ADA,
    AWAY,
    BROKEN,
    BUSY,
    FAILED,
    MACHINE,
    NO_ANSWER,
    UNKNOWN_WORD,
    VAPI_CAMPAIGNS,
    fault_rule,
    fictional_numbers,
    vapi_campaign_body,
)


def create(vapi: httpx.Client, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = vapi.post(VAPI_CAMPAIGNS, json=vapi_campaign_body(*numbers, **changes))
    assert response.status_code == 201, response.text
    campaign: dict[str, Any] = response.json()
    return campaign


def plan(account: Account, start: float, end: float | None = None) -> dict[str, str]:
    times = {"earliestAt": account.later(start)}
    return times if end is None else times | {"latestAt": account.later(end)}


def read(vapi: httpx.Client, campaign: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = vapi.get(f"{VAPI_CAMPAIGNS}/{campaign['id']}", params={"includeCounters": "true"}).json()
    return answer


def people(vapi: httpx.Client, campaign: dict[str, Any], **params: Any) -> list[tuple[Any, ...]]:
    page = vapi.get(f"{VAPI_CAMPAIGNS}/{campaign['id']}/contacts", params=params).json()["results"]
    return [(one["status"], one.get("endedReason"), "callId" in one and "dispatchedAt" in one) for one in page]


def test_a_create_starts_and_its_repeat_calls_everybody_again(vapi: httpx.Client, account: Account) -> None:
    assert create(vapi)["status"] == "in-progress"
    create(vapi)
    account.advance(1)
    assert account.calls()[ADA] == 2


def test_words_for_every_end(vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, NO_ANSWER, BUSY, FAILED, AWAY, MACHINE, BROKEN, UNKNOWN_WORD)
    assert ("contact.dispatched", None, True) in people(vapi, campaign)
    account.advance(600)
    assert people(vapi, campaign) == [
        ("contact.completed", "customer-did-not-answer", True),
        ("contact.completed", "customer-busy", True),
        ("contact.failed", "twilio-failed-to-connect-call", True),
        ("contact.failed", "call.start.error-vapi-number-international", False),
        ("contact.completed", "voicemail", True),
        ("contact.failed", "pipeline-error-openai-llm-failed", True),
        ("contact.completed", "customer-was-diverted", True),
    ]
    seen = read(vapi, campaign)
    assert (seen["status"], seen["endedReason"]) == ("ended", "campaign.ended.success")
    assert seen["callMetrics"] == {"dialed": 6, "connected": 1}
    assert AWAY not in account.calls()


def test_a_campaign_waits_for_its_start(vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, schedulePlan=plan(account, 120))
    assert (campaign["status"], account.calls()) == ("scheduled", {})
    account.advance(121)
    assert account.calls() == {ADA: 1}


def test_nobody_is_called_after_the_end(vapi: httpx.Client, account: Account) -> None:
    numbers = fictional_numbers(5)
    campaign = create(vapi, *numbers, maxConcurrency=1, schedulePlan=plan(account, 10, 30))
    account.advance(7200)
    called = account.calls()
    assert 0 < len(called) < 5
    assert people(vapi, campaign)[len(called) :] == [("contact.skipped", None, False)] * (5 - len(called))
    assert read(vapi, campaign)["status"] == "ended"
    account.faults(fault_rule("listContacts", {"keeps_pending": True}))
    assert people(vapi, campaign)[-1] == ("contact.pending", None, False)


def test_without_an_end_an_hour_is_the_end(vapi: httpx.Client, account: Account) -> None:
    numbers = fictional_numbers(200)
    campaign = create(vapi, *numbers, maxConcurrency=1)
    account.advance(7200)
    called = account.calls()
    assert 20 < len(called) < 200
    account.advance(36_000)
    assert (account.calls(), read(vapi, campaign)["status"]) == (called, "ended")


@pytest.mark.parametrize(("switch", "status", "calls"), [("start", 201, 1), ("refuse", 400, 0)])
def test_a_start_that_has_passed(switch: str, status: int, calls: int, vapi: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("createCampaignV2", {"past": switch}))
    body = vapi_campaign_body(schedulePlan=plan(account, -60, 600))
    assert vapi.post(VAPI_CAMPAIGNS, json=body).status_code == status
    account.advance(60)
    assert sum(account.calls().values()) == calls


@pytest.mark.parametrize(("switch", "status"), [("empty", 201), ("refuse", 400)])
def test_an_end_that_has_passed_calls_nobody(switch: str, status: int, vapi: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("createCampaignV2", {"past_end": switch}))
    body = vapi_campaign_body(schedulePlan=plan(account, -600, -60))
    assert vapi.post(VAPI_CAMPAIGNS, json=body).status_code == status
    account.advance(7200)
    assert account.calls() == {}


def test_a_late_request_with_an_end_calls_nobody(vapi: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("createCampaignV2", {"late": 4000}))
    with pytest.raises(httpx.RemoteProtocolError):
        create(vapi, schedulePlan=plan(account, 120, 3600))
    account.advance(7200)
    assert account.calls() == {}
    (listed,) = vapi.get(VAPI_CAMPAIGNS).json()["results"]
    assert listed["status"] == "ended"


@pytest.mark.parametrize(
    ("do", "waiting"), [({"lag": 0}, "contact.skipped"), ({"keeps_pending": True}, "contact.pending")]
)
def test_a_cancel_leaves_those_who_wait(do: Any, waiting: str, vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, MACHINE, ADA, maxConcurrency=1)
    cancelled = vapi.patch(f"{VAPI_CAMPAIGNS}/{campaign['id']}", json={"status": "cancelled"}).json()
    assert (cancelled["status"], cancelled["endedReason"]) == ("cancelled", "campaign.in-progress.ended-by-user")
    account.advance(600)
    account.faults(fault_rule("listContacts", do))
    assert people(vapi, campaign) == [("contact.completed", "voicemail", True), (waiting, None, False)]
    assert account.calls() == {MACHINE: 1}
    again = vapi.patch(f"{VAPI_CAMPAIGNS}/{campaign['id']}", json={"status": "cancelled"})
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


def test_a_call_may_go_out_after_the_answer_to_a_cancel(vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, schedulePlan=plan(account, 10))
    account.faults(fault_rule("cancelCampaignV2", {"effect_after": 20}))
    vapi.patch(f"{VAPI_CAMPAIGNS}/{campaign['id']}", json={"status": "cancelled"})
    account.advance(600)
    assert account.calls() == {ADA: 1}


def test_what_is_over_stays_over_after_a_cancel(vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, BUSY)
    account.advance(600)
    assert vapi.patch(f"{VAPI_CAMPAIGNS}/{campaign['id']}", json={"status": "cancelled"}).json()["status"] == "ended"


def test_a_deletion_hides_the_evidence_everywhere(vapi: httpx.Client) -> None:
    campaign = create(vapi, MACHINE)
    path = f"{VAPI_CAMPAIGNS}/{campaign['id']}"
    assert vapi.delete(path).json()["status"] == "archived"
    assert [vapi.get(one).status_code for one in (path, f"{path}/contacts")] == [404, 404]
    assert vapi.get(VAPI_CAMPAIGNS).json()["results"] == []


def test_the_check_before_each_call_fails_closed(vapi: httpx.Client, account: Account) -> None:
    campaign = create(vapi, server={"url": "https://example.com/check"}, predialPlan={"enabled": True})
    account.advance(60)
    assert (people(vapi, campaign), account.calls()) == ([("contact.predial-failed", None, False)], {})


def test_contacts_come_in_pages_in_the_order_of_the_request(vapi: httpx.Client) -> None:
    numbers = fictional_numbers(120)
    path = f"{VAPI_CAMPAIGNS}/{create(vapi, *numbers)['id']}/contacts"
    pages = [vapi.get(path, params={"page": page}).json() for page in (1, 2, 3)]
    assert [one["number"] for page in pages for one in page["results"]] == numbers
    assert [page["metadata"]["hasNextPage"] for page in pages] == [True, True, False]
    assert "nextCursor" not in pages[0]["metadata"]
    assert len(vapi.get(path, params={"status": "contact.pending", "limit": 1000}).json()["results"]) == 110


def test_pages_by_number_shift_and_cursors_do_not(vapi: httpx.Client) -> None:
    ids = [create(vapi)["id"] for _ in range(4)]
    first = vapi.get(VAPI_CAMPAIGNS, params={"limit": 2}).json()
    create(vapi)
    shifted = vapi.get(VAPI_CAMPAIGNS, params={"limit": 2, "page": 2}).json()
    steady = vapi.get(VAPI_CAMPAIGNS, params={"limit": 2, "cursor": first["metadata"]["nextCursor"]}).json()
    assert [one["id"] for one in first["results"]] == ids[:1:-1]
    assert [one["id"] for one in shifted["results"]] == ids[2:0:-1]
    assert [one["id"] for one in steady["results"]] == ids[1::-1]


def test_lists_filter_by_time_and_order(vapi: httpx.Client, account: Account) -> None:
    older = create(vapi)
    account.advance(60)
    newer = create(vapi)
    ascending = vapi.get(VAPI_CAMPAIGNS, params={"sortOrder": "ASC"}).json()["results"]
    assert [one["id"] for one in ascending] == [older["id"], newer["id"]]
    (first,) = vapi.get(VAPI_CAMPAIGNS, params={"createdAtLe": older["createdAt"]}).json()["results"]
    (last,) = vapi.get(VAPI_CAMPAIGNS, params={"createdAtGt": older["createdAt"]}).json()["results"]
    assert (first["id"], last["id"]) == (older["id"], newer["id"])


def test_retention_hides_and_says_so(vapi: httpx.Client, account: Account) -> None:
    create(vapi)
    account.advance(7200)
    kept = create(vapi)
    assert "itemsBeyondRetention" not in vapi.get(VAPI_CAMPAIGNS).json()["metadata"]
    account.faults(fault_rule("listCampaignsV2", {"retention": 3600}))
    page = vapi.get(VAPI_CAMPAIGNS).json()
    assert [one["id"] for one in page["results"]] == [kept["id"]]
    assert page["metadata"]["itemsBeyondRetention"] is True


def test_an_account_without_campaigns(vapi: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("*", {"no_campaigns": True}, times=0))
    answer = vapi.post(VAPI_CAMPAIGNS, json=vapi_campaign_body())
    assert (answer.status_code, account.calls()) == (403, {})
    assert answer.json()["message"] == "Campaigns V2 is not enabled for your organization"
    assert vapi.get(VAPI_CAMPAIGNS).json()["statusCode"] == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"squadId": "squad"},
        {"assistantId": None},
        {"assistantId": "missing"},
        {"customers": []},
        {"customers": [{"number": "415"}]},
        {"customers": [{"number": ADA, "name": "x" * 41}]},
        {"customers": [{"number": ADA, "assistantOverrides": {"variableValues": {"text": "x" * 100_000}}}]},
        {"maxConcurrency": 0},
        {"maxConcurrency": 501},
        {"duplicateFromCampaignId": "campaign"},
        {"predialPlan": {"enabled": True}},
        {"schedulePlan": {"latestAt": "2026-01-01T00:00:00Z"}},
        {"schedulePlan": {"earliestAt": "2099-01-02T00:00:00Z", "latestAt": "2099-01-01T00:00:00Z"}},
    ],
)
def test_what_a_create_refuses(changes: dict[str, Any], vapi: httpx.Client, account: Account) -> None:
    answer = vapi.post(VAPI_CAMPAIGNS, json=vapi_campaign_body(**changes))
    assert answer.status_code == 400
    assert isinstance(answer.json()["message"], list)
    account.advance(60)
    assert account.calls() == {}
