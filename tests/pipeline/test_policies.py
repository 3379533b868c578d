"""Policies as a reviewer meets them: who is held back, and why, before the first call."""

from __future__ import annotations

import pytest

from .house import ADA, BATCH, BEN, CAY, PROJECT, Team

LONDON = "+442079460101"


def later(team: Team, seconds: float = 3600) -> None:
    with team.world() as world:
        world.advance(seconds)


def test_suppressed_numbers_are_counted_before_and_never_called(team: Team) -> None:
    team.write(dnc_csv=f"to_number\n{ADA}\n")
    team.policy("{suppress_from: [{file: dnc.csv}]}")
    shown = team.dialctl("plan").out
    assert "1 person held back by suppress_from" in shown
    assert team.plan()["held"] == {"suppress_from": 1}
    assert team.apply().exit == 0
    later(team)
    assert team.called() == [BEN]


def test_a_number_suppressed_while_it_waits_is_taken_off(team: Team) -> None:
    assert team.apply().exit == 0
    team.write(dnc_csv=f"to_number\n{ADA}\n")
    team.policy("{suppress_from: [{file: dnc.csv}]}")
    actions = team.plan()["actions"]
    assert {a["verb"]: a["people"] for a in actions} == {"cancel": 1, "replace": 1}
    assert {a["verb"]: a["reason"] for a in actions} == {"cancel": "suppressed", "replace": "batch_mates"}
    assert "1 person who still waits (on a do-not-call list)" in team.dialctl("plan").out
    assert team.apply().exit == 0
    later(team)
    assert team.called() == [BEN]


def test_the_project_suppresses_for_every_resource(team: Team) -> None:
    team.write(
        dnc_csv=f"to_number\n{BEN}\n", project_yaml=f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"
    )
    assert team.apply().exit == 0
    later(team)
    assert team.called() == [ADA]


def test_numbers_of_other_countries_are_held_back(team: Team) -> None:
    team.people(ADA, LONDON)
    team.policy("{countries: [US]}")
    assert "1 person held back by countries" in team.dialctl("plan").out
    assert "1 person held back by `countries`" in team.dialctl("plan", "--format", "markdown").out
    assert team.apply().exit == 0
    later(team)
    assert team.called() == [ADA]


def test_a_resource_whose_people_are_all_held_back_does_not_read_as_done(team: Team) -> None:
    team.people(LONDON)
    team.policy("{countries: [US]}")
    planned = team.dialctl("plan").out
    assert "Warning: batch/outreach: nobody is left to call: 1 held back by countries" in planned
    assert "everybody is where they should be" not in planned


def test_whoever_is_called_already_is_not_called_again_once_the_country_is_allowed(team: Team) -> None:
    team.people(ADA, "+16045550101")
    team.policy("{countries: [US]}")
    assert team.apply().exit == 0
    later(team)
    team.policy("{countries: [US, CA]}")
    assert team.plan()["summary"]["people_to_call"] == 1
    assert team.apply().exit == 0
    later(team)
    assert team.called() == [ADA, "+16045550101"]


@pytest.mark.parametrize("where", ["project", "batch"])
def test_more_than_max_dials_refuses_the_plan_before_anything_is_sent(team: Team, where: str) -> None:
    if where == "project":
        team.write(project_yaml=f"{PROJECT}  policy: {{max_dials: 1}}\n")
    else:
        team.policy("{max_dials: 1}")
    said = team.dialctl("plan")
    assert said.exit == 1
    assert "Refused" in said.out
    assert "#### Refused" in team.dialctl("plan", "--format", "markdown").out
    assert team.apply().exit == 1
    later(team)
    assert team.called() == []


def test_max_dials_on_the_command_line_counts_as_much(team: Team) -> None:
    assert team.apply("--max-dials", "1").exit == 1
    assert team.apply("--max-dials", "2").exit == 0
    later(team)
    assert team.called() == [ADA, BEN]


def test_a_saved_plan_is_held_to_max_dials_too(team: Team) -> None:
    assert team.dialctl("plan", "--out", "saved.plan").exit == 0
    said = team.dialctl("apply", "saved.plan", "--max-dials", "1")
    assert (said.exit, "max_dials" in said.err) == (1, True)
    later(team)
    assert team.called() == []


def test_a_list_that_is_suppressed_as_a_whole_calls_nobody(team: Team) -> None:
    team.write(dnc_csv=f"to_number\n{ADA}\n{BEN}\n{CAY}\n")
    team.policy("{suppress_from: [{file: dnc.csv}]}")
    assert team.apply().exit in (0, 1)
    later(team)
    assert team.called() == []


def test_an_edited_list_of_suppressed_numbers_makes_a_saved_plan_stale(team: Team) -> None:
    team.write(dnc_csv=f"to_number\n{CAY}\n", batch_yaml=f"{BATCH}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n")
    assert team.dialctl("plan", "--out", "saved.plan").exit == 0
    team.write(dnc_csv=f"to_number\n{CAY}\n{ADA}\n")
    assert team.dialctl("apply", "saved.plan").exit == 1
