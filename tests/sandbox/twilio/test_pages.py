"""Twilio's list of calls in the sandbox: filters, what a time leaves out, lag, pages."""

from __future__ import annotations

import httpx
import pytest

from ..account import Account
from ..request_bodies import ADA, BUSY, fault_rule
from .test_calls import CALLS, place


def listed(twilio: httpx.Client, **params: str) -> list[str]:
    return [call["sid"] for call in twilio.get(CALLS, params=params).json()["calls"]]


def test_calls_are_filtered_by_number_and_status(twilio: httpx.Client, account: Account) -> None:
    ada, busy = place(twilio)["sid"], place(twilio, BUSY, From="+12025550101")["sid"]
    assert listed(twilio) == [busy, ada]
    assert listed(twilio, To=ADA) == [ada]
    assert listed(twilio, From="+12025550101") == [busy]
    assert listed(twilio, Status="queued", To=BUSY) == [busy]
    assert listed(twilio, Status="busy") == []
    assert listed(twilio, ParentCallSid="CA1") == []
    account.advance(60)
    assert listed(twilio, Status="busy") == [busy]


def test_a_filter_by_time_leaves_out_what_waits(twilio: httpx.Client, account: Account) -> None:
    old = place(twilio)["sid"]
    today = account.now().date().isoformat()
    assert listed(twilio, **{"StartTime>": "2020-01-01"}) == []
    account.advance(600)
    new = place(twilio)["sid"]
    assert listed(twilio, **{"StartTime>": "2020-01-01"}) == [old]
    assert listed(twilio, StartTime=today) == [old]
    assert listed(twilio, EndTime="2020-01-01") == []
    assert listed(twilio) == [new, old]


def test_a_list_may_lag_hide_and_forget(twilio: httpx.Client, account: Account) -> None:
    first, second = place(twilio)["sid"], place(twilio)["sid"]
    for do, expected in (({"lag": 60}, []), ({"hide": 1}, [second])):
        account.faults(fault_rule("listCalls", do))
        assert listed(twilio) == expected
    account.faults(fault_rule("listCalls", {"shuffle": True}))
    assert sorted(listed(twilio)) == sorted([first, second])
    account.advance(3600)
    account.faults(fault_rule("listCalls", {"retention": 60}))
    assert listed(twilio) == []


def test_pages_follow_by_their_address(twilio: httpx.Client, account: Account) -> None:
    ids = [place(twilio)["sid"] for _ in range(5)]
    first = twilio.get(CALLS, params={"PageSize": "2", "To": ADA}).json()
    second = twilio.get(first["next_page_uri"]).json()
    third = twilio.get(second["next_page_uri"]).json()
    assert third["next_page_uri"] is None
    pages = [[call["sid"] for call in page["calls"]] for page in (first, second, third)]
    assert [sid for page in pages for sid in page] == ids[::-1]
    account.faults(fault_rule("listCalls", {"repeat_page": True}))
    assert twilio.get(first["next_page_uri"]).json()["calls"] == first["calls"]


@pytest.mark.parametrize(
    "params", [{"PageSize": "0"}, {"PageSize": "1001"}, {"Page": "x"}, {"PageToken": "PA1"}, {"Since": "2026"}]
)
def test_a_wrong_question_is_refused(twilio: httpx.Client, params: dict[str, str]) -> None:
    place(twilio)
    assert twilio.get(CALLS, params=params).status_code == 400
