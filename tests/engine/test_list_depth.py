"""How far back a list must be read before a missing entry means anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from declarative.engine import list_depth
from declarative.engine.listing import Listing
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.planning.facts import Managed
from tests.engine.sandbox_run import (
    CALL,
    LINEAGE,
    MARCH,
    NOON,
    PROJECT,
    SandboxRun,
    a_remote,
    an_intent,
    call_resource,
)

HOUR = timedelta(hours=1)
LOCK = Lock(project=PROJECT, lineage=LINEAGE, born=NOON - 100 * HOUR)


def managed(address: str = MARCH, **fields: Any) -> Managed:
    resource = call_resource() if address == CALL else None
    return Managed(address=address, resource=resource, resource_record=ResourceRecord(**fields), provider="cartesia")


def recorded(hours: int, **fields: Any) -> RemoteRecord:
    return RemoteRecord(route=Route.BATCH, created_at=NOON - hours * HOUR, **fields)


def read(pages: int) -> Listing:
    """A list with a batch per hour, of which so many pages of one batch are read."""

    def batches() -> Iterator[list[Remote]]:
        for hours in range(50):
            yield [a_remote(f"b{hours}", created_at=NOON - hours * HOUR)]

    listing = Listing(lambda: NOON, batches())
    listing.read_until(lambda listing: len(listing.entries) >= pages)
    return listing


def test_without_a_lock_a_list_must_be_read_to_its_end() -> None:
    assert not list_depth.unsettled_depth(None, [managed()])(read(9))
    assert list_depth.lineage_start(None) == list_depth.BEFORE_ALL
    assert list_depth.lineage_start(LOCK) == LOCK.born


@pytest.mark.parametrize(("pages", "enough"), [(1, True), (4, True)])
def test_a_settled_batch_needs_no_depth(pages: int, enough: bool) -> None:
    remotes = {"b0": recorded(0, settled=True), "b40": recorded(40, settled=True)}
    assert list_depth.unsettled_depth(LOCK, [managed(remotes=remotes)])(read(pages)) is enough


@pytest.mark.parametrize(("pages", "enough"), [(3, False), (5, True)])
def test_an_unsettled_batch_is_reached_by_its_time_or_shown(pages: int, enough: bool) -> None:
    remotes = {"b0": recorded(0), "gone": recorded(3)}
    assert list_depth.unsettled_depth(LOCK, [managed(remotes=remotes)])(read(pages)) is enough


@pytest.mark.parametrize(("pages", "enough"), [(3, False), (5, True)])
def test_an_open_intent_is_reached_by_its_send_time(pages: int, enough: bool) -> None:
    intent = an_intent(sent_at=NOON - 3 * HOUR)
    assert list_depth.unsettled_depth(LOCK, [managed(intents={intent.mark: intent})])(read(pages)) is enough


def test_a_list_without_any_batch_that_we_know_is_not_deep_enough() -> None:
    remotes = {"b5": recorded(5, settled=True)}
    assert not list_depth.unsettled_depth(LOCK, [managed(remotes=remotes)])(read(3))
    assert list_depth.unsettled_depth(LOCK, [managed(remotes=remotes)])(read(6))


def test_the_call_list_is_needed_for_calls_and_for_lost_calls() -> None:
    lost_call = an_intent(route=Route.CALL)
    assert list_depth.needs_call_list(managed(CALL))
    assert list_depth.needs_call_list(managed(intents={lost_call.mark: lost_call}))
    assert not list_depth.needs_call_list(managed())


def test_only_a_forgotten_call_is_looked_for_without_its_agent() -> None:
    assert list_depth.has_calls_of_unknown_agent([managed(CALL, generation=1)])
    assert not list_depth.has_calls_of_unknown_agent([managed(CALL), managed(generation=1)])


def test_calls_are_listed_by_the_agents_of_the_addresses(run: SandboxRun) -> None:
    run.submit(call_resource())
    for listed in (managed(CALL), managed(CALL, settings={"agent_id": "agent_B"})):
        call_listings = list_depth.open_call_listings(run.provider, [listed])
        for calls in call_listings:
            calls.read_until(lambda _: False)
        assert [len(calls.listing.entries) for calls in call_listings if calls.agent_ids == {"agent_A"}] == [1]
    assert list_depth.open_call_listings(run.provider, [managed()]) == []
