"""Cartesia's batches: what a list and a read show, and when a created batch counts as ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, MarkMissing, Rejected
from tests.providers.dial_requests import CREATE, RETRY, outcome
from tests.providers.scripted_provider import MARK, UNKNOWN_BATCH, answering, batch, open_exchange, pages_of


def test_a_list_of_batches_tells_what_it_shows() -> None:
    shown = batch(scheduled_at="2026-06-15T18:00:00+02:00", status="paused_by_moon", retry_count=None)
    exchange = open_exchange(answering(httpx.Response(200, json={"data": [shown], "has_more": False})))
    [[remote]] = pages_of(exchange.channel(Route.BATCH), ["agent_9"])
    assert remote.mark == MARK
    assert remote.state == ("paused_by_moon", 0, 0, None, "2026-06-14T12:00:00Z")
    assert remote.scheduled_at == datetime(2026, 6, 15, 16, tzinfo=UTC)
    assert remote.members is None
    assert not remote.cancelled
    assert "agent_id" not in exchange.sent[0].url.params


def test_a_batch_of_which_most_is_missing_survives_but_expects_people() -> None:
    bare = {"data": [{"id": "acb_1", "status": None, "created_at": "soon"}], "has_more": False}
    [[remote]] = pages_of(open_exchange(answering(httpx.Response(200, json=bare))).channel(Route.BATCH), [])
    assert (remote.total, remote.status, remote.created_at, remote.mark) == (-1, "", None, None)


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "1970-01-01T00:00:00Z"])
def test_a_time_that_programs_write_for_none_is_none(zero: str) -> None:
    shown = batch(created_at=zero, scheduled_at=zero)
    exchange = open_exchange(answering(httpx.Response(200, json={"data": [shown], "has_more": False})))
    [[remote]] = pages_of(exchange.channel(Route.BATCH), [])
    assert (remote.created_at, remote.scheduled_at) == (None, None)


def test_an_unknown_batch_is_none_only_in_the_providers_own_words() -> None:
    assert open_exchange(answering(httpx.Response(404, json=UNKNOWN_BATCH))).channel(Route.BATCH).read("acb_1") is None
    for foreign in (httpx.Response(404, html="<html>"), httpx.Response(404, json={"message": "no Route"})):
        with pytest.raises(ProviderError, match="answered 404"):
            open_exchange(answering(foreign)).channel(Route.BATCH).read("acb_1")


def test_another_batch_than_asked_for_is_an_error() -> None:
    exchange = open_exchange(answering(httpx.Response(200, json=batch(id="acb_2", recipients=[]))))
    with pytest.raises(ProviderError, match="something else"):
        exchange.channel(Route.BATCH).read("acb_1")


@pytest.mark.parametrize("recipients", [None, {}, "none"])
def test_a_batch_without_readable_recipients_never_looks_empty(recipients: Json) -> None:
    shown = batch(recipients=recipients, total_calls_scheduled=0)
    remote = open_exchange(answering(httpx.Response(200, json=shown))).channel(Route.BATCH).read("acb_1")
    assert remote is not None
    assert remote.members is not None
    assert remote.total != remote.members.height


@pytest.mark.parametrize("remote_id", ["../agents?x=1", "..", ".", "", "a b", "acb_1\n", "acb_é", "a" * 201])
def test_what_is_no_id_never_becomes_part_of_a_path(remote_id: str) -> None:
    exchange = open_exchange(answering(httpx.Response(404, json=UNKNOWN_BATCH)))
    channel = exchange.channel(Route.BATCH)
    with pytest.raises(ProviderError, match="is no id of a batch"):
        channel.read(remote_id)
    assert isinstance(channel.retry(remote_id), Rejected)
    assert isinstance(channel.cancel(remote_id), Rejected)
    assert exchange.sent == []


@pytest.mark.parametrize("name", ["March outreach", f"March outreach {MARK}"[:-1], None, 7])
def test_a_batch_whose_name_lost_our_mark_is_unsigned(name: Json) -> None:
    found = outcome(CREATE, httpx.Response(201, json=batch(name=name)))
    assert isinstance(found, MarkMissing)
    assert found.remote.id == "acb_1"


def test_a_created_batch_that_bears_another_mark_is_another_batch_and_proves_nothing() -> None:
    """Taken for ours that lost its name, it would be cancelled."""
    other = replace(MARK, shard=MARK.shard + 1)
    assert isinstance(outcome(CREATE, httpx.Response(201, json=batch(name=f"March {other}"))), Ambiguous)


def test_a_created_batch_without_most_fields_is_done() -> None:
    name = f"March {MARK}"
    found = outcome(CREATE, httpx.Response(201, json={"id": "acb_9", "name": name, "new_field": {"a": [1]}}))
    assert isinstance(found, Done)
    assert (found.remote.id, found.remote.mark, found.remote.retry_count) == ("acb_9", MARK, None)


def test_a_retry_that_answers_about_another_batch_proves_nothing() -> None:
    assert isinstance(outcome(RETRY, httpx.Response(200, json=batch(id="acb_2"))), Ambiguous)
