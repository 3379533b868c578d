"""What a record says about the guard, about lists that can prove absence, and about being forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from declarative.model.lock import MIN_GUARD, RequestKind, ResourceRecord
from declarative.model.resource import Route
from tests.state.samples import intent, remote

SHORT, LONG = timedelta(), timedelta(minutes=10)


@pytest.mark.parametrize(
    "doubtful",
    [ResourceRecord(revoked=("m",)), ResourceRecord(intents={"m": intent("m", absent=True)})],
    ids=["a revoked mark", "a probable absence"],
)
def test_a_request_that_may_still_arrive_keeps_the_guard_on(doubtful: ResourceRecord) -> None:
    assert doubtful.guard(SHORT) == MIN_GUARD
    assert doubtful.guard(LONG) == LONG


@pytest.mark.parametrize("record", [ResourceRecord(), ResourceRecord(intents={"m": intent("m")})])
def test_without_doubt_the_guard_is_the_project_s(record: ResourceRecord) -> None:
    assert record.guard(SHORT) == SHORT
    assert record.guard(LONG) == LONG


@pytest.mark.parametrize("request_kind", RequestKind)
@pytest.mark.parametrize("route", Route)
def test_only_a_submission_of_a_batch_creates_one(request_kind: RequestKind, route: Route) -> None:
    creates_batch = (request_kind, route) == (RequestKind.SUBMIT, Route.BATCH)
    assert intent(request=request_kind, route=route).is_batch is creates_batch


def test_a_forgotten_record_keeps_generation_provider_and_revoked_marks() -> None:
    forgotten = ResourceRecord(generation=3, provider="cartesia", tombstone=True, revoked=("m",))
    assert forgotten.is_forgotten
    for known in (
        replace(forgotten, remotes={"r": remote()}),
        replace(forgotten, intents={"m": intent("m")}),
        replace(forgotten, placed=("p",)),
        replace(forgotten, count=1),
    ):
        assert not known.is_forgotten
