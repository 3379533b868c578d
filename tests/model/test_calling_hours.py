"""Calling hours over days, windows, zones, midnights, holidays and the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from declarative.model.calling_hours import (
    RECIPIENT,
    CallingHours,
    Window,
    is_open,
    is_time_zone,
    never_meet,
    next_closing,
    next_opening,
)

NEW_YORK, CHICAGO, LOS_ANGELES = "America/New_York", "America/Chicago", "America/Los_Angeles"
LORD_HOWE, BERLIN = "Australia/Lord_Howe", "Europe/Berlin"
OFFICE = CallingHours((Window(time(9), time(17)),), NEW_YORK)
NIGHT = CallingHours((Window(time(22), time(6)),), NEW_YORK)
WORKDAYS = frozenset(range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York", "America/Argentina/Salta", "US/Eastern"])
def test_a_time_zone(name: str) -> None:
    assert is_time_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "recipient", "Europe/Nowhere", "../etc/passwd", "/etc/passwd", "a\0b", "Europe"),
        *("EST", "PST", "CST6CDT", "Central", "GMT", "Etc/GMT+5", "posix/America/New_York", "+05:00"),
    ],
)
def test_any_other_text_is_no_time_zone(name: str) -> None:
    assert not is_time_zone(name)


@pytest.mark.parametrize(
    ("rule", "local", "allowed"),
    [
        (OFFICE, "08:59:59", False),
        (OFFICE, "09:00:00", True),
        (OFFICE, "16:59:59", True),
        (OFFICE, "17:00:00", False),
        (NIGHT, "21:59:59", False),
        (NIGHT, "22:00:00", True),
        (NIGHT, "00:00:00", True),
        (NIGHT, "05:59:59", True),
        (NIGHT, "06:00:00", False),
    ],
)
def test_the_start_is_in_and_the_end_is_out(rule: CallingHours, local: str, allowed: bool) -> None:
    moment = datetime.fromisoformat(f"2031-01-15T{local}").replace(tzinfo=ZoneInfo(NEW_YORK))
    assert is_open(rule, [NEW_YORK], moment) is allowed


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2031-03-08T13:59", "2031-03-08T14:00"),  # standard time
        ("2031-03-08T23:00", "2031-03-09T13:00"),  # over the night when clocks go forward
        ("2031-11-01T23:00", "2031-11-02T14:00"),  # over the night when they go back
    ],
)
def test_it_opens_by_the_clock_on_the_wall(moment: str, opening: str) -> None:
    assert next_opening(OFFICE, [NEW_YORK], utc(moment)) == utc(opening)


def test_a_start_that_the_clocks_leap_over_opens_with_the_leap() -> None:
    rule = CallingHours((Window(time(2, 30), time(5)),), NEW_YORK)
    opening = next_opening(rule, [NEW_YORK], utc("2031-03-09T06:00"))
    assert opening == utc("2031-03-09T07:00")


def test_an_hour_that_comes_twice_counts_twice() -> None:
    rule = CallingHours((Window(time(1), time(2)),), NEW_YORK)
    assert is_open(rule, [NEW_YORK], utc("2031-11-02T05:30"))
    assert is_open(rule, [NEW_YORK], utc("2031-11-02T06:30"))
    assert not is_open(rule, [NEW_YORK], utc("2031-11-02T07:30"))


def test_of_several_zones_the_strictest_holds() -> None:
    zones = [NEW_YORK, CHICAGO]
    assert not is_open(OFFICE, zones, utc("2031-01-15T14:30"))  # nine thirty in one, eight thirty in the other
    assert is_open(OFFICE, zones, utc("2031-01-15T15:00"))
    assert not is_open(OFFICE, zones, utc("2031-01-15T22:00"))
    assert next_opening(OFFICE, zones, utc("2031-01-15T22:00")) == utc("2031-01-16T15:00")


def test_zones_without_a_common_hour_never_open() -> None:
    rule = CallingHours((Window(time(9), time(10)),), RECIPIENT)
    assert next_opening(rule, [NEW_YORK, LOS_ANGELES], utc("2031-01-15T14:30")) is None
    assert never_meet(rule.windows, (NEW_YORK, LOS_ANGELES))


def test_a_window_over_midnight_belongs_to_the_day_that_it_begins_on() -> None:
    rule = CallingHours((Window(time(22), time(2), frozenset({4})),), "UTC")  # Friday
    assert next_opening(rule, ["UTC"], utc("2026-11-25T12:00")) == utc("2026-11-27T22:00")
    assert is_open(rule, ["UTC"], utc("2026-11-28T01:59"))
    assert not is_open(rule, ["UTC"], utc("2026-11-27T01:59"))
    assert next_closing(rule, ["UTC"], utc("2026-11-27T22:00")) == utc("2026-11-28T02:00")


def test_between_windows_nobody_is_called() -> None:
    rule = CallingHours((Window(time(9), time(12), WORKDAYS), Window(time(13), time(18), WORKDAYS)), BERLIN)
    assert next_closing(rule, [BERLIN], utc("2026-11-27T10:00")) == utc("2026-11-27T11:00")
    assert next_opening(rule, [BERLIN], utc("2026-11-27T11:00")) == utc("2026-11-27T12:00")
    assert next_opening(rule, [BERLIN], utc("2026-11-27T17:00")) == utc("2026-11-30T08:00")  # over the weekend


def test_nobody_is_called_on_holidays_and_dates_that_are_left_out() -> None:
    rule = CallingHours(
        (Window(time(9), time(17)),), BERLIN, holidays=frozenset({"DE-BY"}), dates=frozenset({date(2026, 12, 24)})
    )
    assert next_opening(rule, [BERLIN], utc("2026-12-23T17:00")) == utc("2026-12-27T08:00")
    assert not is_open(rule, [BERLIN], utc("2026-01-06T10:00"))  # Epiphany, in Bavaria
    prussian = CallingHours(rule.windows, BERLIN, holidays=frozenset({"DE-BE"}))
    assert is_open(prussian, [BERLIN], utc("2026-01-06T10:00"))


def test_a_night_before_or_after_a_day_that_is_left_out_ends_or_is_left_out_with_it() -> None:
    rule = CallingHours((Window(time(22), time(6)),), "UTC", dates=frozenset({date(2026, 12, 25)}))
    assert is_open(rule, ["UTC"], utc("2026-12-24T23:59"))
    assert not is_open(rule, ["UTC"], utc("2026-12-25T00:00"))
    assert next_opening(rule, ["UTC"], utc("2026-12-25T00:00")) == utc("2026-12-26T22:00")


def test_zones_far_apart_may_never_meet() -> None:
    zones = ("Pacific/Guam", "America/St_Johns", "America/Los_Angeles", "Pacific/Honolulu")
    assert never_meet((Window(time(9), time(18)),), zones)
    assert not never_meet((Window(time(0), time(23, 59)),), zones)


def is_open_by_days(hours: CallingHours, zones: list[str], moment: datetime) -> bool:
    """The same rule, told by the days on which a window may have begun. Without holidays."""

    def is_allowed(zone: str) -> bool:
        local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for window in hours.windows:
            for day in (local.date(), local.date() - timedelta(days=1)):
                last_day = day + timedelta(days=window.end < window.start)
                is_within = datetime.combine(day, window.start) <= local < datetime.combine(last_day, window.end)
                if is_within and day.weekday() in window.days and not hours.dates & {day, local.date()}:
                    return True
        return False

    return all(map(is_allowed, zones))


CHANGES = [
    *(("2031-03-09", NEW_YORK), ("2031-11-02", NEW_YORK), ("2031-03-30", BERLIN), ("2031-10-26", BERLIN)),
    *(("2031-04-06", LORD_HOWE), ("2031-10-05", LORD_HOWE), ("2031-07-01", NEW_YORK)),
]
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
WINDOWS = st.builds(
    Window, TIMES, TIMES, st.just(frozenset(range(7))) | st.frozensets(st.integers(0, 6), min_size=1, max_size=3)
)


@settings(max_examples=60, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    windows=st.lists(WINDOWS, min_size=1, max_size=2),
    other=st.sampled_from([[], [CHICAGO], ["Asia/Kolkata"], ["UTC", LOS_ANGELES]]),
    left_out=st.frozensets(st.integers(-1, 2), max_size=1),
    minutes=st.integers(-12 * 60, 30 * 60),
)
@example(
    change=("2031-03-09", NEW_YORK), windows=[Window(time(2, 30), time(5))], other=[], left_out=frozenset(), minutes=0
)
@example(
    change=("2031-11-02", NEW_YORK), windows=[Window(time(0), time(1, 30))], other=[], left_out=frozenset(), minutes=345
)
def test_openings_and_closings_are_those_of_a_search_minute_by_minute(
    change: tuple[str, str], windows: list[Window], other: list[str], left_out: frozenset[int], minutes: int
) -> None:
    day, zones = date.fromisoformat(change[0]), [change[1], *other]
    rule = CallingHours(tuple(windows), RECIPIENT, dates=frozenset(day + timedelta(days=place) for place in left_out))
    moment = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
    searched = [moment + timedelta(minutes=minute) for minute in range(28 * 60)]
    states = [is_open_by_days(rule, zones, minute) for minute in searched]
    assert is_open(rule, zones, moment) is states[0]
    opening, closing = next_opening(rule, zones, moment), next_closing(rule, zones, moment)
    if True in states:
        assert opening == searched[states.index(True)]
    else:
        assert opening is None or opening > searched[-1]
    if False in states[1:]:
        assert closing is not None
        assert not is_open_by_days(rule, zones, closing)
        if states[0]:
            assert closing == searched[states.index(False)]
    else:
        assert closing is None or closing > searched[-1]
