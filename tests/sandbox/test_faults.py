"""Which fault rule applies to a request, and which rules are refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .account import Account
from .request_bodies import BATCHES, fault_rule


def test_after_and_times_bound_a_rule(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", {"status": {"code": 500, "effect": False}}, after=1, times=2))
    codes = [either.at_cartesia().get(BATCHES).status_code for _ in range(5)]
    assert codes == [200, 500, 500, 200, 200]
    assert either.control("GET", "faults")["seen"] == [5]


def test_the_first_of_two_rules_wins_where_they_disagree(either: Account) -> None:
    teapots = [fault_rule("*", {"status": {"code": code, "effect": False}}) for code in (503, 500)]
    either.faults(*teapots)
    assert either.at_cartesia().get(BATCHES).status_code == 503


def headed(name: str, value: str) -> dict[str, Any]:
    return {"status": {"code": 500, "effect": False, "headers": {name: value}}}


@pytest.mark.parametrize(
    ("match", "do", "place"),
    [
        ({"operation": "call"}, {"delay": 31}, ".match.operation: 'call'"),
        ({"after": 1.0}, "lost_answer", ".match.after: 1.0"),
        ({}, "lost-answer", ".do: 'lost-answer' is not one of ['lost_request', "),
        ({}, {"lates": 3}, ".do: Additional properties are not allowed ('lates'"),
        ({}, {"delay": 31}, ".do.delay: 31"),
        ({}, {"truncate": 10.0}, ".do.truncate: 10.0"),
        ({}, {"drop_members": 1.0}, ".do.drop_members: 1.0"),
        ({}, {"status": {"code": 200.0, "effect": True}}, ".do.status.code: 200.0"),
        ({}, {"status": {"code": 500}}, ".do.status: 'effect'"),
        ({}, headed("x", "a\r\nx: b"), ".do.status.headers.x: "),
        ({}, headed("x", "a\n"), ".do.status.headers.x: "),
        ({}, headed("x y", "a"), ".do.status.headers: 'x y'"),
        ({}, headed("x\n", "a"), ".do.status.headers: 'x"),
    ],
)
def test_wrong_rules_are_refused_with_the_place(account: Account, match: Any, do: Any, place: str) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        account.faults({"match": match, "do": do})
    assert f"faults[0]{place}" in refused.value.response.json()["error"]


@pytest.mark.parametrize("levels", [*range(240, 256), 900])
def test_rules_nested_deeply_are_refused_or_kept(account: Account, levels: int) -> None:
    patch = f'{{"in": {"[" * levels}{"]" * levels}}}'
    rules = f'[{{"match": {{"times": 0}}, "do": {{"edit": {patch}, "edit_items": {patch}}}}}]'
    assert account.client().put("/_sandbox/faults", content=rules).status_code in (200, 400)
    assert account.client().get("/_sandbox/faults").status_code == 200
    assert account.at_callingbox().get("/v1/calls").status_code == 200
