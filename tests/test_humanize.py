"""Counts and times as people read them."""

from __future__ import annotations

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
