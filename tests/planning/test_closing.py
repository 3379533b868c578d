"""Only people who can be begun before their calling hours end are submitted; the others wait."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model.calling_hours import RECIPIENT, CallingHours, Window
from declarative.model.people import People
from declarative.model.policy import Policy
from declarative.model.remote import Phase
from declarative.planning.actions import compose_actions
from declarative.planning.closing import SLACK, CallRate, Closing, find_closing
from declarative.planning.facts import Observation
from declarative.planning.plan import Plan
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import NOON, batch, decisions, make_facts, members, number, resource

NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"
ONE_LINE = CallRate(per_second=1.0, at_once=1, expected_call=timedelta(minutes=3))
TEN_LINES = CallRate(per_second=1.0, at_once=10, expected_call=timedelta(minutes=3))


@pytest.mark.parametrize(
    ("rate", "seconds", "count"),
    [
        (ONE_LINE, -5, 0),
        (ONE_LINE, 0, 0),
        (ONE_LINE, 1, 1),
        (ONE_LINE, 180, 1),
        (ONE_LINE, 181, 2),
        (ONE_LINE, 1500, 9),
        (TEN_LINES, 5, 5),
        (TEN_LINES, 180, 10),
        (TEN_LINES, 185, 15),
        (CallRate(0.5, 10, timedelta(seconds=10)), 15, 8),
        (CallRate(None, 10, timedelta(minutes=3)), 5, 10),
    ],
)
def test_how_many_calls_are_begun_in_a_time(rate: CallRate, seconds: int, count: int) -> None:
    assert rate.count_before(timedelta(seconds=seconds)) == count


def begin_times(rate: CallRate, count: int) -> list[timedelta]:
    """When each call begins, one after the other: the first line that is free takes the next person."""
    lines = [timedelta()] * rate.at_once
    begun: list[timedelta] = []
    for _ in range(count):
        earliest = begun[-1] + timedelta(seconds=1 / rate.per_second) if begun and rate.per_second else timedelta()
        begins = max(min(lines), earliest)
        lines[lines.index(min(lines))] = begins + rate.expected_call
        begun.append(begins)
    return begun


RATES = st.builds(
    CallRate,
    st.sampled_from([None, 1.0, 0.5]),
    st.integers(1, 4),
    st.sampled_from([timedelta(seconds=10), timedelta(minutes=3)]),
)


@settings(max_examples=150, deadline=None)
@given(
    rate=RATES,
    minutes=st.dictionaries(st.integers(0, 11), st.sampled_from([None, 0, 1, 2, 3, 5, 9]), max_size=12),
    waiting=st.integers(0, 4),
)
def test_nobody_who_is_submitted_is_begun_after_their_hours_end(
    rate: CallRate, minutes: dict[int, int | None], waiting: int
) -> None:
    ends = {
        f"+1415555{100 + place:04}": None if end is None else NOON + timedelta(minutes=end)
        for place, end in minutes.items()
    }
    table = pl.DataFrame(
        {"number": list(ends), "closes_at": list(ends.values())},
        schema={"number": pl.String, "closes_at": pl.Datetime("us", "UTC")},
    )
    late = Closing(NOON, table, None, rate).find_late(table.get_column("number"), waiting, timedelta()).to_list()
    taken = [end for end, is_late in zip(ends.values(), late, strict=True) if not is_late]
    begun = begin_times(rate, waiting + len(ends) + 1)
    for place, end in enumerate(taken):
        assert end is None or NOON + begun[waiting + place] < end
    # Nobody waits without need: the first who is late could not have been begun at their place.
    place = 0
    for end, is_late in zip(ends.values(), late, strict=True):
        if is_late:
            assert end is not None
            assert NOON + begun[waiting + place] >= end
        place += not is_late


def test_without_a_limit_in_the_manifest_the_newest_batch_tells_it() -> None:
    wanted = resource("a", expected_call=timedelta(minutes=2))
    older = batch("b1", members(a=Phase.REACHED), created_at=NOON - timedelta(days=1), at_once=50)
    newer = batch("b2", members(a=Phase.REACHED), created_at=NOON, at_once=20)
    silent = batch("b3", members(a=Phase.REACHED), created_at=NOON + timedelta(hours=1))
    assert CallRate.of(wanted, BATCHES, [newer, older, silent]) == CallRate(1.0, 20, timedelta(minutes=2))
    assert CallRate.of(wanted, BATCHES).at_once == 1
    limited = resource("a", settings={"target_concurrency_limit": 4})
    assert CallRate.of(limited, BATCHES, [newer]).at_once == 4


HOURS = CallingHours((Window(time(9), time(12, 10)),), "UTC")


def test_people_who_cannot_be_begun_wait_and_the_first_are_called() -> None:
    wanted = resource("abcdef", policy=Policy(HOURS), settings={"agent_id": "agent_a", "target_concurrency_limit": 1})
    end = find_closing(wanted, NOON, ONE_LINE, lambda: pytest.fail("people were read"))
    assert end is not None
    assert end.closes_at == NOON + timedelta(minutes=10)
    assert end.reopens_at == NOON + timedelta(hours=21)
    facts = make_facts(wanted=wanted, closing=end)
    assert decisions(facts) == {
        **dict.fromkeys("abc", ("create", "added")),
        **dict.fromkeys("def", ("wait", "calling_hours")),
    }


def test_those_who_wait_at_the_provider_are_called_first() -> None:
    wanted = resource("abcdef", policy=Policy(HOURS))
    end = find_closing(wanted, NOON, ONE_LINE, lambda: pytest.fail("people were read"))
    facts = make_facts(batch("b1", members(a=Phase.QUEUED, b=Phase.QUEUED)), wanted=wanted, closing=end)
    found = decisions(facts)
    assert [who for who in "abcdef" if found[who][0] == "create"] == ["c"]
    assert found["a"][0] == found["b"][0] == "keep"


def test_each_has_the_end_of_their_own_zone() -> None:
    own = CallingHours((Window(time(9), time(17)),), RECIPIENT)
    frame = pl.DataFrame({"number": ["+12125550101", "+12135550102", "+80055501012"], "payload": ["{}"] * 3})
    moment = datetime(2031, 1, 15, 21, 30, tzinfo=UTC)
    end = find_closing(resource("a", policy=Policy(own)), moment, ONE_LINE, lambda: People.of(frame))
    assert end is not None
    assert isinstance(end.closes_at, pl.DataFrame)
    assert end.closes_at.get_column("closes_at").to_list() == [
        moment.replace(hour=22, minute=0),
        moment.replace(day=16, hour=1, minute=0),
        None,
    ]
    assert end.reopens_at == moment.replace(day=16, hour=14, minute=0)


def test_a_minute_is_left_between_plan_and_request() -> None:
    end = Closing(NOON, NOON + timedelta(minutes=4), None, ONE_LINE)
    numbers = pl.Series("number", ["a", "b"])
    assert end.find_late(numbers, 0).to_list() == [False, True]
    assert end.find_late(numbers, 0, timedelta()).to_list() == [False, False]
    assert timedelta(minutes=1) == SLACK


@pytest.mark.parametrize("own_zones", [False, True])
def test_the_next_run_is_wanted_when_the_hours_end_of_whoever_waits_at_the_provider(own_zones: bool) -> None:
    end = NOON + timedelta(hours=3)
    by_person = pl.DataFrame({"number": [number(who) for who in "ab"], "closes_at": [end, NOON + timedelta(hours=1)]})
    closing = Closing(NOON, by_person if own_zones else end, None, TEN_LINES)

    def next_at(**phases: Phase) -> datetime | None:
        facts = make_facts(batch("b1", members(**phases)), wanted=resource("a"), closing=closing)
        [(actions, task)] = compose_actions([Observation(facts=facts)], lambda _: BATCHES)
        assert task is not None
        plan = Plan(project="spring", created_at=NOON, actions=tuple(actions), tasks={task.address: task})
        assert plan.next_call_at is None
        return plan.next_at

    assert next_at(a=Phase.QUEUED) == end
    assert next_at(a=Phase.REACHED) is None
    assert next_at(b=Phase.QUEUED, a=Phase.REACHED) is None  # nobody wants them: they are taken off now
