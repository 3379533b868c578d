"""Routes of both APIs on one port, and the date of every answer."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from .account import Account
from .request_bodies import BATCHES, VARIABLES, batch_body, fault_rule


def test_an_unknown_route_is_not_found_in_json(account: Account) -> None:
    answer: httpx.Response = account.at_cartesia().get("/agents/nowhere/at/all")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


def test_both_apis_also_live_under_their_names(account: Account) -> None:
    assert account.at_cartesia().get("/cartesia/agents/calls/batches").status_code == 200
    assert account.at_callingbox().get("/callingbox/v1/agents").json()["data"][0]["type"] == "outbound"
    assert account.at_cartesia(VARIABLES).get("/v1/agents").json()["has_more"] is False
    assert "has_more" not in account.at_callingbox().get("/v1/agents").json()


def test_answers_carry_the_date_of_the_sandbox(either: Account) -> None:
    either.advance(86_400)
    for path in ("/", "/nowhere", "/_sandbox/clock", BATCHES):
        told = parsedate_to_datetime(either.client().get(path).headers["date"])
        assert int(told.timestamp()) == int(either.control("GET", "clock")["epoch"])


def test_an_answer_has_one_date(served: Account) -> None:
    headers = served.client().get("/").headers
    assert len(headers.get_list("date")) == 1
    assert "server" not in headers


def test_an_answer_trickles_byte_by_byte(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", {"trickle": 0.001}))
    began = time.monotonic()
    answer = either.at_cartesia().get(BATCHES)
    assert answer.json()["data"] == []
    assert time.monotonic() - began >= 0.001 * len(answer.content)


def test_a_reader_of_a_trickle_can_give_up(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"trickle": 0.2}))
    with pytest.raises(httpx.ReadTimeout):
        either.at_cartesia().post(BATCHES, json=batch_body(), timeout=httpx.Timeout(5, read=0.05))
    assert len(either.at_cartesia().get(BATCHES).json()["data"]) == 1


def test_an_answer_of_some_megabytes_is_still_json(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", {"pad_mb": 3}))
    answer = either.at_cartesia().get(BATCHES)
    assert (len(answer.content) > 3_000_000, answer.json()["data"]) == (True, [])


def test_a_large_answer_can_be_abandoned(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", {"pad_mb": 50}))
    with either.at_cartesia().stream("GET", BATCHES) as answer:
        assert len(next(answer.iter_raw(1000))) == 1000
    assert either.at_cartesia().get(BATCHES).status_code == 200
