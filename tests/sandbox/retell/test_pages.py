"""Retell's list of calls: filters, order, pages, and calls that have not started."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..account import Account
from ..request_bodies import ADA, BUSY, CALL_LIST, fault_rule
from .test_calls import place


def listed(retell: httpx.Client, **body: Any) -> list[str]:
    return [call["call_id"] for call in retell.post(CALL_LIST, json=body).json()["items"]]


def marked(op: str, value: str, key: str = "dialctl") -> dict[str, Any]:
    return {"filter_criteria": {"metadata": [{"key": key, "type": "string", "op": op, "value": value}]}}


def test_a_call_that_has_not_started_is_absent_or_first_or_last(retell: httpx.Client, account: Account) -> None:
    old = place(retell)["call_id"]
    account.advance(600)
    new = place(retell)["call_id"]
    assert listed(retell) == [old]
    for place_of_it, expected in (("first", [new, old]), ("last", [old, new])):
        account.faults(fault_rule("listCalls", {"unstarted": place_of_it}))
        assert listed(retell) == expected
    account.advance(60)
    assert listed(retell) == [new, old]
    assert listed(retell, sort_order="ascending") == [old, new]


def test_metadata_is_searched(retell: httpx.Client, account: Account) -> None:
    ids = [place(retell, metadata={"dialctl": f"~d1.{number}"})["call_id"] for number in range(3)]
    place(retell, metadata={"dialctl": 7})
    place(retell)
    account.advance(600)
    assert sorted(listed(retell, **marked("sw", "~d1."))) == sorted(ids)
    assert listed(retell, **marked("eq", "~d1.1")) == [ids[1]]
    assert listed(retell, **marked("eq", "~d1.1", key="other")) == []
    account.faults(fault_rule("listCalls", {"blind_search": True}))
    assert listed(retell, **marked("eq", "~d1.1")) == []
    account.faults(fault_rule("listCalls", {"lag": 3600}))
    assert listed(retell, **marked("eq", "~d1.1")) == []


def test_all_filters_must_hold(retell: httpx.Client, account: Account) -> None:
    ada, busy = place(retell), place(retell, BUSY, override_agent_id="agent_B")
    account.advance(600)
    for criteria in (
        {"to_number": {"type": "string", "op": "eq", "value": BUSY}},
        {"agent": [{"agent_id": "agent_B"}]},
        {"call_status": {"type": "enum", "op": "in", "value": ["not_connected"]}},
        {"call_id": {"type": "string", "op": "ne", "value": ada["call_id"]}},
    ):
        assert listed(retell, filter_criteria=criteria) == [busy["call_id"]]
    since = {"type": "number", "op": "ge", "value": int(account.now().timestamp() * 1000)}
    assert listed(retell, filter_criteria={"start_timestamp": since}) == []


def test_pages_follow_by_their_key(retell: httpx.Client, account: Account) -> None:
    ids = {place(retell)["call_id"] for _ in range(5)}
    account.advance(600)
    first = retell.post(CALL_LIST, json={"limit": 3, "include_total": True}).json()
    assert (len(first["items"]), first["has_more"], first["total"]) == (3, True, 5)
    last = retell.post(CALL_LIST, json={"limit": 3, "pagination_key": first["pagination_key"]}).json()
    assert (last["has_more"], "pagination_key" in last) == (False, False)
    assert {call["call_id"] for call in first["items"] + last["items"]} == ids
    account.faults(fault_rule("listCalls", {"repeat_page": True}))
    again = retell.post(CALL_LIST, json={"limit": 3, "pagination_key": first["pagination_key"]}).json()
    assert again["items"] == first["items"]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 1001},
        {"sort_order": "newest"},
        {"pagination_key": "call_unknown"},
        {"filter_criteria": {"call_status": {"type": "enum", "op": "in", "value": ["registered"]}}},
        {"filter_criteria": {"metadata": [{"key": "dialctl", "op": "eq", "value": "m"}]}},
        {"filter_criteria": {"name": {}}},
    ],
)
def test_a_wrong_question_is_refused(retell: httpx.Client, account: Account, body: dict[str, Any]) -> None:
    place(retell, ADA)
    account.advance(600)
    assert retell.post(CALL_LIST, json=body).status_code == 422
