"""Counts and times as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from declarative import humanize


@pytest.mark.parametrize(("count", "text"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (5000, "5,000 people")])
def test_people_are_counted_in_words(count: int, text: str) -> None:
    assert humanize.people(count) == text


def test_a_phrase_may_bring_its_verb() -> None:
    phrases = [humanize.plural(count, "person waits", "people wait") for count in (1, 1200)]
    assert phrases == ["1 person waits", "1,200 people wait"]


@pytest.mark.parametrize(
    ("relative_to", "text"),
    [
        (None, "16:00 UTC on 1 Dec"),
        (datetime(2026, 1, 1, tzinfo=UTC), "16:00 UTC on 1 Dec"),
        (datetime(2027, 1, 1, tzinfo=UTC), "16:00 UTC on 1 Dec 2026"),
    ],
)
def test_a_year_is_told_where_it_is_another(relative_to: datetime | None, text: str) -> None:
    assert humanize.when(datetime(2026, 12, 1, 16, 0, tzinfo=UTC), relative_to) == text


def test_durations_are_in_the_largest_whole_unit() -> None:
    texts = [humanize.duration(timedelta(seconds=seconds)) for seconds in (0, 60, 5400, 14_400, 90)]
    assert texts == ["0m", "1m", "90m", "4h", "90s"]


@pytest.fixture
def new_york() -> Iterator[None]:
    humanize.set_display_zone("America/New_York")
    yield
    humanize.set_display_zone("UTC")


@pytest.mark.usefixtures("new_york")
def test_times_are_written_in_the_display_zone_and_name_it() -> None:
    winter, summer = datetime(2026, 12, 1, 16, tzinfo=UTC), datetime(2026, 7, 1, 2, tzinfo=UTC)
    assert humanize.when(winter) == "11:00 EST on 1 Dec"
    assert humanize.when(summer) == "22:00 EDT on 30 Jun"
    new_year = datetime(2027, 1, 1, 3, tzinfo=UTC)  # still 2026 in New York
    assert humanize.when(new_year, relative_to=winter) == "22:00 EST on 31 Dec"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (45, "45s"), (200, "3m20s"), (3_900, "1h05m"), (2 * 86_400 + 3 * 3_600, "2d03h")]
)
def test_measured_lengths_name_their_two_largest_units(seconds: float, text: str) -> None:
    assert humanize.elapsed(seconds) == text
