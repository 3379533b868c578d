"""People are cut into requests by the limits of people and of bytes, in their order, and nobody is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.capabilities import Capabilities
from declarative.model.people import People
from declarative.planning.shards import REQUEST_BYTES, cut_shards, fit_window
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import resource


def recipients(*data: str | None) -> pl.DataFrame:
    numbers = [f"+1415555{position:04}" for position in range(len(data))]
    return pl.DataFrame({"number": numbers, "payload": data}, schema={"number": pl.String, "payload": pl.String})


def cut(frame: pl.DataFrame, capabilities: Capabilities) -> list[pl.DataFrame]:
    people = People.of(frame)
    return [people.with_data(shard) for _, shard in cut_shards(people.rows, capabilities, people)]


def sizes(frame: pl.DataFrame, max_people: int, room: int | None) -> list[int]:
    max_bytes = None if room is None else REQUEST_BYTES + room
    return list(map(len, cut(frame, replace(BATCHES, max_people=max_people, max_bytes=max_bytes))))


def test_without_a_limit_of_bytes_people_are_counted() -> None:
    assert sizes(recipients(*["{}"] * 7), 3, None) == [3, 3, 1]
    assert sizes(recipients(), 3, None) == []


def test_large_data_make_smaller_requests() -> None:
    one = 12 + 1000 + BATCHES.person_bytes
    assert sizes(recipients(*["x" * 1000] * 5), 5, 2 * one) == [2, 2, 1]
    assert sizes(recipients(*["x" * 1000] * 5), 5, 5 * one) == [5]
    assert sizes(recipients("é" * 500, "é" * 500), 5, 2 * one) == [2]


def test_data_that_are_too_large_alone_go_alone() -> None:
    assert sizes(recipients("{}", "x" * 10_000, "{}", "{}"), 5, 500) == [1, 1, 2]


@given(st.lists(st.none() | st.integers(0, 3000), max_size=40), st.integers(1, 9), st.none() | st.integers(100, 5000))
def test_everybody_is_in_one_shard_that_fits(lengths: list[int | None], max_people: int, room: int | None) -> None:
    frame = recipients(*[None if length is None else "x" * length for length in lengths])
    max_bytes = None if room is None else REQUEST_BYTES + room
    shards = cut(frame, replace(BATCHES, max_people=max_people, max_bytes=max_bytes))
    assert [number for shard in shards for number in shard["number"]] == list(frame["number"])
    for shard in shards:
        total = sum(12 + len(data or "") + BATCHES.person_bytes - 1 for data in shard["payload"])
        assert 1 <= len(shard) <= max_people
        assert room is None or len(shard) == 1 or total <= room


def test_a_request_with_an_end_holds_whom_it_can_call_in_time() -> None:
    able = replace(BATCHES, max_people=1000, window=timedelta(hours=1))
    wanted = replace(resource("a"), expected_call=timedelta(minutes=3), settings={"target_concurrency_limit": 10})
    assert fit_window(able, wanted).max_people == 200
    assert fit_window(replace(able, max_people=50), wanted).max_people == 50
    assert fit_window(able, replace(wanted, expected_call=timedelta(hours=2))).max_people == 10
    assert fit_window(able, replace(wanted, settings={})).max_people == 1000
    assert fit_window(replace(able, window=None), wanted).max_people == 1000
