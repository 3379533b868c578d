"""Vapi's single calls: what is sent, and what an answer proves."""

from __future__ import annotations

import httpx
import orjson
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Busy, Done, Outcome, Rejected
from tests.providers.scripted_provider import MARK, answering, member, open_exchange, pages_of, submission

SETTINGS: dict[str, Json] = {"assistantId": "assistant", "phoneNumberId": "number"}


def call(**fields: Json) -> dict[str, Json]:
    """A call as Vapi answers it."""
    return {
        "id": "v1",
        "name": str(MARK),
        "status": "queued",
        "customer": {"number": "+14155550101"},
        "assistantId": "assistant",
        "createdAt": "2026-12-01T12:00:00.000Z",
        **fields,
    }


def test_the_name_is_the_mark() -> None:
    exchange = open_exchange(answering(httpx.Response(201, json=call())), "vapi")
    asked = submission([("+14155550101", '{"variableValues":{"plan":"pro"}}')], SETTINGS)
    outcome = exchange.channel(Route.CALL).submit(asked)
    assert isinstance(outcome, Done)
    assert (outcome.remote.mark, member(outcome.remote)["number"]) == (MARK, "+14155550101")
    assert orjson.loads(exchange.sent[-1].content) == {
        "name": str(MARK),
        "assistantId": "assistant",
        "phoneNumberId": "number",
        "customer": {"number": "+14155550101", "assistantOverrides": {"variableValues": {"plan": "pro"}}},
    }


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        (httpx.Response(201, json={"results": [call()], "errors": []}), Ambiguous),
        (httpx.Response(400, json={"message": "Over Concurrency Limit. 10 calls", "statusCode": 400}), Busy),
        (httpx.Response(400, json={"message": ["bad number"], "statusCode": 400}), Rejected),
        (httpx.Response(500, json={"message": "failed", "statusCode": 500}), Ambiguous),
    ],
)
def test_what_an_answer_proves(answered: httpx.Response, kind: type[Outcome]) -> None:
    channel = open_exchange(answering(answered), "vapi").channel(Route.CALL)
    assert isinstance(channel.submit(submission(settings=SETTINGS)), kind)


def test_calls_of_campaigns_are_not_listed() -> None:
    listed = httpx.Response(200, json=[call(), call(id="v2", campaignId="c1")])
    [page] = pages_of(open_exchange(answering(listed), "vapi").channel(Route.CALL), ["assistant"])
    assert [remote.id for remote in page] == ["v1"]
    assert page[0].mark == MARK


def test_a_call_is_read_by_its_id() -> None:
    channel = open_exchange(answering(httpx.Response(200, json=call())), "vapi").channel(Route.CALL)
    assert channel.read("v1") is not None
    with pytest.raises(ProviderError):
        channel.read("v2")
    unknown = httpx.Response(404, json={"message": "not found", "statusCode": 404})
    assert open_exchange(answering(unknown), "vapi").channel(Route.CALL).read("v1") is None
