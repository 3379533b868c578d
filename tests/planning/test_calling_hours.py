"""Calling hours: when a person may be called, over zones, midnights and the two nights when clocks change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time

import polars as pl
import pytest

from declarative.model.calling_hours import RECIPIENT, CallingHours, Window
from declarative.model.people import People
from declarative.planning import calling_hours as hours
from declarative.planning.decide import Timing

NEW_YORK, CHICAGO, LOS_ANGELES = "America/New_York", "America/Chicago", "America/Los_Angeles"
OFFICE = CallingHours((Window(time(9), time(17)),), NEW_YORK)
NIGHT = CallingHours((Window(time(22), time(6)),), NEW_YORK)
OWN = CallingHours((Window(time(9), time(17)),), RECIPIENT)
BY_COLUMN = CallingHours((Window(time(9), time(17)),), RECIPIENT, "tz")
BOISE = "America/Boise"
IDAHO = "+12085550101"
"""Its prefix lies in Mountain and in Pacific time."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def people(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"number": pl.String, "payload": pl.String}, orient="row")


def by_person(rule: CallingHours, frame: pl.DataFrame, now: datetime) -> tuple[dict[str, str], datetime | None]:
    found, opening = hours.hours_timing(rule, lambda: People.of(frame), now)
    assert isinstance(found, pl.DataFrame)
    return dict(found.iter_rows()), opening


def test_without_hours_everybody_may_be_called_and_nobody_is_asked_for() -> None:
    assert hours.hours_timing(None, lambda: pytest.fail("people were read"), utc("2031-01-15T03:00")) == (
        Timing.NOW,
        None,
    )


def test_a_fixed_zone_needs_no_people() -> None:
    found = hours.hours_timing(OFFICE, lambda: pytest.fail("people were read"), utc("2031-01-15T03:00"))
    assert found == (Timing.CLOSED, utc("2031-01-15T14:00"))


def test_hours_that_end_as_they_start_are_never_open() -> None:
    """Manifests cannot say it; what cannot be meant calls nobody."""
    never = CallingHours((Window(time(9), time(9)),), NEW_YORK)
    assert hours.hours_timing(never, lambda: People.of(people()), utc("2031-01-15T14:00")) == (Timing.CLOSED, None)


def test_each_is_called_by_their_own_clock() -> None:
    frame = people(("+12125550101", "{}"), ("+12135550102", "{}"))
    found, opening = by_person(OWN, frame, utc("2031-01-15T15:00"))
    assert found == {"+12125550101": Timing.NOW.value, "+12135550102": Timing.CLOSED.value}
    assert opening == utc("2031-01-15T17:00")


def test_a_number_of_several_zones_waits_for_the_last_of_them() -> None:
    found, _ = by_person(OWN, people((IDAHO, "{}")), utc("2031-01-15T16:30"))
    assert found == {IDAHO: Timing.CLOSED.value}


@pytest.mark.parametrize("field", ["metadata", "dynamic_variables", "context"])
def test_the_column_wins_over_the_number_wherever_it_is_kept(field: str) -> None:
    frame = people(("+12125550101", f'{{"{field}":{{"tz":"{LOS_ANGELES}"}}}}'))
    found, opening = by_person(BY_COLUMN, frame, utc("2031-01-15T15:00"))
    assert (found, opening) == ({"+12125550101": Timing.CLOSED.value}, utc("2031-01-15T17:00"))


@pytest.mark.parametrize("payload", ["{}", '{"metadata":{"tz":""}}', '{"metadata":{"other":"x"}}'])
def test_an_empty_column_leaves_it_to_the_number(payload: str) -> None:
    found, _ = by_person(BY_COLUMN, people(("+12125550101", payload)), utc("2031-01-15T15:00"))
    assert found == {"+12125550101": Timing.NOW.value}


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "../../etc/passwd", "EST5;DROP"])
def test_whose_zone_is_unknown_has_no_opening(zone: str) -> None:
    frame = people(("+12125550101", f'{{"metadata":{{"tz":"{zone}"}}}}'), ("+12125550102", "{}"))
    found, opening = by_person(BY_COLUMN, frame, utc("2031-01-15T15:00"))
    assert found == {"+12125550101": Timing.CLOSED.value, "+12125550102": Timing.NOW.value}
    assert opening is None


def test_a_number_without_any_zone_has_no_opening() -> None:
    found, opening = by_person(OWN, people(("+80055501012", "{}")), utc("2031-01-15T15:00"))
    assert (found, opening) == ({"+80055501012": Timing.CLOSED.value}, None)


@pytest.mark.parametrize("column", ["time zone", "tz.name", "tz-name", "it's", "Zeitzone (IANA)", "a[0]", 'say "tz"'])
def test_a_column_may_have_any_name(column: str) -> None:
    rule = CallingHours((Window(time(9), time(17)),), RECIPIENT, column)
    frame = people(("+12125550101", json.dumps({"metadata": {column: LOS_ANGELES}})))
    found, _ = by_person(rule, frame, utc("2031-01-15T15:00"))
    assert found == {"+12125550101": Timing.CLOSED.value}
