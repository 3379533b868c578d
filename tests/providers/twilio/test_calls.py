"""Twilio's calls: what is sent, what is believed of an answer, how a call is taken back and found by its number."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.remote import Phase
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Busy, Done, NumberChannel, OutOfFunds, Rejected
from tests.providers.dial_requests import QUEUED, QUEUED_CALL, outcome
from tests.providers.read_requests import COMPLETED_CALL
from tests.providers.scripted_provider import (
    ACCOUNT,
    KEY,
    MARK,
    Exchange,
    answering,
    member,
    open_exchange,
    pages_of,
    submission,
)

CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
SID = str(QUEUED_CALL["sid"])
SETTINGS: dict[str, Json] = {"From": "+12025550100", "Url": "https://agent.example.com/twiml?a=1", "Timeout": 25}


def answer(code: int = 200, **fields: Json) -> httpx.Response:
    return httpx.Response(code, json=QUEUED_CALL | fields)


def refusal(status: int, code: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "more_info": "https://x", "status": status})


def form_of(exchange: Exchange) -> dict[str, list[str]]:
    return parse_qs(exchange.sent[-1].content.decode(), strict_parsing=True)


def test_a_call_is_a_form_under_both_halves_of_the_key() -> None:
    exchange = open_exchange(answering(answer(201)), "twilio")
    payload = '{"Parameters":{"age":3,"name":"Ada & Bo","vip":true}}'
    done = exchange.channel(Route.CALL).submit(submission([("+14155550101", payload)], SETTINGS))
    assert isinstance(done, Done)
    [sent] = exchange.sent
    assert (sent.method, sent.url.path) == ("POST", f"{CALLS}.json")
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.headers["authorization"] == f"Basic {b64encode(f'{ACCOUNT}:{KEY}'.encode()).decode()}"
    assert form_of(exchange) == {
        "To": ["+14155550101"],
        "From": ["+12025550100"],
        "Url": ["https://agent.example.com/twiml?a=1&age=3&name=Ada+%26+Bo&vip=true"],
        "Timeout": ["25"],
    }
    assert (done.remote.mark, done.remote.queued_for) == (MARK, timedelta(seconds=1))
    assert done.remote.created_at == datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_without_data_the_address_is_sent_as_it_is_written() -> None:
    exchange = open_exchange(answering(answer(201)), "twilio")
    settings = {**SETTINGS, "Url": "https://agent.example.com/a%20b?x=1+2&empty="}
    exchange.channel(Route.CALL).submit(submission(settings=settings))
    assert form_of(exchange)["Url"] == ["https://agent.example.com/a%20b?x=1+2&empty="]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (refusal(429, 20429), Busy),
        (refusal(429, 22005, "Call Queue Full"), Busy),
        (refusal(400, 22005, "Call Queue Full"), Busy),
        (refusal(429, 20001), Ambiguous),
        (httpx.Response(429, json={"message": "slow down"}), Ambiguous),
        (refusal(503, 20503), Ambiguous),
        (refusal(400, 21211, "Invalid 'To' Phone Number"), Rejected),
        (httpx.Response(400, json={"message": "Bad request"}), Ambiguous),
        (httpx.Response(400, json={"code": 21211, "message": "no", "status": 403}), Ambiguous),
        (httpx.Response(400, json={"code": 21211, "message": "no", "request": "r-1"}), Ambiguous),
        (refusal(403, 20005, "Account AC0 is suspended"), OutOfFunds),
        (refusal(400, 21216, "Account is not active"), OutOfFunds),
        (refusal(400, 20001, "Insufficient funds"), OutOfFunds),
        (httpx.Response(201, json={"status": "queued"}), Ambiguous),
        (httpx.Response(201, text="created"), Ambiguous),
    ],
)
def test_an_answer_proves_what_its_code_says(response: httpx.Response, expected: type) -> None:
    assert isinstance(outcome(QUEUED, response), expected)


def test_a_call_is_cancelled_and_never_deleted() -> None:
    exchange = open_exchange(answering(answer(status="canceled")), "twilio")
    done = exchange.channel(Route.CALL).cancel(SID)
    assert isinstance(done, Done)
    assert (done.remote.cancelled, member(done.remote)["phase"]) == (True, Phase.CANCELLED)
    [sent] = exchange.sent
    assert (sent.method, sent.url.path, sent.content) == ("POST", f"{CALLS}/{SID}.json", b"Status=canceled")


def test_a_call_that_is_over_refuses_a_cancel_and_reads_how_it_ended() -> None:
    over = httpx.Response(200, json=COMPLETED_CALL)
    exchange = open_exchange(answering(refusal(400, 21220), over), "twilio")
    done = exchange.channel(Route.CALL).cancel(SID)
    assert isinstance(done, Done)
    assert member(done.remote)["phase"] == Phase.REACHED


@pytest.mark.parametrize("then", [answer(), refusal(404, 20404), httpx.Response(403, text="<html>")])
def test_a_cancel_that_is_refused_proves_nothing_of_a_call_that_still_waits(then: httpx.Response) -> None:
    exchange = open_exchange(answering(refusal(400, 21220), then), "twilio")
    assert isinstance(exchange.channel(Route.CALL).cancel(SID), Rejected)


def page(*ids: str, **fields: Json) -> httpx.Response:
    return httpx.Response(200, json={"calls": [COMPLETED_CALL | {"sid": one} for one in ids], **fields})


NEXT = f"{CALLS}.json?To=%2B14155550101&PageSize=1000&Page=1&PageToken=PAa"


def test_calls_are_found_by_their_number_through_all_pages_whatever_their_status() -> None:
    inbound = COMPLETED_CALL | {"sid": "CAin", "direction": "inbound"}
    last = httpx.Response(200, json={"calls": [inbound, COMPLETED_CALL | {"sid": "CAc", "status": "queued"}]})
    exchange = open_exchange(answering(page("CAa", "CAb", next_page_uri=NEXT), last), "twilio")
    channel = exchange.channel(Route.CALL)
    assert isinstance(channel, NumberChannel)
    assert [call.id for call in channel.find_calls_to("+14155550101")] == ["CAa", "CAb", "CAc"]
    first, second = (dict(request.url.params) for request in exchange.sent)
    assert first == {"To": "+14155550101", "PageSize": "1000"}
    assert second == {"To": "+14155550101", "PageSize": "1000", "Page": "1", "PageToken": "PAa"}


def test_the_key_goes_to_no_address_that_an_answer_names() -> None:
    foreign = f"https://elsewhere.example{CALLS}.json?PageToken=PAa"
    exchange = open_exchange(answering(page("CAa", next_page_uri=foreign), page("CAb")), "twilio")
    pages_of(exchange.channel(Route.CALL), [])
    assert {request.url.host for request in exchange.sent} == {"api.twilio.com"}


@pytest.mark.parametrize(
    "answers",
    [
        [page("CAa", next_page_uri=f"{CALLS}.json")],
        [page("CAa", next_page_uri="/2010-04-01/Accounts/AC9/Recordings.json?Page=1")],
        [page("CAa", next_page_uri=NEXT), page("CAa", next_page_uri=f"{NEXT}b")],
        [page("CAa", next_page_uri=NEXT), page("CAb", next_page_uri=NEXT)],
        [httpx.Response(200, json={"calls": [{"status": "queued"}]})],
        [httpx.Response(200, json={"items": []})],
        [httpx.Response(200, json=[])],
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_is_an_error(answers: list[httpx.Response]) -> None:
    exchange = open_exchange(answering(*answers), "twilio")
    with pytest.raises(ProviderError):
        pages_of(exchange.channel(Route.CALL), [])


def test_an_unknown_call_is_none_and_another_one_is_an_error() -> None:
    assert open_exchange(answering(refusal(404, 20404)), "twilio").channel(Route.CALL).read(SID) is None
    for wrong in (answer(sid="CA0"), httpx.Response(404, text="<html>")):
        with pytest.raises(ProviderError):
            open_exchange(answering(wrong), "twilio").channel(Route.CALL).read(SID)
