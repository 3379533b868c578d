"""CallingBox's calls: both shapes of the list, and the outcome of a placed call."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    OutOfFunds,
)
from tests.providers.dial_requests import BOX, outcome
from tests.providers.scripted_provider import MARK, Exchange, answering, open_exchange, pages_of

BOX_CALL: dict[str, Json] = {
    "id": "c-1",
    "agent_id": "agent_1",
    "to_number": "+14155550101",
    "status": "ringing",
    "direction": "outbound",
    "created_at": "2026-06-14T12:00:00",
    "metadata": {"dialctl": str(MARK)},
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_shapes_of_the_callingbox_list(wrapped: bool) -> None:
    listed: list[Json] = [
        BOX_CALL,
        {**BOX_CALL, "id": "c-2", "direction": "inbound"},
        {**BOX_CALL, "id": "c-3", "agent_id": "agent_7", "metadata": {}},
        {**BOX_CALL, "id": "c-4", "agent_id": None, "metadata": None},
        {**BOX_CALL, "id": "c-5", "metadata": "text"},
    ]
    body: Json = {"data": listed} if wrapped else listed
    exchange = open_exchange(answering(httpx.Response(200, json=body)), "callingbox")
    [found] = pages_of(exchange.channel(Route.CALL), ["agent_1"])
    assert [remote.id for remote in found] == ["c-1", "c-5"]
    assert found[0].created_at == datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_the_one_callingbox_list_is_read_once_however_many_agents_there_are() -> None:
    calls_of_two: list[Json] = [BOX_CALL, {**BOX_CALL, "id": "c-2", "agent_id": "agent_2"}]
    exchange = open_exchange(answering(httpx.Response(200, json=calls_of_two)), "callingbox")
    [found] = pages_of(exchange.channel(Route.CALL), ["agent_1", "agent_2"])
    assert ([remote.id for remote in found], len(exchange.sent)) == (["c-1", "c-2"], 1)


def calls_page(first: int, last: int, **fields: Json) -> httpx.Response:
    """A page of calls, newest first: ids from `c-<first>` down to `c-<last>`."""
    listed: list[Json] = [{**BOX_CALL, "id": f"c-{number}"} for number in range(first, last - 1, -1)]
    return httpx.Response(200, json={"data": listed, **fields})


def listed_call_ids(exchange: Exchange) -> list[str]:
    return [remote.id for page in pages_of(exchange.channel(Route.CALL), ["agent_1"]) for remote in page]


@pytest.mark.parametrize(
    "pages",
    [
        [calls_page(250, 151, has_more=True), calls_page(150, 51, has_more=True), calls_page(50, 1, has_more=False)],
        [calls_page(250, 151), calls_page(150, 51), calls_page(50, 1)],
        [calls_page(250, 200, has_more=True), calls_page(199, 1, has_more=False)],
    ],
)
def test_the_callingbox_list_is_read_through_all_its_pages(pages: list[httpx.Response]) -> None:
    """Our own mark may be on any of them."""
    exchange = open_exchange(answering(*pages), "callingbox")
    assert listed_call_ids(exchange) == [f"c-{number}" for number in range(250, 0, -1)]
    cursors = [dict(request.url.params) for request in exchange.sent]
    assert [cursor["limit"] for cursor in cursors] == ["100"] * len(pages)
    assert cursors[0].get("starting_after") is None
    assert all(cursor["starting_after"].startswith("c-") for cursor in cursors[1:])


@pytest.mark.parametrize("bare", [True, False])
def test_a_callingbox_of_the_older_shape_answers_everything_at_once(bare: bool) -> None:
    """It ignores the cursor: the same list again is its end, also where a call was placed in between."""
    whole: list[Json] = [{**BOX_CALL, "id": f"c-{number}"} for number in range(150, 0, -1)]
    later: list[Json] = [{**BOX_CALL, "id": "c-151"}, *whole]
    answers = [httpx.Response(200, json=calls if bare else {"data": calls}) for calls in (whole, later)]
    exchange = open_exchange(answering(*answers), "callingbox")
    assert set(listed_call_ids(exchange)) == {f"c-{number}" for number in range(1, 152)}
    assert len(exchange.sent) == 2


def test_a_callingbox_list_that_repeats_itself_although_it_has_pages_is_an_error() -> None:
    exchange = open_exchange(answering(calls_page(100, 1, has_more=True)), "callingbox")
    with pytest.raises(ProviderError, match="the same page twice"):
        listed_call_ids(exchange)


@pytest.mark.parametrize("body", [{"calls": []}, [{"status": "queued"}], ["c-1"], "none"])
def test_a_callingbox_list_that_cannot_be_read_is_an_error(body: Json) -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=body)), "callingbox")
    with pytest.raises(ProviderError, match="cannot be read"):
        pages_of(exchange.channel(Route.CALL), ["agent_1"])


def test_an_unknown_callingbox_call_is_none() -> None:
    missing = httpx.Response(404, json={"error": "call c-1 not found"})
    assert open_exchange(answering(missing), "callingbox").channel(Route.CALL).read("c-1") is None


PAUSED = (
    "Calls paused. Your balance is $1.88 but each call requires a $3.00 hold (we release it back if no one "
    "answers). Add $1.12 or more in credits to keep calling."
)


def test_a_call_that_fails_at_once_for_want_of_credit_is_out_of_funds() -> None:
    call = {"id": "c-1", "status": "failed", "error_message": PAUSED}
    assert isinstance(outcome(BOX, httpx.Response(201, json=call)), OutOfFunds)
    call = {"id": "c-1", "status": "failed", "error_code": "insufficient_credits"}
    assert isinstance(outcome(BOX, httpx.Response(201, json=call)), OutOfFunds)
