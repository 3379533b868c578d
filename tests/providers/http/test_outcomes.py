"""Every answer to every request that dials, as a table: what can be concluded from it."""

from __future__ import annotations

import httpx
import pytest

from declarative.providers.base import Ambiguous, Busy, Done, MarkMissing, NotSent, Outcome, OutOfFunds, Rejected
from tests.providers.dial_requests import BOX, CREATE, LEGACY, PLACE, REQUESTS, RETRY, Request, outcome
from tests.providers.scripted_provider import MARK, member

PAUSED = (
    "Calls paused. Your balance is $1.88 but each call requires a $3.00 hold (we release it back if no one "
    "answers). Add $1.12 or more in credits to keep calling."
)


LOST: list[tuple[Exception, type[Outcome]]] = [
    (httpx.ConnectError("[Errno 111] Connection refused"), NotSent),
    (httpx.ConnectError("[Errno -2] Name or service not known"), NotSent),
    (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), NotSent),
    (httpx.ConnectTimeout("timed out"), NotSent),
    (httpx.ReadTimeout("timed out"), Ambiguous),
    (httpx.WriteTimeout("timed out"), Ambiguous),
    (httpx.ReadError("[Errno 104] Connection reset by peer"), Ambiguous),
    (httpx.WriteError("[Errno 32] Broken pipe"), Ambiguous),
    (httpx.RemoteProtocolError("Server disconnected without sending a response."), Ambiguous),
    (httpx.RemoteProtocolError("peer closed connection without sending complete message body"), Ambiguous),
    (httpx.DecodingError("Error -3 while decompressing data"), Ambiguous),
    (httpx.LocalProtocolError("Illegal header value"), Ambiguous),
]


OWN_FORM: list[tuple[int, type[Outcome]]] = [
    *((status, Rejected) for status in (400, 401, 403, 404, 405, 413, 415, 422)),
    (402, OutOfFunds),
    (429, Busy),
    *((status, Ambiguous) for status in (302, 307, 406, 408, 409, 410, 418, 500, 502, 503, 504, 599)),
]


FOREIGN_BODIES: list[httpx.Response] = [
    httpx.Response(200, html="<html><title>403 Forbidden</title></html>"),
    httpx.Response(200, json={"message": "Forbidden"}),
    httpx.Response(200, json={"message": "no route", "request_id": "1"}),
    httpx.Response(200, json={"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no"}),
    httpx.Response(200, json={"timestamp": "x", "status": 404, "error": "Not Found", "path": "/agents"}),
    httpx.Response(200, json={"error": {"message": "denied by policy"}}),
    httpx.Response(200, json=["no"]),
    httpx.Response(200, text="error code: 1020"),
    httpx.Response(200, content=b""),
    httpx.Response(200, content=b'{"title": "Invalid req'),
]


@pytest.fixture(params=REQUESTS, ids=lambda request: request.name)
def request_that_dials(request: pytest.FixtureRequest) -> Request:
    dials: Request = request.param
    return dials


@pytest.mark.parametrize(("problem", "expected"), LOST, ids=lambda row: str(row)[:40])
def test_a_lost_answer_is_not_sent_only_when_nothing_left(
    request_that_dials: Request, problem: Exception, expected: type[Outcome]
) -> None:
    found = outcome(request_that_dials, problem)
    assert isinstance(found, expected)
    assert isinstance(found, NotSent | Ambiguous)
    assert found.message


@pytest.mark.parametrize(("status", "expected"), OWN_FORM)
def test_a_status_in_the_providers_own_form(request_that_dials: Request, status: int, expected: type[Outcome]) -> None:
    found = outcome(request_that_dials, request_that_dials.error(status, "agent not found"))
    assert isinstance(found, expected)
    assert not isinstance(found, Done | MarkMissing)
    assert f"answered {status}" in found.message
    assert "agent not found" in found.message


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422])
@pytest.mark.parametrize("body", FOREIGN_BODIES, ids=lambda body: body.text[:30])
def test_a_refusal_in_a_foreign_form_proves_nothing(
    request_that_dials: Request, status: int, body: httpx.Response
) -> None:
    answer = httpx.Response(status, content=body.content, headers=body.headers)
    assert isinstance(outcome(request_that_dials, answer), Ambiguous)


@pytest.mark.parametrize("status", [400, 402, 403, 409, 429, 500, 503])
def test_calls_paused_is_out_of_funds_under_any_error_status(request_that_dials: Request, status: int) -> None:
    assert isinstance(outcome(request_that_dials, request_that_dials.error(status, PAUSED)), OutOfFunds)


@pytest.mark.parametrize("status", [403, 413, 429])
def test_what_somebody_in_between_answers_proves_nothing_and_is_said(request_that_dials: Request, status: int) -> None:
    page = httpx.Response(
        status, html=f"<html><title>{status} Some &amp; Any</title></html>", headers={"Retry-After": "1"}
    )
    found = outcome(request_that_dials, page)
    assert isinstance(found, Ambiguous)
    assert f"answered {status} " in found.message
    assert f'an HTML page, "{status} Some & Any"' in found.message
    assert "not in the provider's own form" in found.message
    assert ("fewer people or less data" in found.message) is (status == 413)


def test_a_size_in_an_answer_stays_and_a_number_of_the_request_does_not() -> None:
    found = outcome(CREATE, CREATE.error(413, "14155550101: the body is larger than 4194304 bytes"))
    assert isinstance(found, Rejected)
    assert found.message.endswith("1415•••0101: the body is larger than 4194304 bytes")


def test_calls_paused_on_a_foreign_page_proves_nothing() -> None:
    page = httpx.Response(503, html=f"<html>{PAUSED}</html>")
    assert isinstance(outcome(BOX, page), Ambiguous)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        (
            {"Retry-After": "Wed, 01 Jul 2026 12:00:30 GMT", "Date": "Wed, 01 Jul 2026 12:00:00 GMT"},
            30.0,
        ),
        (
            {"Retry-After": "Wed, 01 Jul 2026 11:00:00 GMT", "Date": "Wed, 01 Jul 2026 12:00:00 GMT"},
            0.0,
        ),
    ],
)
def test_busy_tells_the_seconds_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    found = outcome(CREATE, CREATE.error(429, "slow down", **headers))
    assert isinstance(found, Busy)
    assert found.retry_after == seconds


def test_a_good_answer_is_done(request_that_dials: Request) -> None:
    found = outcome(request_that_dials, httpx.Response(201, json=request_that_dials.good))
    assert isinstance(found, Done)
    assert found.remote.id


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html></html>", b'{"id": "acb_1", "na', b"{}", b"null", b"[]", b'{"id": ""}', b'{"id": 7}'],
)
@pytest.mark.parametrize("request_that_dials", [CREATE, RETRY, PLACE, BOX], ids=lambda dials: dials.name)
def test_an_accepted_answer_that_cannot_be_read_proves_nothing(
    request_that_dials: Request, status: int, body: bytes
) -> None:
    assert isinstance(outcome(request_that_dials, httpx.Response(status, content=body)), Ambiguous)


@pytest.mark.parametrize(("dial", "call_id"), [(PLACE, "ac_1"), (LEGACY, "ac_1"), (BOX, "c-1")])
def test_a_placed_call_comes_with_its_mark_and_person(dial: Request, call_id: str) -> None:
    found = outcome(dial, httpx.Response(200, json=dial.good))
    assert isinstance(found, Done)
    assert found.remote.mark == MARK
    person = member(found.remote)
    assert (person["number"], person["phase"], person["call_id"]) == ("+14155550101", "in_flight", call_id)
