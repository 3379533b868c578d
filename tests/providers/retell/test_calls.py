"""Retell's calls: what is sent, what is believed of an answer, and the search by mark."""

from __future__ import annotations

import httpx
import orjson
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, OutOfFunds
from tests.providers.dial_requests import PHONE, PHONE_CALL, outcome
from tests.providers.read_requests import ENDED_CALL
from tests.providers.scripted_provider import MARK, Exchange, answering, open_exchange, pages_of, submission


def placed(**fields: Json) -> httpx.Response:
    return httpx.Response(201, json=PHONE_CALL | fields)


def test_a_call_is_sent_with_its_mark_as_data_and_as_key() -> None:
    exchange = open_exchange(answering(placed(), placed()), "retell")
    payload = '{"metadata":{"plan":"pro"},"retell_llm_dynamic_variables":{"age":3,"name":"Ada","vip":true}}'
    settings: dict[str, Json] = {"from_number": "+12025550100", "override_agent_id": "agent_1"}
    for _ in range(2):
        asked = submission([("+14155550101", payload)], settings)
        assert isinstance(exchange.channel(Route.CALL).submit(asked), Done)
    first, second = (request.content for request in exchange.sent)
    assert first == second
    assert orjson.loads(first) == {
        "from_number": "+12025550100",
        "to_number": "+14155550101",
        "override_agent_id": "agent_1",
        "metadata": {"plan": "pro", "dialctl": str(MARK)},
        "retell_llm_dynamic_variables": {"age": "3", "name": "Ada", "vip": "true"},
        "honor_internal_dnc": True,
        "idempotency_key": str(MARK),
    }


@pytest.mark.parametrize("metadata", [None, {}, {"dialctl": "x"}, {"dialctl": str(MARK).replace(".1.", ".2.", 1)}])
def test_an_answer_about_another_call_is_not_believed(metadata: Json) -> None:
    assert isinstance(outcome(PHONE, placed(metadata=metadata)), Ambiguous)


def test_a_call_without_its_number_is_known_by_its_mark() -> None:
    assert isinstance(outcome(PHONE, placed(to_number=None)), Done)


def test_a_call_that_fails_at_once_for_want_of_money_is_out_of_funds() -> None:
    answer = placed(call_status="error", disconnection_reason="no_valid_payment")
    assert isinstance(outcome(PHONE, answer), OutOfFunds)
    assert isinstance(outcome(PHONE, httpx.Response(402, json={"error_message": "Trial has ended"})), OutOfFunds)


def listed_ids(exchange: Exchange) -> list[str]:
    return [remote.id for page in pages_of(exchange.channel(Route.CALL), ["agent_1"]) for remote in page]


def page(*ids: str, **fields: Json) -> httpx.Response:
    return httpx.Response(200, json={"items": [ENDED_CALL | {"call_id": one} for one in ids], **fields})


def test_calls_are_searched_by_mark_through_all_pages_whoever_speaks() -> None:
    exchange = open_exchange(
        answering(page("a", "b", has_more=True, pagination_key="b"), page("c", has_more=False)), "retell"
    )
    assert listed_ids(exchange) == ["a", "b", "c"]
    first, second = (orjson.loads(request.content) for request in exchange.sent)
    assert [request.method for request in exchange.sent] == ["POST", "POST"]
    assert first["filter_criteria"]["metadata"] == [{"key": "dialctl", "type": "string", "op": "sw", "value": "~d1."}]
    assert ("pagination_key" in first, second["pagination_key"]) == (False, "b")


@pytest.mark.parametrize(
    "answers",
    [
        [page("a", has_more=True)],
        [page("a", has_more=True, pagination_key="a"), page("a", has_more=True, pagination_key="a")],
        [httpx.Response(200, json={"items": [{"call_status": "ended"}], "has_more": False})],
        [httpx.Response(200, json={"calls": []})],
        [httpx.Response(200, json=[])],
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_is_an_error(answers: list[httpx.Response]) -> None:
    with pytest.raises(ProviderError):
        listed_ids(open_exchange(answering(*answers), "retell"))


def test_a_call_that_has_not_started_has_no_time_of_creation() -> None:
    waiting = {**PHONE_CALL, "direction": "outbound"}
    answer = httpx.Response(200, json={"items": [waiting, ENDED_CALL], "has_more": False})
    [found] = pages_of(open_exchange(answering(answer), "retell").channel(Route.CALL), [])
    assert [remote.created_at is None for remote in found] == [True, False]


def test_an_unknown_call_is_none_and_a_proxys_404_is_an_error() -> None:
    missing = httpx.Response(404, json={"status": "error", "message": "not found"})
    assert open_exchange(answering(missing), "retell").channel(Route.CALL).read("call_1") is None
    with pytest.raises(ProviderError):
        open_exchange(answering(httpx.Response(404, text="<html>")), "retell").channel(Route.CALL).read("call_1")
