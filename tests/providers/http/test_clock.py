"""The provider's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.remote import EARLIEST_TIME
from declarative.providers.http.clock import LATEST_TIME, Clock, parse_http_date

DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_the_clock_is_the_last_date_and_the_time_since() -> None:
    ticks = [100.0]
    clock = Clock(monotonic=lambda: ticks[0], wall=lambda: NOON.timestamp() - 90)
    assert clock.now() is None
    assert clock.skew() is None
    clock.record({"date": DATE})
    ticks[0] += 30.5
    assert clock.now() == NOON.replace(second=30, microsecond=500_000)
    assert clock.skew() == 90.0


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": ""}, {"date": DATE, "age": "40"}])
def test_the_clock_passes_over_dates_that_tell_nothing(headers: dict[str, str]) -> None:
    clock = Clock()
    clock.record(headers)
    assert clock.now() is None


def read_clock(offsets: list[float], ticks: list[float]) -> Clock:
    """A clock that was read at noon; the lists move the local clocks."""
    clock = Clock(monotonic=lambda: ticks[0], wall=NOON.timestamp, offsets=lambda: tuple(offsets))
    clock.record({"date": DATE})
    return clock


@pytest.mark.parametrize("slept", [[3600.0, 3600.0], [0.0, 3600.0], [0.0, -3600.0], [30.0, 0.0]])
def test_after_a_suspend_or_a_jump_of_the_local_clock_no_time_is_known(slept: list[float]) -> None:
    offsets = [0.0, 0.0]
    clock = read_clock(offsets, [100.0])
    offsets[:] = slept
    assert clock.is_stale()
    assert (clock.now(), clock.latest_now()) == (None, None)
    clock.record({"date": DATE})
    assert (clock.is_stale(), clock.now()) == (False, NOON)


def test_local_clocks_that_drift_a_little_are_no_suspend() -> None:
    offsets = [0.0, 0.0]
    clock = read_clock(offsets, [100.0])
    offsets[:] = [0.001, -1.5]
    assert clock.now() == NOON


def test_the_local_clocks_agree_while_the_machine_is_awake() -> None:
    clock = Clock()
    clock.record({"date": DATE})
    assert not clock.is_stale()


@pytest.mark.parametrize("minutes", [-10, 10])
def test_the_two_clocks_of_a_provider_are_told_apart(minutes: int) -> None:
    clock = read_clock([0.0], [100.0])
    clock.record_creation({"date": DATE}, NOON + timedelta(minutes=minutes))
    both = sorted([NOON, NOON + timedelta(minutes=minutes)])
    assert [clock.now(), clock.latest_now()] == both
    clock.record_creation({"date": DATE}, NOON)
    assert [clock.now(), clock.latest_now()] == [NOON, NOON]


@pytest.mark.parametrize("created_at", [None, NOON + timedelta(seconds=5), NOON - timedelta(days=2)])
def test_what_shows_no_second_clock_is_passed_over(created_at: datetime | None) -> None:
    clock = read_clock([0.0], [100.0])
    clock.record_creation({"date": DATE}, created_at)
    clock.record_creation({}, NOON + timedelta(hours=1))
    assert [clock.now(), clock.latest_now()] == [NOON, NOON]


@pytest.mark.parametrize(
    "impossible",
    [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Wed, 32 Jul 2026 12:00:00 GMT",
        "Wed, 01 Jul 2026 25:00:00 GMT",
        "Wed, 01 Jul 99999999999999999999 12:00:00 GMT",
        "1782907200",
    ],
)
def test_an_impossible_date_is_none(impossible: str) -> None:
    assert parse_http_date(impossible) is None


@given(
    st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,9} \d\d:\d\d:\d\d [+-]?\w{0,5}")
)
def test_any_date_is_a_time_that_can_be_or_none(text: str) -> None:
    date = parse_http_date(text)
    assert date is None or EARLIEST_TIME <= date < LATEST_TIME
