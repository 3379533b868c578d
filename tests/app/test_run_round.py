"""One round of `dialctl run`: whom it calls, and when it calls nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from declarative.app.run_round import HELD_PAUSE, SOON, RoundOutcome, RunProject
from declarative.errors import Exit
from declarative.planning.decide import Verb
from declarative.state.local import LocalBackend
from tests.app.running import PROJECT, make_project, run_round
from tests.project_fixture import ADA, BATCH, BEN, CAY, ProjectFixture
from tests.state.samples import holder, no_sleep

DAY = timedelta(days=1)


@pytest.fixture
def running(project: ProjectFixture) -> RunProject:
    project.write(project_yaml=PROJECT)
    return make_project(project)


def later(project: ProjectFixture, length: timedelta) -> None:
    with project.world() as world:
        moment = datetime.fromtimestamp(world.now(), UTC) + length
    project.clock(moment)


def test_a_round_calls_who_is_wanted_and_the_next_one_calls_nobody(
    project: ProjectFixture, running: RunProject
) -> None:
    first = run_round(running)
    assert (first.outcome, first.exit_code, first.wait) == (RoundOutcome.GOOD, Exit.DONE, SOON)
    later(project, timedelta(hours=1))
    assert project.called() == [ADA, BEN]
    second, third = run_round(running), run_round(running)
    assert (second.outcome, third.outcome) == (RoundOutcome.GOOD, RoundOutcome.GOOD)
    assert third.wait == 600, "nobody is called any more, so nothing has to be looked at soon"
    assert project.called() == [ADA, BEN]
    assert running.report is not None
    assert running.report.ended_count == 2
    assert (running.name, running.display_zone, running.dials_of_day) == ("spring", "Europe/Berlin", 2)


def test_new_commits_are_read_in_the_next_round(project: ProjectFixture, running: RunProject) -> None:
    run_round(running)
    project.people(ADA, BEN, CAY)
    run_round(running)
    later(project, timedelta(hours=1))
    assert project.called() == [ADA, BEN, CAY]


@pytest.mark.parametrize("damage", ["batch.yaml", "people.csv", "do-not-call.csv"])
def test_while_manifests_or_lists_are_invalid_nobody_is_called_and_nobody_taken_off(
    project: ProjectFixture, running: RunProject, damage: str
) -> None:
    project.write(batch_yaml=f"{BATCH}  policy: {{suppress_from: [{{file: do-not-call.csv}}]}}\n")
    (project.root / "do-not-call.csv").write_text(f"to_number\n{CAY}\n")
    run_round(running)
    good = (project.root / damage).read_text()
    project.people(ADA, CAY)  # Ben is to be taken off, if these manifests were any good
    (project.root / damage).write_text(f'{good}\n"no end\n')
    result = run_round(running)
    assert result.outcome is RoundOutcome.INVALID
    assert any(damage in detail for detail in result.details)
    assert result.report is not None, "what was placed is followed"
    assert not result.report.plan.sends
    later(project, timedelta(hours=1))
    run_round(running)
    assert project.called() == [ADA, BEN]
    assert running.report is not None
    assert running.report.ended_count == 2


def test_hours_that_end_take_people_off_though_the_manifests_are_invalid(
    project: ProjectFixture, running: RunProject
) -> None:
    with project.world() as world:
        moment = datetime.fromtimestamp(world.now(), UTC)
    start, end = moment + timedelta(hours=2), moment + timedelta(hours=3)
    times = f"  scheduled_at: {start:%Y-%m-%dT%H:%M:%SZ}\n  expires_at: {end:%Y-%m-%dT%H:%M:%SZ}\n"
    project.write(batch_yaml=f"{BATCH}{times}")
    run_round(running)
    project.write(batch_yaml=f"{BATCH}  nonsense: 1\n")
    later(project, timedelta(hours=1))
    assert run_round(running).outcome is RoundOutcome.INVALID
    assert project.called() == []


def test_manifests_that_were_never_good_are_reported(project: ProjectFixture, running: RunProject) -> None:
    project.write(batch_yaml=f"{BATCH}  nonsense: 1\n")
    result = run_round(running)
    assert (result.outcome, result.report) == (RoundOutcome.INVALID, None)
    assert "nobody new is called" in result.message
    assert running.first_round_over


def test_a_failure_of_the_system_is_no_bug(project: ProjectFixture) -> None:
    result = run_round(make_project(project, name="x" * 300))
    assert result.outcome is RoundOutcome.FAILED
    assert "bug" not in result.message
    assert "xxx" in result.message


def test_max_dials_counts_over_a_day_whatever_session_called(project: ProjectFixture, running: RunProject) -> None:
    run_round(running)
    assert running.dials_of_day == 2
    project.people(ADA, BEN, CAY, "+14155550104")
    again = make_project(project)  # another replica, or the same one started anew
    result = run_round(again)
    assert result.outcome is RoundOutcome.REFUSED
    assert "max_dials allows 1" in result.message
    assert "2 were called within 24 hours" in result.message
    project.people(ADA, BEN, CAY)
    assert run_round(again).outcome is RoundOutcome.GOOD
    assert again.dials_of_day == 3
    project.people(ADA, BEN, CAY, "+14155550104")
    later(project, DAY - timedelta(hours=1))
    assert run_round(again).outcome is RoundOutcome.REFUSED
    later(project, timedelta(hours=2, minutes=5))
    assert run_round(again).outcome is RoundOutcome.GOOD
    assert again.dials_of_day == 1
    later(project, timedelta(hours=1))
    assert project.called() == [ADA, BEN, CAY, "+14155550104"]


def test_a_plan_over_the_limit_is_not_split_and_takes_people_off(project: ProjectFixture, running: RunProject) -> None:
    run_round(running)
    project.people(ADA, CAY, "+14155550104", "+14155550105")
    result = run_round(running)
    assert result.outcome is RoundOutcome.REFUSED
    assert result.report is not None
    assert [action.verb for action in result.report.plan.actions if action.verb is Verb.CANCEL] == [Verb.CANCEL]
    later(project, timedelta(hours=1))
    assert BEN not in project.called()
    assert CAY not in project.called()


def test_a_project_without_max_dials_is_not_run(project: ProjectFixture, running: RunProject) -> None:
    project.write(project_yaml=PROJECT.replace("  policy: {max_dials: 3}\n", ""))
    result = run_round(running)
    assert result.outcome is RoundOutcome.NOT_RUN
    assert "policy.max_dials" in result.message
    assert project.dials() == []


def test_a_lease_that_another_run_holds_is_tried_again_soon(project: ProjectFixture, running: RunProject) -> None:
    run_round(running)
    with LocalBackend(project.root / ".dialctl" / "sandbox").lease(holder(), 0, no_sleep):
        result = run_round(running)
    assert (result.outcome, result.wait) == (RoundOutcome.HELD, HELD_PAUSE)
    assert run_round(running).outcome is RoundOutcome.GOOD


def test_a_round_wakes_when_calling_hours_begin(project: ProjectFixture, running: RunProject) -> None:
    with project.world() as world:
        now = datetime.fromtimestamp(world.now(), UTC)
    opens = now + timedelta(minutes=7)
    hours = f"{{from: '{opens:%H:%M}', to: '{opens + timedelta(hours=2):%H:%M}', zone: UTC}}"
    project.policy(f"{{calling_hours: {hours}}}")
    result = run_round(running)
    assert result.report is not None
    assert result.wait < 420
    later(project, timedelta(seconds=result.wait + 1))
    run_round(running)
    later(project, timedelta(minutes=30))
    assert project.called() == [ADA, BEN]


def test_no_replica_calls_past_an_emergency_stop(project: ProjectFixture, running: RunProject) -> None:
    project.write(project_yaml=PROJECT.replace("max_dials: 3", "max_dials: 30"))
    run_round(running)
    assert project.dialctl("halt", "--all", "--reason", "a wrong list").exit == 0
    project.people(ADA, BEN, CAY)
    result = run_round(running)
    assert result.outcome is RoundOutcome.NEEDS_PERSON
    later(project, timedelta(hours=1))
    run_round(running)
    assert project.called() == []
    assert project.dialctl("resolve", "--all", "--resume").exit == 0
    run_round(running)
    later(project, timedelta(hours=1))
    assert project.called() == [ADA, BEN, CAY]


def test_a_campaign_that_goes_wrong_is_halted_in_the_next_round(project: ProjectFixture, running: RunProject) -> None:
    broken = BATCH.replace("agent_one", "agent_broken")
    project.write(
        project_yaml=PROJECT.replace("max_dials: 3", "max_dials: 30"),
        batch_yaml=f"{broken}  halt_when: {{failed: '> 50%', of_at_least: 1}}\n  rollout: {{steps: [2], pause: 0s}}\n",
    )
    project.people(ADA, BEN, CAY)
    assert run_round(running).wait <= SOON
    later(project, timedelta(hours=1))
    result = run_round(running)
    assert result.report is not None
    assert "halted" in {action.reason.value for action in result.report.plan.actions}
    later(project, timedelta(hours=1))
    run_round(running)
    assert CAY not in project.called()
