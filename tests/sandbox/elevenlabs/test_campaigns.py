"""ElevenLabs' campaigns: created once, stopped, paused; one person taken off; what their leads and calls tell."""

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
    CAMPAIGNS,
    FAILED,
    MACHINE,
    NO_ANSWER,
    UNKNOWN_WORD,
    campaign_body,
    fault_rule,
)

EVERY_ENDING = (ADA, NO_ANSWER, BUSY, FAILED, AWAY, MACHINE, BROKEN, UNKNOWN_WORD)


def submit(eleven: httpx.Client, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = eleven.post(f"{CAMPAIGNS}/submit", json=campaign_body(*numbers, **changes))
    assert response.status_code == 201, response.text
    campaign: dict[str, Any] = response.json()["campaign"]
    return campaign


def read(eleven: httpx.Client, campaign: dict[str, Any], what: str = "") -> Any:
    return eleven.get(f"{CAMPAIGNS}/{campaign['campaign_id']}{what}").json()


def act(eleven: httpx.Client, campaign: dict[str, Any], verb: str) -> httpx.Response:
    return eleven.post(f"{CAMPAIGNS}/{campaign['campaign_id']}/{verb}")


def in_seconds(account: Account, seconds: float) -> int:
    return int(account.now().timestamp() + seconds)


def statuses(eleven: httpx.Client, campaign: dict[str, Any]) -> list[str]:
    return [call["status"] for call in read(eleven, campaign, "/calls")["calls"]]


def test_a_repeat_under_the_key_names_the_first_campaign(eleven: httpx.Client, account: Account) -> None:
    body = campaign_body(idempotency_key="k-1")
    first, second = (eleven.post(f"{CAMPAIGNS}/submit", json=body) for _ in range(2))
    assert [first.status_code, second.status_code] == [201, 200]
    assert [first.json()["created"], second.json()["created"]] == [True, False]
    assert second.json()["campaign"]["campaign_id"] == first.json()["campaign"]["campaign_id"]
    assert account.calls()[ADA] == 1


def test_a_repeat_of_the_body_alone_names_it_too(eleven: httpx.Client) -> None:
    first, second = (eleven.post(f"{CAMPAIGNS}/submit", json=campaign_body()).json() for _ in range(2))
    assert (first["campaign"]["campaign_id"], second["created"]) == (second["campaign"]["campaign_id"], False)


@pytest.mark.parametrize(("rule", "seconds"), [({"key_life": 0}, 0), (None, 3601)])
def test_a_forgotten_key_creates_a_second_campaign(
    eleven: httpx.Client, account: Account, rule: dict[str, Any] | None, seconds: int
) -> None:
    if rule is not None:
        account.faults(fault_rule("submitCampaign", rule, times=0))
    body = campaign_body(idempotency_key="k-1")
    first = eleven.post(f"{CAMPAIGNS}/submit", json=body).json()
    account.advance(seconds)
    assert eleven.post(f"{CAMPAIGNS}/submit", json=body).json()["created"] is True
    assert first["created"] is True
    assert len(eleven.get(CAMPAIGNS).json()["campaigns"]) == 2


def test_a_key_with_another_body_is_refused_or_answers_the_first(eleven: httpx.Client, account: Account) -> None:
    first = submit(eleven, idempotency_key="k-1")
    other = campaign_body(BUSY, idempotency_key="k-1")
    assert eleven.post(f"{CAMPAIGNS}/submit", json=other).status_code == 409
    account.faults(fault_rule("submitCampaign", {"other_body": "first"}))
    answer = eleven.post(f"{CAMPAIGNS}/submit", json=other).json()
    assert (answer["created"], answer["campaign"]["campaign_id"]) == (False, first["campaign_id"])


def test_a_start_that_has_passed_calls_at_once_or_is_refused(eleven: httpx.Client, account: Account) -> None:
    submit(eleven, scheduled_time_unix=in_seconds(account, -600))
    assert account.calls()[ADA] == 1
    account.faults(fault_rule("submitCampaign", {"past": "refuse"}))
    late = campaign_body(BUSY, scheduled_time_unix=in_seconds(account, -600))
    answer = eleven.post(f"{CAMPAIGNS}/submit", json=late)
    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, "value_error")


def test_nobody_is_called_before_the_start(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, scheduled_time_unix=in_seconds(account, 120))
    account.advance(110)
    (lead,) = read(eleven, campaign, "/leads")["leads"]
    assert (lead["attempt_count"], lead["terminal_disposition"], statuses(eleven, campaign)) == (0, None, ["queued"])
    account.advance(20)
    assert (statuses(eleven, campaign), account.calls()[ADA]) == (["submitted"], 1)


def test_each_ending_has_its_words(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, *EVERY_ENDING, target_concurrency_limit=50)
    account.advance(3600)
    calls = read(eleven, campaign, "/calls")["calls"]
    assert [call["call_result"] for call in calls] == [
        "answered",
        "no_answer",
        "busy",
        "failed",
        "failed",
        "voicemail",
        "failed",
        "diverted",
    ]
    assert [call["conversation_id"] is None for call in calls] == [number == AWAY for number in EVERY_ENDING]
    leads = read(eleven, campaign, "/leads")["leads"]
    assert {lead["attempt_count"] for lead in leads} == {1}
    assert [lead["terminal_disposition"] for lead in leads] == ["completed", *["attempt_ceiling_reached"] * 7]
    assert read(eleven, campaign)["status"] == "completed"


def test_a_lead_counts_its_attempt_at_hand_off_or_at_ringing(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven)
    account.advance(1)
    assert read(eleven, campaign, "/leads")["leads"][0]["attempt_count"] == 1
    account.faults(fault_rule("listLeads", {"count_ringing": True}, times=0))
    assert read(eleven, campaign, "/leads")["leads"][0]["attempt_count"] == 0
    account.advance(2)
    assert read(eleven, campaign, "/leads")["leads"][0]["attempt_count"] == 1


def test_a_stop_ends_what_is_queued_and_lets_calls_finish(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, MACHINE, BUSY, ADA, target_concurrency_limit=1)
    stopped = act(eleven, campaign, "stop")
    assert (stopped.status_code, stopped.json()["status"]) == (202, "stopping")
    assert statuses(eleven, campaign) == ["submitted", "cancelled", "cancelled"]
    account.advance(600)
    assert (act(eleven, campaign, "stop").status_code, read(eleven, campaign)["status"]) == (200, "stopped")
    dispositions = [lead["terminal_disposition"] for lead in read(eleven, campaign, "/leads")["leads"]]
    assert dispositions == ["attempt_ceiling_reached", "cancelled", "cancelled"]
    assert act(eleven, campaign, "resume").status_code == 409
    assert sum(account.calls().values()) == 1


def test_a_stop_of_a_completed_campaign_changes_nothing(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven)
    account.advance(600)
    assert act(eleven, campaign, "stop").json() == read(eleven, campaign)
    assert read(eleven, campaign)["status"] == "completed"


def test_one_person_is_taken_off_without_moving_the_others(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, ADA, BUSY, FAILED, scheduled_time_unix=in_seconds(account, 120))
    leads = read(eleven, campaign, "/leads")["leads"]
    path = f"{CAMPAIGNS}/{campaign['campaign_id']}/leads/{leads[1]['lead_id']}"
    removed = eleven.delete(path)
    assert (removed.status_code, removed.json()["has_calls_in_flight"]) == (200, False)
    account.advance(600)
    assert account.calls() == {ADA: 1, FAILED: 1}
    assert eleven.get(path).json()["terminal_disposition"] == "removed"
    assert read(eleven, campaign)["status"] == "completed"


def test_taking_off_while_the_phone_rings_says_so(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven)
    (lead,) = read(eleven, campaign, "/leads")["leads"]
    removed = eleven.delete(f"{CAMPAIGNS}/{campaign['campaign_id']}/leads/{lead['lead_id']}")
    assert (removed.status_code, removed.json()["has_calls_in_flight"], account.calls()[ADA]) == (202, True, 1)


def test_a_pause_holds_new_calls_until_it_ends(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, MACHINE, BUSY, target_concurrency_limit=1)
    assert act(eleven, campaign, "pause").json()["status"] == "paused"
    account.advance(3600)
    assert (account.calls(), statuses(eleven, campaign)) == ({MACHINE: 1}, ["completed", "queued"])
    assert act(eleven, campaign, "resume").json()["status"] == "active"
    account.advance(600)
    assert account.calls() == {MACHINE: 1, BUSY: 1}


def test_a_search_finds_names_that_contain_a_text_unless_it_is_blind(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven, call_name="March ~d1.mark")
    submit(eleven, call_name="April")

    def search() -> list[str]:
        found = eleven.get(CAMPAIGNS, params={"search": "~d1.mark"}).json()["campaigns"]
        return [entry["campaign_id"] for entry in found]

    assert search() == [campaign["campaign_id"]]
    account.faults(fault_rule("listCampaigns", {"blind_search": True}), fault_rule("listCampaigns", {"lag": 60}))
    assert search() == []


def test_lists_are_newest_first_and_lag_or_forget_as_told(eleven: httpx.Client, account: Account) -> None:
    ids = []
    for name in ("a", "b", "c"):
        ids.append(submit(eleven, call_name=name)["campaign_id"])
        account.advance(60)
    first = eleven.get(CAMPAIGNS, params={"page_size": 2}).json()
    rest = eleven.get(CAMPAIGNS, params={"page_size": 2, "cursor": first["next_cursor"]}).json()
    shown = [entry["campaign_id"] for page in (first, rest) for entry in page["campaigns"]]
    assert (shown, first["has_more"], rest["has_more"]) == (ids[::-1], True, False)
    for do, expected in (({"lag": 90}, ids[1::-1]), ({"retention": 90}, ids[:1:-1]), ({"hide": 2}, [ids[2], ids[0]])):
        account.faults(fault_rule("listCampaigns", do))
        assert [entry["campaign_id"] for entry in eleven.get(CAMPAIGNS).json()["campaigns"]] == expected


def test_fewer_people_than_were_sent_are_counted(eleven: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("submitCampaign", {"leave_out": 1}))
    assert submit(eleven, ADA, BUSY)["counts"]["leads"] == 1
    account.faults(fault_rule("listLeads", {"drop_members": 1}))
    assert read(eleven, submit(eleven, ADA, FAILED), "/leads")["leads"][1:] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"surprise": 1}, "surprise is not a field"),
        ({"recipients": []}, "1 to 10000 entries"),
        ({"recipients": [{"phone_number": "415"}]}, "E.164"),
        ({"recipients": [{"phone_number": ADA, "phone_numbers": [BUSY]}]}, "phone_numbers is not a field"),
        ({"channel_config": {"channel": "whatsapp"}}, "agent_phone_number_id is required"),
        ({"policy": {"retry": {"max_total_calls": 1}}}, "not taken together with variant simple"),
        ({"scheduled_time_unix": "soon"}, "scheduled_time_unix must be an integer"),
    ],
)
def test_a_wrong_body_is_refused_with_a_list(eleven: httpx.Client, changes: dict[str, Any], said: str) -> None:
    answer = eleven.post(f"{CAMPAIGNS}/submit", json=campaign_body(**changes))
    assert answer.status_code == 422
    assert said in answer.json()["detail"][0]["msg"]


def test_without_simple_the_provider_may_call_again(eleven: httpx.Client) -> None:
    assert submit(eleven)["policy"]["retry"]["max_total_calls"] == 1
    assert submit(eleven, variant=None)["policy"]["retry"]["max_total_calls"] == 3


@pytest.mark.parametrize("headers", [{}, {"xi-api-key": "sk_revoked"}, {"Authorization": "Bearer sk_a"}])
def test_elevenlabs_wants_its_own_header(account: Account, headers: dict[str, str]) -> None:
    answer = account.client(**headers).get(CAMPAIGNS)
    assert (answer.status_code, answer.json()["detail"]["status"]) == (401, "invalid_api_key")


def test_campaigns_of_another_key_or_of_batch_calling_do_not_exist(eleven: httpx.Client, account: Account) -> None:
    campaign = submit(eleven)
    assert account.at_elevenlabs("sk_other").get(f"{CAMPAIGNS}/{campaign['campaign_id']}").status_code == 404
    assert eleven.get(f"/v1/convai/batch-calling/{campaign['campaign_id']}").status_code == 404
    assert account.at_cartesia().get("/agents/calls/batches").json()["data"] == []
