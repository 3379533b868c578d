"""Calling hours in manifests: days, windows, exceptions and zones."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from declarative.model.calling_hours import CallingHours, Window

from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder

WORKDAYS = frozenset(range(5))


def load(folder: ProjectFolder, hours: str, project_hours: str = "") -> CallingHours | None:
    put(folder, hours, project_hours)
    return folder.load().resources["batch/b"].policy.calling_hours


def put(folder: ProjectFolder, hours: str, project_hours: str = "") -> None:
    policy = f"  policy: {{calling_hours: {project_hours}}}\n" if project_hours else ""
    own = f"  policy: {{calling_hours: {hours}}}\n" if hours else ""
    folder.put({"project.yaml": f"{PROJECT}{policy}", "b.yaml": f"{HEAD}{own}{PERSON}"})


def test_days_and_dates_that_are_left_out(folder: ProjectFolder) -> None:
    exceptions = 'except: {holidays: [US-CA, DE], dates: ["2026-12-24", 2026-12-31]}'
    hours = f"{{days: [mon, fri], from: '09:00', to: '00:00', zone: UTC, {exceptions}}}"
    assert load(folder, hours) == CallingHours(
        (Window(time(9), time(0), frozenset({0, 4})),),
        "UTC",
        holidays=frozenset({"US-CA", "DE"}),
        dates=frozenset({date(2026, 12, 24), date(2026, 12, 31)}),
    )


def test_several_windows(folder: ProjectFolder) -> None:
    windows = "[{days: [mon, tue, wed, thu, fri], from: '09:00', to: '12:00'}, {from: '13:00', to: '18:00'}]"
    assert load(folder, f"{{windows: {windows}, zone: recipient}}") == CallingHours(
        (Window(time(9), time(12), WORKDAYS), Window(time(13), time(18))), "recipient"
    )


@pytest.mark.parametrize(
    ("own", "is_narrower"),
    [
        ("{days: [mon], from: '09:00', to: '20:00', zone: UTC}", True),
        ("{days: [sat], from: '10:00', to: '11:00', zone: UTC}", False),
        ("{windows: [{days: [tue], from: '09:00', to: '12:00'}], zone: UTC}", True),
        ("{days: [mon], from: '23:00', to: '01:00', zone: UTC}", True),
        ("{days: [fri], from: '23:00', to: '01:00', zone: UTC}", False),
    ],
)
def test_a_resource_narrows_days_too(folder: ProjectFolder, own: str, is_narrower: bool) -> None:
    windows = "[{days: [mon, tue], from: '09:00', to: '20:00'}, {days: [mon], from: '20:00', to: '02:00'}]"
    put(folder, own, f"{{windows: {windows}, zone: UTC}}")
    if is_narrower:
        assert folder.problems() == []
    else:
        [reported] = folder.problems()
        assert "is wider than the project's mon, tue 09:00 to 20:00 and mon 20:00 to 02:00" in reported


def test_days_that_project_or_resource_leaves_out_are_left_out(folder: ProjectFolder) -> None:
    hours = "{from: '09:00', to: '20:00', zone: UTC, except: {%s}}"
    combined = load(folder, hours % "dates: [2026-12-24]", hours % "holidays: [US]")
    assert combined is not None
    assert (combined.holidays, combined.dates) == (frozenset({"US"}), frozenset({date(2026, 12, 24)}))


def test_how_long_a_call_lasts_is_said_for_the_project_or_a_batch(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": f"{PROJECT}  expected_call: 4m\n", "b.yaml": HEAD + PERSON})
    assert folder.load().resources["batch/b"].expected_call == timedelta(minutes=4)
    folder.put({"b.yaml": f"{HEAD}  expected_call: 90s\n{PERSON}"})
    assert folder.load().resources["batch/b"].expected_call == timedelta(seconds=90)
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON})
    assert folder.load().resources["batch/b"].expected_call == timedelta(minutes=3)
    folder.put({"b.yaml": f"{HEAD}  expected_call: 0s\n{PERSON}"})
    assert folder.problems() == ["b.yaml:5:18: spec.expected_call: a call takes some time (such as 3m)"]


@pytest.mark.parametrize(
    ("hours", "place", "words"),
    [
        ("{from: '09:00', zone: UTC}", "", "to missing (from and to, or windows with several of them)"),
        ("{zone: UTC}", "", "from and to missing"),
        ("{from: '09:00', to: '24:00', zone: UTC}", ".to", 'midnight is "00:00"'),
        ("{from: '09:00', to: '10:00', days: [monday], zone: UTC}", ".days[0]", '"monday"'),
        ("{from: '09:00', to: '10:00', days: [], zone: UTC}", ".days", ""),
        (
            "{windows: [{from: '09:00', to: '10:00'}], days: [mon], zone: UTC}",
            ".days",
            "days stands beside windows (write it in each of the windows)",
        ),
        ("{windows: [{from: '09:00', to: '09:00'}], zone: UTC}", ".windows[0].to", "from and to are the same"),
        ("{windows: [{from: '09:00'}], zone: UTC}", ".windows[0]", '"to"'),
        ("{from: '09:00', to: '10:00', zone: EST}", ".zone", 'unknown time zone "EST" (an IANA area such as'),
        (
            "{from: '09:00', to: '10:00', zone: UTC, except: {holidays: [UK]}}",
            ".except.holidays[0]",
            'no holidays are known of "UK"',
        ),
        (
            "{from: '09:00', to: '10:00', zone: UTC, except: {holidays: [US-CAL]}}",
            ".except.holidays[0]",
            'no holidays are known of "US-CAL" (did you mean "US-CA"?)',
        ),
        (
            "{from: '09:00', to: '10:00', zone: UTC, except: {dates: [2026-02-30]}}",
            ".except.dates[0]",
            '"2026-02-30" is no date of the calendar',
        ),
        (
            "{from: '09:00', to: '10:00', zone: UTC, except: {dates: [24.12.2026]}}",
            ".except.dates[0]",
            "a date such as",
        ),
    ],
)
def test_each_mistake_is_told_at_its_place(folder: ProjectFolder, hours: str, place: str, words: str) -> None:
    put(folder, hours)
    [reported] = folder.problems()
    assert f": spec.policy.calling_hours{place}: " in reported
    assert words in reported
