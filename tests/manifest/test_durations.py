"""Durations, moments and times of day are parsed to one form."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from declarative.manifest import durations


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("0s", 0), ("500ms", 500), ("1h30m", 5_400_000), ("2d", 172_800_000)]
)
def test_a_duration_is_the_sum_of_its_parts(text: str, milliseconds: int) -> None:
    assert durations.parse_duration(text) == timedelta(milliseconds=milliseconds)


def test_a_duration_of_more_than_100_years_is_refused() -> None:
    assert durations.parse_duration("36525d") == timedelta(days=36_525)
    with pytest.raises(ValueError, match="longer than 100 years"):
        durations.parse_duration("36526d")


def test_a_fraction_of_a_second_is_rounded_up() -> None:
    moment = durations.parse_moment("2026-12-01t18:00:00.001+02:00")
    assert moment == datetime(2026, 12, 1, 16, 0, 1, tzinfo=UTC)
    assert durations.format_moment(moment) == "2026-12-01T16:00:01Z"


def test_a_moment_outside_of_time_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the years"):
        durations.parse_moment("0001-01-01T00:00:00+14:00")


def test_a_time_of_day() -> None:
    assert durations.parse_time_of_day("09:30") == time(9, 30)
