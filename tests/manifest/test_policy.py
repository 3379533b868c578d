"""Limits of the project and of a resource: the stricter one counts."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from declarative.model.calling_hours import CallingHours, Window
from declarative.model.policy import Frequency

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder

HOURS = "calling_hours: {from: '09:00', to: '20:00', zone: America/New_York}"


def test_a_resource_has_the_stricter_of_two_policies(folder: ProjectFolder) -> None:
    project = f"{PROJECT}  policy: {{{HOURS}, max_dials: 100, countries: [US, CA]}}\n"
    hours = HOURS.replace("09:00", "10:00")
    own = f"  policy: {{{hours}, max_dials: 500, countries: [CA, MX]}}\n"
    folder.put({"project.yaml": project, "b.yaml": HEAD + own + PERSON})
    desired = folder.load()
    policy = desired.resources["batch/b"].policy
    assert policy.calling_hours == CallingHours((Window(time(10), time(20)),), "America/New_York")
    assert (policy.max_dials, policy.countries) == (100, frozenset({"CA"}))
    assert desired.project.policy.max_dials == 100


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            "{from: '08:00', to: '20:00', zone: America/New_York}",
            "is wider than the project's 09:00 to 20:00",
        ),
        ("{from: '10:00', to: '09:30', zone: America/New_York}", "is wider than"),
        ("{from: '10:00', to: '11:00', zone: Europe/Paris}", "cannot be compared"),
        ("{from: '10:00', to: '10:00', zone: America/New_York}", "from and to are the same"),
        ("{from: '10:00', to: '11:00', zone: America/New_Yrok}", "unknown time zone"),
        ("{from: '10:00', to: '11:00', zone: ../../etc}", "unknown time zone"),
        (
            "{from: '10:00', to: '11:00', zone: America/New_York, column: tz}",
            "column goes with zone: recipient",
        ),
    ],
)
def test_calling_hours_can_only_be_narrowed(folder: ProjectFolder, own: str, words: str) -> None:
    folder.put({"project.yaml": f"{PROJECT}  policy: {{{HOURS}}}\n"})
    folder.put({"b.yaml": f"{HEAD}  policy: {{calling_hours: {own}}}\n{PERSON}"})
    assert any(words in reported for reported in folder.problems())


def test_hours_across_midnight_narrow_too(folder: ProjectFolder) -> None:
    night = "calling_hours: {from: '22:00', to: '04:00', zone: recipient, column: tz}"
    own = night.replace("22:00", "23:00").replace("04:00", "01:00")
    folder.put(
        {
            "project.yaml": f"{PROJECT}  policy: {{{night}}}\n",
            "b.yaml": f"{HEAD}  policy: {{{own}}}\n{PERSON}",
        }
    )
    assert folder.load().resources["batch/b"].policy.calling_hours == CallingHours(
        (Window(time(23), time(1)),), "recipient", "tz"
    )


MISTAKES = [
    Mistake(
        "a line feed after an hour",
        f'  policy: {{calling_hours: {{from: "09:00\\n", to: "20:00", zone: recipient}}}}\n{PERSON}',
        "b.yaml:5:34",
        "expected a time of day in quotes",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)


def test_frequency_and_allow_shrink_are_the_projects(folder: ProjectFolder) -> None:
    policy = "{frequency: {max: 2, per: 7d}, allow_shrink: [batch/old, call/ada]}"
    folder.put({"project.yaml": f"{PROJECT}  policy: {policy}\n", "b.yaml": HEAD + PERSON})
    read = folder.load().project.policy
    assert read.frequency == Frequency(2, timedelta(days=7))
    assert read.allow_shrink == {"batch/old", "call/ada"}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{frequency: {max: 0, per: 24h}}", "max"),
        ("{frequency: {max: 1, per: 0s}}", "is no length of time"),
        ("{frequency: {max: 1, per: 999999999d}}", "longer than 100 years"),
        ("{frequency: {max: 1}}", "per"),
        ("{frequency: once}", "frequency"),
        ("{allow_shrink: [march]}", "an address, as in batch/march-outreach"),
    ],
)
def test_a_wrong_limit_is_an_error_with_its_line(folder: ProjectFolder, policy: str, words: str) -> None:
    folder.put({"project.yaml": f"{PROJECT}  policy: {policy}\n", "b.yaml": HEAD + PERSON})
    assert any(words in reported and "project.yaml:" in reported for reported in folder.problems()), folder.problems()


def test_a_resource_has_neither(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  policy: {{frequency: {{max: 1, per: 24h}}}}\n{PERSON}"})
    assert any("frequency" in reported for reported in folder.problems())
