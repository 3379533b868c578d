"""Policies as a reviewer meets them: who is held back, and why, before the first call."""

from __future__ import annotations

import pytest

from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

LONDON = "+442079460101"


def later(project: ProjectFixture, seconds: float = 3600) -> None:
    with project.world() as world:
        world.advance(seconds)


def test_suppressed_numbers_are_counted_before_and_never_called(project: ProjectFixture) -> None:
    project.write(dnc_csv=f"to_number\n{ADA}\n")
    project.policy("{suppress_from: [{file: dnc.csv}]}")
    shown = project.dialctl("plan").out
    assert "1 person held back: on a do-not-call list" in shown
    assert project.plan()["held"] == {"suppressed": 1}
    assert project.apply().exit == 0
    later(project)
    assert project.called() == [BEN]


def test_a_number_suppressed_while_it_waits_is_taken_off(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.write(dnc_csv=f"to_number\n{ADA}\n")
    project.policy("{suppress_from: [{file: dnc.csv}]}")
    actions = project.plan()["actions"]
    assert {a["verb"]: a["people"] for a in actions} == {"cancel": 1, "replace": 1}
    assert {a["verb"]: a["reason"] for a in actions} == {"cancel": "suppressed", "replace": "batch_mates"}
    assert "1 person who still waits (on a do-not-call list)" in project.dialctl("plan").out
    assert project.apply().exit == 0
    later(project)
    assert project.called() == [BEN]


def test_the_project_suppresses_for_every_resource(project: ProjectFixture) -> None:
    project.write(
        dnc_csv=f"to_number\n{BEN}\n", project_yaml=f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"
    )
    assert project.apply().exit == 0
    later(project)
    assert project.called() == [ADA]


def test_numbers_of_other_countries_are_held_back(project: ProjectFixture) -> None:
    project.people(ADA, LONDON)
    project.policy("{countries: [US]}")
    assert "1 person held back: in a country that is not allowed" in project.dialctl("plan").out
    assert "1 person held back: in a country that is not allowed" in project.dialctl("plan", "--format", "markdown").out
    assert project.apply().exit == 0
    later(project)
    assert project.called() == [ADA]


def test_a_resource_whose_people_are_all_held_back_does_not_read_as_done(project: ProjectFixture) -> None:
    project.people(LONDON)
    project.policy("{countries: [US]}")
    planned = project.dialctl("plan").out
    assert "Warning: batch/outreach: nobody is left to call: 1 held back (in a country that is not allowed)" in planned
    assert "everybody is where they should be" not in planned


def test_a_person_who_was_called_is_not_called_again_once_the_country_is_allowed(project: ProjectFixture) -> None:
    project.people(ADA, "+16045550101")
    project.policy("{countries: [US]}")
    assert project.apply().exit == 0
    later(project)
    project.policy("{countries: [US, CA]}")
    assert project.plan()["summary"]["people_to_call"] == 1
    assert project.apply().exit == 0
    later(project)
    assert project.called() == [ADA, "+16045550101"]


@pytest.mark.parametrize("where", ["project", "batch"])
def test_more_than_max_dials_refuses_the_plan_before_anything_is_sent(project: ProjectFixture, where: str) -> None:
    if where == "project":
        project.write(project_yaml=f"{PROJECT}  policy: {{max_dials: 1}}\n")
    else:
        project.policy("{max_dials: 1}")
    said = project.dialctl("plan")
    assert said.exit == 1
    assert "Refused" in said.out
    assert "#### Refused" in project.dialctl("plan", "--format", "markdown").out
    assert project.apply().exit == 1
    later(project)
    assert project.called() == []


def test_max_dials_on_the_command_line_counts_as_much(project: ProjectFixture) -> None:
    assert project.apply("--max-dials", "1").exit == 1
    assert project.apply("--max-dials", "2").exit == 0
    later(project)
    assert project.called() == [ADA, BEN]


def test_a_saved_plan_is_held_to_max_dials_too(project: ProjectFixture) -> None:
    assert project.dialctl("plan", "--out", "saved.plan").exit == 0
    said = project.dialctl("apply", "saved.plan", "--max-dials", "1")
    assert (said.exit, "max_dials" in said.err) == (1, True)
    later(project)
    assert project.called() == []


def test_a_list_that_is_suppressed_as_a_whole_calls_no_one(project: ProjectFixture) -> None:
    project.write(dnc_csv=f"to_number\n{ADA}\n{BEN}\n{CAY}\n")
    project.policy("{suppress_from: [{file: dnc.csv}]}")
    assert project.apply().exit in (0, 1)
    later(project)
    assert project.called() == []


def test_an_edited_list_of_suppressed_numbers_makes_a_saved_plan_stale(project: ProjectFixture) -> None:
    project.write(
        dnc_csv=f"to_number\n{CAY}\n", batch_yaml=f"{BATCH}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"
    )
    assert project.dialctl("plan", "--out", "saved.plan").exit == 0
    project.write(dnc_csv=f"to_number\n{CAY}\n{ADA}\n")
    assert project.dialctl("apply", "saved.plan").exit == 1
