"""What the lock says about the guard, about lists that can prove absence, and about being forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from declarative.model.lock import LONGEST_GUARD, RequestKind, ResourceRecord
from declarative.model.resource import Route
from tests.state.samples import intent, lock, remote

SHORT, LONG = timedelta(minutes=2), timedelta(minutes=10)


@pytest.mark.parametrize(
    ("remembered", "project_guard", "expected"),
    [
        ({}, SHORT, SHORT),
        ({"cartesia": 240}, SHORT, timedelta(minutes=4)),
        ({"cartesia": 240}, LONG, LONG),
        ({"other": 240}, SHORT, SHORT),
        ({"cartesia": 7200}, SHORT, LONGEST_GUARD),
        ({"cartesia": 240}, timedelta(), timedelta()),
    ],
    ids=["nothing", "a list that lags", "less than wanted", "another list", "more than the longest", "switched off"],
)
def test_the_guard_is_the_longer_of_the_project_s_and_what_the_list_asks_for(
    remembered: dict[str, int], project_guard: timedelta, expected: timedelta
) -> None:
    assert replace(lock(), guards=remembered).guard("cartesia", project_guard) == expected


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
