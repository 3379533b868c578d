"""Several replicas of `dialctl run` at one project: one has the rounds, and the others cost next to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from declarative.app.run_round import Round, RoundOutcome, RunProject
from declarative.app.run_turn import LOOK
from declarative.engine.signals import StopSignal
from declarative.sandbox.faults import install_rules
from tests.app.running import PROJECT, make_project, run_round
from tests.project_fixture import ADA, BATCH, BEN, CAY, ProjectFixture


@pytest.fixture
def replicas(project: ProjectFixture) -> list[RunProject]:
    project.write(project_yaml=PROJECT)
    return [make_project(project, takes_turns=True) for _ in range(3)]


def count_requests(project: ProjectFixture) -> int:
    with project.world() as world, world.moment() as moment:
        return int(moment.db.execute("SELECT count(*) FROM request").fetchone()[0])


def later(project: ProjectFixture, length: timedelta) -> None:
    with project.world() as world:
        world.advance(length.total_seconds())


def test_of_several_replicas_one_asks_the_provider(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, *others = replicas
    run_round(first)
    before = count_requests(project)
    for _ in range(2):
        for other in others:
            result = run_round(other)
            assert result.outcome is RoundOutcome.HELD
            assert "another replica works on it: process " in result.message
            assert 0 < result.wait <= LOOK
    assert count_requests(project) == before
    assert run_round(first).outcome is RoundOutcome.GOOD
    assert count_requests(project) > before


def test_a_new_commit_waits_for_nobody(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, second, third = replicas
    run_round(first)
    project.people(ADA, BEN, CAY)
    assert run_round(second).outcome is RoundOutcome.GOOD
    assert run_round(third).outcome is RoundOutcome.HELD
    assert run_round(first).outcome is RoundOutcome.HELD, "the first has read the same commit by now"
    later(project, timedelta(hours=1))
    assert project.called() == [ADA, BEN, CAY]


def test_a_replica_that_ends_leaves_its_projects_at_once(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, second, third = replicas
    run_round(first)
    assert run_round(second).outcome is RoundOutcome.HELD
    second.leave()
    assert run_round(third).outcome is RoundOutcome.HELD, "it was not the second that had the last round"
    first.leave()
    assert run_round(second).outcome is RoundOutcome.GOOD


def test_a_round_that_failed_is_left_to_the_others(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, second, _ = replicas
    project.write(batch_yaml=f"{BATCH}  nonsense: 1\n")
    assert run_round(first).outcome is RoundOutcome.INVALID
    project.write(batch_yaml=BATCH)
    assert run_round(second).outcome is RoundOutcome.GOOD
    project.write(batch_yaml=f"{BATCH}  nonsense: 1\n")
    invalid = run_round(second)
    assert (invalid.outcome, invalid.report is None) == (RoundOutcome.INVALID, False)
    third = make_project(project, takes_turns=True)
    assert run_round(third).outcome is RoundOutcome.INVALID


def test_what_one_replica_alone_may_lack_is_tried_by_the_others(
    project: ProjectFixture, replicas: list[RunProject], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = replicas
    with project.world() as world, world.moment() as moment:
        refuse = {"status": {"code": 403, "effect": False}}
        install_rules(moment, [{"match": {"operation": "listCallBatches", "times": 0}, "do": refuse}])
    assert run_round(first).outcome is not RoundOutcome.GOOD, "a key that is wrong, say"
    with project.world() as world, world.moment() as moment:
        install_rules(moment, [])
    assert run_round(second).outcome is RoundOutcome.GOOD
    second.leave()
    monkeypatch.setenv("DIALCTL_HALT", "this machine is taken down")
    run_round(first)
    monkeypatch.delenv("DIALCTL_HALT")
    project.people(ADA, BEN)
    assert run_round(second).outcome is RoundOutcome.GOOD


def test_a_block_that_any_replica_would_find_is_left_to_one(
    project: ProjectFixture, replicas: list[RunProject]
) -> None:
    first, second, _ = replicas
    run_round(first)
    project.write(batch_yaml=BATCH.replace("outreach", "renamed"))
    assert run_round(first).outcome is RoundOutcome.NEEDS_PERSON
    assert run_round(second).outcome is RoundOutcome.HELD


def test_invalid_manifests_are_told_by_a_replica_that_waits_too(
    project: ProjectFixture, replicas: list[RunProject]
) -> None:
    first, second, _ = replicas
    run_round(first)
    run_round(second)
    project.write(batch_yaml=f"{BATCH}  nonsense: 1\n")
    result = run_round(second)
    assert (result.outcome, result.report) == (RoundOutcome.INVALID, None)
    assert any("nonsense" in detail for detail in result.details)


def test_once_waits_for_no_other(project: ProjectFixture, replicas: list[RunProject]) -> None:
    run_round(replicas[0])
    assert run_round(make_project(project)).outcome is RoundOutcome.GOOD


def test_a_replica_that_waits_shows_what_is_now(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, second, _ = replicas
    assert second.read_report() is None
    run_round(first)
    run_round(second)
    assert (second.report, second.is_elsewhere) == (None, True)
    report = second.read_report()
    assert report is not None
    assert [status.standing for status in report.statuses] == [{"waiting": 2}]
    before = count_requests(project)
    assert second.read_report() is report, "not every reader of the page costs requests"
    assert count_requests(project) == before


def test_what_came_of_it_is_read_anew_after_taking_over(project: ProjectFixture, replicas: list[RunProject]) -> None:
    first, second, _ = replicas
    run_round(second)
    second.leave()
    run_round(first)
    run_round(second)
    later(project, timedelta(hours=1))
    run_round(first)
    run_round(first)
    first.leave()
    assert run_round(second).outcome is RoundOutcome.GOOD
    assert second.report is not None
    assert second.report.ended_count == 2


def test_nothing_is_left_by_a_replica_that_never_had_a_round(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    make_project(project, takes_turns=True).leave()
    result: Round = make_project(project, takes_turns=True).run_round(StopSignal(), lambda name, owner: None)
    assert result.outcome is RoundOutcome.GOOD
