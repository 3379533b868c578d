"""Telnyx' scheduled events: keys, times, deletion, lists by offset, and own retries."""

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
    EVENTS,
    FAILED,
    MACHINE,
    NO_ANSWER,
    UNKNOWN_WORD,
    event_body,
    fault_rule,
)


def create(telnyx: httpx.Client, number: str = ADA, key: str | None = None, **changes: Any) -> dict[str, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    response = telnyx.post(EVENTS, json=event_body(number, **changes), headers=headers)
    assert response.status_code == 201, response.text
    event: dict[str, Any] = response.json()
    return event


def read(telnyx: httpx.Client, event: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = telnyx.get(f"{EVENTS}/{event['scheduled_event_id']}").json()
    return current


def test_a_key_replays_the_first_answer_for_a_day(telnyx: httpx.Client, account: Account) -> None:
    first = create(telnyx, key="d1:a")
    account.advance(86_000)
    assert create(telnyx, key="d1:a") == first
    assert account.calls()[ADA] == 1
    account.advance(500)
    assert create(telnyx, key="d1:a")["scheduled_event_id"] != first["scheduled_event_id"]


def test_a_key_belongs_to_one_assistant_and_may_not_be_honoured(telnyx: httpx.Client, account: Account) -> None:
    first = create(telnyx, key="d1:a")
    other = telnyx.post(
        EVENTS.replace("assistant-A", "assistant-B"), json=event_body(), headers={"Idempotency-Key": "d1:a"}
    )
    assert other.json()["scheduled_event_id"] != first["scheduled_event_id"]
    account.faults(fault_rule("createScheduledEvent", {"key_life": 0}))
    assert create(telnyx, key="d1:a")["scheduled_event_id"] != first["scheduled_event_id"]


def test_a_key_with_another_body_is_refused_or_answers_the_first(telnyx: httpx.Client, account: Account) -> None:
    first = create(telnyx, key="d1:a")
    refused = telnyx.post(EVENTS, json=event_body(BUSY), headers={"Idempotency-Key": "d1:a"})
    assert (refused.status_code, set(refused.json())) == (422, {"errors"})
    account.faults(fault_rule("createScheduledEvent", {"other_body": "first"}))
    assert create(telnyx, BUSY, key="d1:a") == first


def test_a_key_is_free_after_an_answer_that_failed(telnyx: httpx.Client, account: Account) -> None:
    account.faults(fault_rule("createScheduledEvent", {"status": {"code": 503, "effect": False}}))
    assert telnyx.post(EVENTS, json=event_body(), headers={"Idempotency-Key": "d1:a"}).status_code == 503
    create(telnyx, key="d1:a")
    assert account.calls()[ADA] == 1


def test_an_event_calls_at_its_time(telnyx: httpx.Client, account: Account) -> None:
    event = create(telnyx, scheduled_at_fixed_datetime=account.later(120))
    account.advance(100)
    assert (read(telnyx, event)["status"], account.calls()) == ("pending", {})
    account.advance(40)
    assert (read(telnyx, event)["status"], account.calls()) == ("in_progress", {ADA: 1})


def test_a_time_that_has_passed_calls_at_once_or_is_refused(telnyx: httpx.Client, account: Account) -> None:
    assert create(telnyx)["status"] == "in_progress"
    account.faults(fault_rule("createScheduledEvent", {"past": "refuse"}))
    answer = telnyx.post(EVENTS, json=event_body(BUSY))
    assert (answer.status_code, set(answer.json())) == (400, {"errors"})


def test_deleting_a_pending_event_cancels_it(telnyx: httpx.Client, account: Account) -> None:
    event = create(telnyx, scheduled_at_fixed_datetime=account.later(120))
    path = f"{EVENTS}/{event['scheduled_event_id']}"
    assert telnyx.delete(path).status_code == 204
    account.advance(600)
    assert (account.calls(), telnyx.get(path).status_code, telnyx.delete(path).status_code) == ({}, 404, 404)


def test_deleting_a_later_event_destroys_the_only_evidence(telnyx: httpx.Client, account: Account) -> None:
    event = create(telnyx)
    account.advance(1)
    assert telnyx.delete(f"{EVENTS}/{event['scheduled_event_id']}").status_code == 204
    assert telnyx.get(EVENTS).json()["data"] == []
    account.advance(600)
    assert account.calls() == {ADA: 1}


def test_each_ending_has_its_words(telnyx: httpx.Client, account: Account) -> None:
    numbers = (ADA, NO_ANSWER, BUSY, FAILED, AWAY, MACHINE, BROKEN, UNKNOWN_WORD)
    made = [create(telnyx, number) for number in numbers]
    account.advance(3600)
    shown = [read(telnyx, event) for event in made]
    assert [(event["status"], event.get("call_status")) for event in shown] == [
        ("completed", "completed"),
        ("failed", "no-answer"),
        ("failed", "busy"),
        ("failed", "failed"),
        ("failed", None),
        ("completed", "completed"),
        ("failed", "failed"),
        ("diverted", "diverted"),
    ]
    assert [event["dispatched_at"] is None for event in shown] == [number == AWAY for number in numbers]
    assert shown[4]["errors"] == ["the destination number cannot be called"]
    assert account.calls()[AWAY] == 0


def test_own_retries_call_again_where_they_were_asked_for(telnyx: httpx.Client, account: Account) -> None:
    event = create(telnyx, NO_ANSWER, max_retries_client_errors=2, retry_interval_secs=60)
    account.advance(60)
    assert (read(telnyx, event)["status"], account.calls()[NO_ANSWER]) == ("in_progress", 1)
    account.advance(600)
    ended = read(telnyx, event)
    assert (ended["status"], ended["retry_count"], len(ended["call_attempts"])) == ("failed", 2, 3)
    assert account.calls()[NO_ANSWER] == 3


def test_the_list_comes_by_offset_in_an_order_of_its_own(telnyx: httpx.Client, account: Account) -> None:
    ids = [create(telnyx)["scheduled_event_id"] for _ in range(9)]

    def pages() -> list[str]:
        answers = [
            telnyx.get(EVENTS, params={"page[size]": "5", "page[number]": str(number)}).json() for number in (1, 2)
        ]
        assert [answer["meta"]["total_pages"] for answer in answers] == [2, 2]
        return [event["scheduled_event_id"] for answer in answers for event in answer["data"]]

    assert (sorted(pages()), pages() in (ids, ids[::-1])) == (sorted(ids), False)
    account.faults(fault_rule("listScheduledEvents", {"shuffle": True}, times=0))
    assert sorted(pages()) != sorted(ids)  # somebody twice, somebody never
    for do, count in (({"lag": 60}, 0), ({"retention": 0}, 9), ({"hide": 1}, 8)):
        account.faults(fault_rule("listScheduledEvents", do))
        assert len(telnyx.get(EVENTS).json()["data"]) == count


def test_dates_filter_by_the_time_of_the_call(telnyx: httpx.Client, account: Account) -> None:
    create(telnyx)
    later = create(telnyx, scheduled_at_fixed_datetime=account.later(7200))
    found = telnyx.get(EVENTS, params={"from_date": account.later(3600)}).json()["data"]
    assert [event["scheduled_event_id"] for event in found] == [later["scheduled_event_id"]]
    assert len(telnyx.get(EVENTS, params={"to_date": account.later(3600)}).json()["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "hello"}, "text is not a field"),
        ({"telnyx_conversation_channel": "sms_chat"}, "must be one of phone_call"),
        ({"telnyx_end_user_target": "415"}, "E.164"),
        ({"max_retries_client_errors": 11}, "from 0 to 10"),
        ({"max_retries_client_errors": 1}, "retry_interval_secs is required"),
        ({"dynamic_variables": {"age": 4}}, "plain values"),
        ({"call_settings": {"sip_region": "Mars"}}, "must be one of"),
    ],
)
def test_a_wrong_body_is_refused_with_a_list(telnyx: httpx.Client, changes: dict[str, Any], said: str) -> None:
    answer = telnyx.post(EVENTS, json=event_body(**changes))
    assert answer.status_code == 422
    assert said in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("key", ["d1.a", "~d1", "", "k" * 256])
def test_a_key_has_the_characters_that_are_allowed(telnyx: httpx.Client, key: str) -> None:
    assert telnyx.post(EVENTS, json=event_body(), headers={"Idempotency-Key": key}).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_revoked"}, {"xi-api-key": "sk_a"}])
def test_telnyx_wants_a_bearer_key(account: Account, headers: dict[str, str]) -> None:
    answer = account.client(**headers).get(EVENTS)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "10401")


def test_the_version_is_part_of_the_base_url_and_the_name_too(telnyx: httpx.Client) -> None:
    create(telnyx)
    assert len(telnyx.get(EVENTS.replace("/v2", "/telnyx")).json()["data"]) == 1
    assert telnyx.get(EVENTS.removeprefix("/v2")).status_code == 404
    assert telnyx.get("/v2/ai/assistants/assistant-missing").status_code == 404
    assert telnyx.get("/v2/phone_numbers").json()["data"][0]["phone_number"] == "+12025550100"
