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
from tests.providers.scripted_provider import MARK, answering, open_exchange, pages_of

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
