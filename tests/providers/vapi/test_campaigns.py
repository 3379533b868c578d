"""Vapi's campaigns: what is sent, when an answer counts as ours, and when one is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from declarative.errors import ProviderError
from declarative.model.remote import Remote, is_over
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Busy, Done, MarkMissing, Outcome, Rejected
from declarative.providers.vapi.bodies import call_body, campaign_body
from tests.providers.scripted_provider import MARK, Exchange, answering, open_exchange, pages_of, submission

SETTINGS: dict[str, Json] = {"assistantId": "assistant", "phoneNumberId": "number", "maxConcurrency": 10}
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DATE = {"Date": "Tue, 01 Dec 2026 12:00:00 GMT"}
COUNTERS: dict[str, Json] = dict.fromkeys(
    ("pending", "dispatched", "completed", "failed", "skipped", "predialFailed"), 0
)


def campaign(**fields: Json) -> dict[str, Json]:
    """A campaign as Vapi answers it."""
    return {
        "id": "c1",
        "orgId": "o",
        "name": f"March outreach {MARK}",
        "status": "in-progress",
        "createdAt": "2026-12-01T12:00:00.000Z",
        "updatedAt": "2026-12-01T12:00:00.000Z",
        **fields,
    }


def answer(code: int = 201, **fields: Json) -> httpx.Response:
    return httpx.Response(code, json=campaign(**fields), headers=DATE)


def sent_body(exchange: Exchange) -> dict[str, Json]:
    body: dict[str, Json] = orjson.loads(exchange.sent[-1].content)
    return body


def submit(*answers: httpx.Response | Exception) -> Outcome:
    return open_exchange(answering(*answers), "vapi").channel(Route.BATCH).submit(submission(settings=SETTINGS))


def test_a_body_holds_start_end_and_mark() -> None:
    people = [("+14155550101", '{"variableValues":{"plan":"pro"}}'), ("+14155550102", None)]
    asked = replace(submission(people, SETTINGS, NOON), ends_at=NOON + timedelta(hours=1))
    exchange = open_exchange(answering(answer()), "vapi")
    assert isinstance(exchange.channel(Route.BATCH).submit(asked), Done)
    assert sent_body(exchange) == {
        "name": f"March outreach {MARK}",
        "assistantId": "assistant",
        "phoneNumberId": "number",
        "maxConcurrency": 10,
        "schedulePlan": {"earliestAt": "2026-12-01T12:00:00.000Z", "latestAt": "2026-12-01T13:00:00.000Z"},
        "customers": [
            {"number": "+14155550101", "assistantOverrides": {"variableValues": {"plan": "pro"}}},
            {"number": "+14155550102"},
        ],
    }


def test_a_squad_has_overrides_of_its_own() -> None:
    exchange = open_exchange(answering(answer()), "vapi")
    settings: dict[str, Json] = {"squadId": "squad", "phoneNumberId": "number", "maxConcurrency": 1}
    exchange.channel(Route.BATCH).submit(submission([("+14155550101", '{"variableValues":{"a":1}}')], settings))
    assert sent_body(exchange)["squadId"] == "squad"
    assert sent_body(exchange)["customers"] == [
        {"number": "+14155550101", "squadOverrides": {"variableValues": {"a": 1}}}
    ]


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        (answer(), Done),
        (answer(name="March outreach"), MarkMissing),
        (answer(name=f"x {replace(MARK, generation=9)}"), Ambiguous),
        (answer(id=None), Ambiguous),
        (httpx.Response(201, json=[]), Ambiguous),
        (httpx.Response(400, json={"message": ["bad"], "error": "Bad Request", "statusCode": 400}), Rejected),
        (httpx.Response(400, json={"message": "Over Concurrency Limit", "statusCode": 400}), Busy),
        (httpx.Response(403, json={"message": "Campaigns V2 is not enabled", "statusCode": 403}), Rejected),
        (httpx.Response(403, text="<html>"), Ambiguous),
        (httpx.Response(500, json={"message": "failed", "statusCode": 500}), Ambiguous),
        (httpx.ReadTimeout("slow"), Ambiguous),
    ],
)
def test_what_an_answer_to_a_create_proves(answered: httpx.Response | Exception, kind: type[Outcome]) -> None:
    assert isinstance(submit(answered), kind)


def test_without_campaigns_single_calls_are_named() -> None:
    refusal = httpx.Response(403, json={"message": "Campaigns V2 is not enabled", "statusCode": 403})
    outcome = submit(refusal)
    assert isinstance(outcome, Rejected)
    assert "kind: Call" in outcome.message
    with pytest.raises(ProviderError) as failure:
        pages_of(open_exchange(answering(refusal), "vapi").channel(Route.BATCH), [])
    assert "kind: Call" in failure.value.hint


def test_a_cancel_is_a_patch() -> None:
    exchange = open_exchange(answering(answer(200, status="cancelled")), "vapi")
    outcome = exchange.channel(Route.BATCH).cancel("c1")
    assert isinstance(outcome, Done)
    assert outcome.remote.cancelled
    assert (exchange.sent[-1].method, sent_body(exchange)) == ("PATCH", {"status": "cancelled"})
    assert isinstance(exchange.channel(Route.BATCH).cancel("c2"), Ambiguous)


def listed(now: str = "Tue, 01 Dec 2026 12:00:00 GMT", **fields: Json) -> Remote:
    page = httpx.Response(200, json={"results": [campaign(**fields)], "metadata": {}}, headers={"Date": now})
    [[remote]] = pages_of(open_exchange(answering(page), "vapi").channel(Route.BATCH), [])
    return remote


@pytest.mark.parametrize(
    ("status", "counts", "now", "over"),
    [
        ("ended", {"completed": 2}, "12:00:01", True),
        ("ended", {"completed": 1, "dispatched": 1}, "13:00:00", False),
        ("ended", {"completed": 1, "skipped": 1}, "12:00:30", False),
        ("ended", {"completed": 1, "skipped": 1}, "12:01:01", True),
        ("ended", {"completed": 1, "pending": 1}, "12:01:01", True),
        ("in-progress", {"completed": 1, "skipped": 1}, "12:01:01", False),
        ("teleported", {"completed": 1, "pending": 1}, "13:00:00", False),
    ],
)
def test_a_campaign_is_over_when_nobody_is_called_any_more(
    status: str, counts: dict[str, Json], now: str, over: bool
) -> None:
    remote = listed(f"Tue, 01 Dec 2026 {now} GMT", status=status, contactCounters={**COUNTERS, **counts})
    assert (remote.total, is_over(remote)) == (2, over)


def test_a_campaign_is_not_over_before_its_own_end() -> None:
    plan: Json = {"earliestAt": "2026-12-01T12:00:00Z", "latestAt": "2026-12-01T13:00:00Z"}
    counters: Json = {**COUNTERS, "skipped": 1}
    for now, over in (("13:00:30", False), ("13:01:00", True)):
        shown = listed(f"Tue, 01 Dec 2026 {now} GMT", status="ended", contactCounters=counters, schedulePlan=plan)
        assert is_over(shown) is over


def test_without_counters_nothing_is_concluded() -> None:
    assert (listed(status="ended").total, is_over(listed(status="ended"))) == (-1, False)
    assert listed(status="ended", contactCounters={**COUNTERS, "pending": "one"}).total == -1


def test_a_campaign_is_read_with_all_its_contacts() -> None:
    people = [{"id": f"p{index}", "number": f"+1415555010{index}", "status": "contact.pending"} for index in range(3)]
    first = {"results": people[:2], "metadata": {"totalItems": 3, "hasNextPage": True}}
    rest = {"results": people[2:], "metadata": {"totalItems": 3, "hasNextPage": False}}
    answers = [answer(200), *(httpx.Response(200, json=page, headers=DATE) for page in (first, rest))]
    remote = open_exchange(answering(*answers), "vapi").channel(Route.BATCH).read("c1")
    assert remote is not None
    assert remote.members is not None
    assert remote.members.get_column("phase").to_list() == ["queued"] * 3


def test_another_campaign_than_was_asked_for_is_no_answer() -> None:
    channel = open_exchange(answering(answer(200, id="c2")), "vapi").channel(Route.BATCH)
    with pytest.raises(ProviderError):
        channel.read("c1")
    unknown = httpx.Response(404, json={"message": "not found", "statusCode": 404})
    assert open_exchange(answering(unknown), "vapi").channel(Route.BATCH).read("c1") is None


def test_a_name_stands_beside_the_overrides_whatever_characters_it_has() -> None:
    people = [
        ("+14155550101", '{"name":"Ada \\"A\\" \\\\","variableValues":{"name":"x"}}'),
        ("+14155550102", '{"name":"Bob"}'),
        ("+14155550103", '{"variableValues":{"name":"Cleo"}}'),
        ("+14155550104", None),
    ]
    body = orjson.loads(campaign_body(submission(people, {"assistantId": "a"}), datetime(2026, 12, 1, tzinfo=UTC)))
    assert body["customers"] == [
        {
            "number": "+14155550101",
            "name": 'Ada "A" \\',
            "assistantOverrides": {"variableValues": {"name": "x"}},
        },
        {"number": "+14155550102", "name": "Bob"},
        {"number": "+14155550103", "assistantOverrides": {"variableValues": {"name": "Cleo"}}},
        {"number": "+14155550104"},
    ]
    call = orjson.loads(call_body(submission(people[:1], {"assistantId": "a"})))
    assert call["customer"] == body["customers"][0]
