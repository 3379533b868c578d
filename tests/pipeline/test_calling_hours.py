"""Calling hours from run to run: people are called in their hours, others wait, and no one is called twice or at
night."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from tests.project_fixture import BATCH, ProjectFixture

NEW_YORK, BOISE, LOS_ANGELES = "+12125550101", "+12085550102", "+12135550103"
OFFICE = '{calling_hours: {from: "09:00", to: "17:00", zone: %s}}'
SLOW = BATCH.replace("from_number_id", "target_concurrency_limit: 1\n  ringing_timeout_seconds: 80\n  from_number_id")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clocks(project: ProjectFixture, zone: str) -> list[time]:
    moments = [datetime.fromisoformat(dial["at"]) for dial in project.dials()]
    return [moment.astimezone(ZoneInfo(zone)).time() for moment in moments]


def test_outside_the_hours_everyone_waits_and_the_plan_says_until_when(project: ProjectFixture) -> None:
    project.policy(OFFICE % "America/New_York")
    project.clock(utc("2031-01-15T12:00"))  # 07:00 in New York
    planned = project.plan()
    assert [(a["verb"], a["reason"], a["people"]) for a in planned["actions"]] == [("wait", "calling_hours", 2)]
    assert planned["next_at"] == "2031-01-15T14:00:00Z"
    assert "outside calling hours" in project.dialctl("plan").out
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T13:30"))
    assert project.called() == []


def test_a_call_is_judged_by_its_own_moment_and_not_by_that_of_the_request(project: ProjectFixture) -> None:
    project.policy(OFFICE % "America/New_York")
    project.clock(utc("2031-01-15T21:59"))  # one minute before five, and the guard takes two
    assert project.plan()["summary"]["people_to_call"] == 0


def test_a_batch_starts_in_whole_seconds_and_not_at_the_very_end_of_the_hours(project: ProjectFixture) -> None:
    project.policy(OFFICE % "America/New_York")
    project.clock(utc("2031-01-15T21:57:59.500"))
    assert project.plan()["summary"]["people_to_call"] == 0


def test_the_guard_may_reach_into_the_hours(project: ProjectFixture) -> None:
    project.policy(OFFICE % "America/New_York")
    project.clock(utc("2031-01-15T13:58:30"))
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T14:30"))
    assert len(project.called()) == 2
    assert min(clocks(project, "America/New_York")) >= time(9)


def test_by_number_each_is_called_in_hours_of_their_own(project: ProjectFixture) -> None:
    project.people(NEW_YORK, LOS_ANGELES)
    project.policy(OFFICE % "recipient")
    project.clock(utc("2031-01-15T15:00"))  # 10:00 in New York, 07:00 in Los Angeles
    verbs = {a["verb"]: a["people"] for a in project.plan()["actions"]}
    assert verbs == {"create": 1, "wait": 1}
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T16:30"))
    assert project.called() == [NEW_YORK]
    project.clock(utc("2031-01-15T17:30"))
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T18:30"))
    assert project.called() == sorted([NEW_YORK, LOS_ANGELES])


def test_a_column_names_the_zone_whatever_the_number_says(project: ProjectFixture) -> None:
    project.write(people_csv=f"to_number,zone\n{NEW_YORK},America/Los_Angeles\n{LOS_ANGELES},\n")
    project.policy('{calling_hours: {from: "09:00", to: "17:00", zone: recipient, column: zone}}')
    project.clock(utc("2031-01-15T15:00"))
    assert {a["verb"]: a["people"] for a in project.plan()["actions"]} == {"wait": 2}


def test_a_person_whose_zone_is_not_known_is_never_called(project: ProjectFixture) -> None:
    project.people("+80055501012")
    project.policy('{calling_hours: {from: "00:00", to: "23:59", zone: recipient}}')
    project.clock(utc("2031-01-15T15:00"))
    planned = project.plan()
    assert {a["verb"]: a["people"] for a in planned["actions"]} == {"wait": 1}
    assert any("has no known time zone and is never called" in warning["message"] for warning in planned["warnings"])


@pytest.mark.parametrize("zone", ["America/New_York", "recipient"])
def test_whoever_cannot_be_begun_before_the_end_waits_and_no_run_need_come(project: ProjectFixture, zone: str) -> None:
    numbers = [f"+1212555{n:04}" for n in range(101, 121)]
    project.people(*numbers)
    project.write(batch_yaml=f"{SLOW}  expected_call: 90s\n  policy: {OFFICE % zone}\n")
    project.clock(utc("2031-01-15T21:45"))  # fifteen minutes before five, and one call at a time
    planned = project.plan()
    assert {a["verb"]: a["people"] for a in planned["actions"]} == {"create": 8, "wait": 12}
    assert planned["next_at"] == "2031-01-15T22:00:00Z"  # whoever still waits then is taken off
    [warning] = [warning["message"] for warning in planned["warnings"] if "calling hours end" in warning["message"]]
    assert warning.startswith("12 people wait until 14:00 UTC on 16 Jan: they cannot be begun before")
    assert project.apply().exit == 0
    project.clock(utc("2031-01-16T13:00"))
    assert len(project.called()) == 8
    assert all(time(9) <= clock < time(17) for clock in clocks(project, "America/New_York"))
    project.clock(utc("2031-01-16T14:00"))
    assert project.apply().exit == 0
    project.clock(utc("2031-01-16T21:00"))
    assert sorted(project.called()) == numbers


def test_what_waits_when_the_window_closes_is_cancelled_and_submitted_again_later(project: ProjectFixture) -> None:
    numbers = [f"+1212555{n:04}" for n in range(101, 141)]
    project.people(*numbers)
    too_short = "  expected_call: 5s\n"
    project.write(batch_yaml=f"{SLOW}{too_short}  policy: {OFFICE % 'America/New_York'}\n")
    project.clock(utc("2031-01-15T21:50"))  # ten minutes before five: not all can be through
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T21:59:30"))
    called = len(project.called())
    assert 0 < called < 40
    closing = {
        a["verb"]: (a["reason"], a["people"]) for a in project.plan("--allow-shrink", "batch/outreach")["actions"]
    }
    assert closing["cancel"][0] == "calling_hours"
    assert project.apply().exit == 0
    project.clock(utc("2031-01-16T13:00"))
    overnight = len(project.called())
    assert overnight <= called + 1
    project.clock(utc("2031-01-16T14:00"))
    assert project.apply().exit == 0
    project.clock(utc("2031-01-16T21:00"))
    assert project.apply().exit == 0
    assert len(project.called()) == len(set(project.called())) == 40
    assert all(time(9) <= clock < time(17) for clock in clocks(project, "America/New_York"))


@pytest.mark.parametrize(
    ("now", "verb"),
    [("2031-01-15T03:30", "create"), ("2031-01-15T10:00", "create"), ("2031-01-15T12:00", "wait")],
    ids=["before midnight", "after midnight", "by day"],
)
def test_hours_may_cross_midnight(project: ProjectFixture, now: str, verb: str) -> None:
    project.policy('{calling_hours: {from: "22:00", to: "06:00", zone: America/New_York}}')
    project.clock(utc(now))
    assert [a["verb"] for a in project.plan()["actions"]] == [verb]


@pytest.mark.parametrize(
    ("before", "after"),
    [("2031-03-08T14:00:00Z", "2031-03-09T13:00:00Z"), ("2031-11-01T13:00:00Z", "2031-11-02T14:00:00Z")],
    ids=["clocks go forward", "clocks go back"],
)
def test_nine_oclock_moves_with_the_clocks(project: ProjectFixture, before: str, after: str) -> None:
    project.policy(OFFICE % "America/New_York")
    for opens in (before, after):
        project.clock(datetime.fromisoformat(opens[:-1]).replace(tzinfo=UTC, hour=6))
        assert project.plan()["next_at"] == opens


def test_an_unchanged_plan_over_closed_hours_never_calls_by_itself(project: ProjectFixture) -> None:
    project.people(BOISE)
    project.policy(OFFICE % "recipient")
    project.clock(utc("2031-01-15T04:00"))
    for _ in range(3):
        assert project.apply().exit == 0
    project.clock(utc("2031-01-15T14:00"))
    assert project.called() == []


def test_single_calls_wait_for_the_hours_as_well(project: ProjectFixture) -> None:
    call = 'spec: {to_number: "+12125550101", agent_id: agent_one, from_number_id: ap_one, policy: %s}\n'
    head = "apiVersion: dialctl/v1\nkind: Call\nmetadata: {name: one}\n"
    project.write(batch_yaml=head + call % (OFFICE % "America/New_York"))
    project.clock(utc("2031-01-15T12:00"))
    assert {a["verb"] for a in project.plan()["actions"]} == {"wait"}
    assert project.apply().exit == 0
    assert project.called() == []
    project.clock(utc("2031-01-15T14:00"))
    assert project.apply().exit == 0
    assert project.apply().exit == 0
    project.clock(utc("2031-01-15T15:00"))
    assert project.called() == ["+12125550101"]
