"""Routes of both APIs on one port, and the date of every answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx

from .account import Account
from .request_bodies import BATCHES, VARIABLES


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
