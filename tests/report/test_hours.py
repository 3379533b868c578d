"""Calling hours in words."""

from __future__ import annotations

from datetime import date, time

import pytest

from declarative.model.calling_hours import CallingHours, Window
from declarative.report.hours import describe_hours

WORKDAYS, MONDAY_AND_FRIDAY = frozenset(range(5)), frozenset({0, 4})


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (CallingHours((Window(time(9), time(20)),), "recipient"), "hours 09:00–20:00 own zone"),
        (CallingHours((Window(time(9), time(20), WORKDAYS),), "UTC"), "hours Mon–Fri 09:00–20:00 UTC"),
        (
            CallingHours((Window(time(9), time(12), WORKDAYS), Window(time(13), time(18), WORKDAYS)), "UTC"),
            "hours Mon–Fri 09:00–12:00 and 13:00–18:00 UTC",
        ),
        (
            CallingHours((Window(time(9), time(12), MONDAY_AND_FRIDAY), Window(time(22), time(2))), "UTC"),
            "hours Mon, Fri 09:00–12:00 and all days 22:00–02:00 UTC",
        ),
        (
            CallingHours(
                (Window(time(9), time(12)),),
                "Europe/Berlin",
                holidays=frozenset({"DE-BY", "AT"}),
                dates=frozenset({date(2026, 12, 24), date(2026, 12, 31)}),
            ),
            "hours 09:00–12:00 Europe/Berlin, except holidays of AT, DE-BY and 2 dates",
        ),
    ],
)
def test_hours_are_told_as_people_write_them(hours: CallingHours, words: str) -> None:
    assert describe_hours(hours) == words
