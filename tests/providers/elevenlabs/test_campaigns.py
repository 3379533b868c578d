"""ElevenLabs' campaigns: what is sent, and when an answer counts as ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from declarative.errors import ProviderError, Unauthorized
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, MarkMissing, Rejected, Removal, RemovalChannel, SearchChannel
from declarative.providers.elevenlabs.campaigns import campaign_body
from tests.providers.scripted_provider import MARK, answering, open_exchange, pages_of, submission

SETTINGS: dict[str, Json] = {
    "agent_id": "agent_1",
    "agent_phone_number_id": "phnum_1",
    "ringing_timeout_secs": 30,
    "target_concurrency_limit": 4,
    "branch_id": None,
}
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def campaign(**fields: Json) -> dict[str, Json]:
    """A campaign as ElevenLabs answers it."""
    return {
        "campaign_id": "camp_1",
        "call_name": f"March outreach {MARK}",
        "agent_id": "agent_1",
        "status": "active",
        "variant": "simple",
        "policy": {"retry": {"max_total_calls": 1}},
        "created_at_unix": 1_796_126_400,
        "scheduled_time_unix": 1_796_126_520,
        "updated_at_unix": 1_796_126_400,
        "counts": {"leads": 1, "terminal_leads": 0, "open_attention": 0},
        **fields,
    }


def answer(created: bool = True, **fields: Json) -> httpx.Response:
    return httpx.Response(201 if created else 200, json={"campaign": campaign(**fields), "created": created})


def test_a_body_calls_each_person_once_and_is_the_same_each_time() -> None:
    people = [("+14155550101", '{"dynamic_variables":{"plan":"pro"}}'), ("+14155550102", None)]
    asked = replace(submission(people, SETTINGS, NOON), key="the-key")
    assert campaign_body(asked) == campaign_body(asked)
    assert orjson.loads(campaign_body(asked)) == {
        "call_name": f"March outreach {MARK}",
        "agent_id": "agent_1",
        "target_concurrency_limit": 4,
        "variant": "simple",
        "channel_config": {
            "channel": "phone",
            "agent_phone_number_id": "phnum_1",
            "mode_config": {"mode": "voice", "ringing_timeout_secs": 30},
        },
        "idempotency_key": "the-key",
        "scheduled_time_unix": 1_796_126_400,
        "recipients": [
            {
                "phone_number": "+14155550101",
                "conversation_initiation_client_data": {"dynamic_variables": {"plan": "pro"}},
            },
            {"phone_number": "+14155550102"},
        ],
    }


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer(), Done),
        (answer(created=False), Done),
        (answer(call_name="March outr"), MarkMissing),
        (answer(variant="advanced"), MarkMissing),
        (answer(policy={"retry": {"max_total_calls": 3}}), MarkMissing),
        (answer(call_name=f"other {replace(MARK, shard=9)}"), Ambiguous),
        (answer(campaign_id=None), Ambiguous),
        (httpx.Response(201, json={"created": True}), Ambiguous),
        (httpx.Response(409, json={"detail": {"status": "conflict", "message": "other body"}}), Ambiguous),
        (httpx.Response(422, json={"detail": [{"loc": [], "msg": "bad", "type": "x"}]}), Rejected),
        (httpx.Response(422, html="<html>"), Ambiguous),
    ],
)
def test_an_answer_counts_where_it_shows_our_mark(response: httpx.Response, expected: type) -> None:
    channel = open_exchange(answering(response), "elevenlabs").channel(Route.BATCH)
    assert isinstance(channel.submit(submission(settings=SETTINGS)), expected)


def test_the_key_goes_into_its_own_header_and_a_refusal_names_the_other_way() -> None:
    refusal = httpx.Response(403, json={"detail": {"status": "x", "message": "not enabled"}})
    exchange = open_exchange(answering(refusal), "elevenlabs")
    outcome = exchange.channel(Route.BATCH).submit(submission(settings=SETTINGS))
    assert isinstance(outcome, Rejected)
    assert 'api_version: "batch-calling"' in outcome.message
    assert "authorization" not in exchange.sent[0].headers
    assert exchange.sent[0].headers["xi-api-key"]
    with pytest.raises(ProviderError) as error:
        pages_of(exchange.channel(Route.BATCH), [])
    assert "batch-calling" in error.value.hint


def test_a_bad_key_is_told_as_one() -> None:
    bad_key = httpx.Response(401, json={"detail": {"status": "invalid_api_key", "message": "no"}})
    with pytest.raises(Unauthorized):
        pages_of(open_exchange(answering(bad_key), "elevenlabs").channel(Route.BATCH), [])


def test_a_campaign_that_goes_on_is_never_over_by_its_count() -> None:
    counts: Json = {"leads": 2, "terminal_leads": 2, "open_attention": 0}
    for status, finished in (("active", 1), ("stopping", 1), ("flying", 1), ("stopped", 2), ("completed", 2)):
        page = {"campaigns": [campaign(status=status, counts=counts)], "has_more": False}
        channel = open_exchange(answering(httpx.Response(200, json=page)), "elevenlabs").channel(Route.BATCH)
        [[remote]] = pages_of(channel, [])
        assert (remote.total, remote.finished) == (2, finished)
        assert remote.cancelled == (status in ("stopping", "stopped"))


def test_a_read_asks_for_all_pages_of_leads_and_then_of_calls() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "p1")[1:])
        more = {"has_more": number == 1, "next_cursor": "p2" if number == 1 else None}
        if request.url.path.endswith("/leads"):
            lead = {"lead_id": f"l{number}", "phone_number": f"+1415555010{number}", "attempt_count": 0}
            return httpx.Response(200, json={"leads": [lead], **more})
        if request.url.path.endswith("/calls"):
            status = "submitted" if number == 2 else "queued"
            call = {"intent_id": f"i{number}", "lead_id": f"l{number}", "status": status}
            return httpx.Response(200, json={"calls": [call], **more})
        return httpx.Response(200, json=campaign(counts={"leads": 2, "terminal_leads": 0}))

    exchange = open_exchange(handle, "elevenlabs")
    remote = exchange.channel(Route.BATCH).read("camp_1")
    assert remote is not None
    assert remote.members is not None
    assert remote.members.get_column("phase").to_list() == ["queued", "in_flight"]
    assert [request.url.path.rsplit("/", 1)[1] for request in exchange.sent] == [
        "camp_1",
        *["leads"] * 2,
        *["calls"] * 2,
    ]


def test_another_campaign_than_asked_for_is_an_error_and_an_unknown_one_is_none() -> None:
    other = open_exchange(answering(httpx.Response(200, json=campaign(campaign_id="camp_2"))), "elevenlabs")
    with pytest.raises(ProviderError, match="something else"):
        other.channel(Route.BATCH).read("camp_1")
    missing = httpx.Response(404, json={"detail": {"status": "not_found", "message": "no"}})
    assert open_exchange(answering(missing), "elevenlabs").channel(Route.BATCH).read("camp_1") is None


def test_a_stop_counts_only_for_the_campaign_that_was_asked_for() -> None:
    channel = open_exchange(answering(httpx.Response(202, json=campaign(status="stopping"))), "elevenlabs").channel(
        Route.BATCH
    )
    assert isinstance(channel.cancel("camp_1"), Done)
    assert isinstance(channel.cancel("camp_2"), Ambiguous)
    assert isinstance(channel.cancel("../camp"), Rejected)
    assert isinstance(channel.retry("camp_1"), Rejected)


def test_one_person_is_taken_off_by_their_lead_which_is_looked_for_by_number() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            lead_id = request.url.path.rsplit("/", 1)[1]
            body = {"campaign_id": "camp_1", "lead_id": lead_id, "has_calls_in_flight": lead_id == "l2"}
            return httpx.Response(202 if lead_id == "l2" else 200, json=body)
        number = int(request.url.params.get("cursor", "p1")[1:])
        lead = {"lead_id": f"l{number}", "phone_number": f"+1 415 555 010{number}"}
        more = {"has_more": number < 3, "next_cursor": f"p{number + 1}" if number < 3 else None}
        return httpx.Response(200, json={"leads": [lead], **more})

    exchange = open_exchange(handle, "elevenlabs")
    channel = exchange.channel(Route.BATCH)
    assert isinstance(channel, RemovalChannel)
    numbers = frozenset({"+14155550102", "+14155550103", "+14155550109"})
    assert channel.find_members("camp_1", numbers) == {"+14155550102": ["l2"], "+14155550103": ["l3"]}
    assert not any("555" in str(request.url) for request in exchange.sent), "an address holds no number"
    assert channel.remove_member("camp_1", "l3") == Removal(in_flight=False)
    assert channel.remove_member("camp_1", "l2") == Removal(in_flight=True)
    assert exchange.sent[-1].url.path.endswith("/campaigns/camp_1/leads/l2")
    assert isinstance(channel.remove_member("camp_1", "../l3"), Rejected)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(200, json={"campaign_id": "camp_1", "lead_id": "l9"}), Ambiguous),
        (httpx.Response(200, json={"campaign_id": "camp_1", "lead_id": "l3"}), Removal),
        (httpx.Response(204), Ambiguous),
        (httpx.Response(404, json={"detail": {"status": "not_found", "message": "no"}}), Rejected),
        (httpx.Response(404, html="<html>"), Ambiguous),
    ],
)
def test_a_removal_counts_for_the_person_who_was_asked_for(response: httpx.Response, expected: type) -> None:
    channel = open_exchange(answering(response), "elevenlabs").channel(Route.BATCH)
    assert isinstance(channel, RemovalChannel)
    outcome = channel.remove_member("camp_1", "l3")
    assert isinstance(outcome, expected)
    assert not isinstance(outcome, Removal) or outcome.in_flight, "what is not denied may be so"


def test_a_search_for_a_mark_reads_all_its_pages() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.params["search"] == str(MARK)
        is_first = "cursor" not in request.url.params
        page = [campaign(campaign_id="camp_1" if is_first else "camp_2")]
        more: Json = {"has_more": is_first, "next_cursor": "p2" if is_first else None}
        return httpx.Response(200, json={"campaigns": page, **more})  # type: ignore[dict-item]

    channel = open_exchange(handle, "elevenlabs").channel(Route.BATCH)
    assert isinstance(channel, SearchChannel)
    assert [(remote.id, remote.mark) for remote in channel.find_marked(str(MARK))] == [
        ("camp_1", MARK),
        ("camp_2", MARK),
    ]
