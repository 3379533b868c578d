"""A lock starts once: new for a project that never dialed, or rebuilt from our marks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.app.state_init import new_lock, rebuild_lock, start_lock
from declarative.errors import Refused, StateError
from tests.project_fixture import PROJECT, ProjectFixture

NOON = datetime(2031, 1, 15, 12, 0, 0, 500_000, tzinfo=UTC)


def lose_lock(project: ProjectFixture) -> None:
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()


def test_a_lineage_is_older_than_its_first_request_by_a_margin_for_clocks(project: ProjectFixture) -> None:
    with project.session() as session:
        first, second = (new_lock(session, {"cartesia": "127.0.0.1"}, NOON) for _ in range(2))
    assert first.born == datetime(2031, 1, 15, 11, 55, tzinfo=UTC)
    assert (first.project, first.hosts) == ("spring", {"cartesia": "127.0.0.1"})
    assert first.lineage != second.lineage


def test_a_project_that_never_dialed_gets_a_new_lock_once(project: ProjectFixture) -> None:
    with project.session() as session:
        assert start_lock(session, 0).startswith("a new lock at ")
        with pytest.raises(StateError, match="there is a lock already"):
            start_lock(session, 0)


def test_a_project_that_dialed_gets_no_new_lock(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    with project.session() as session, pytest.raises(Refused, match="this project has dialed before") as refused:
        start_lock(session, 0)
    assert refused.value.hint == "dialctl state rebuild"


def test_a_lost_lock_is_rebuilt_from_the_marks_and_calls_no_one_twice(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    with project.session() as session:
        assert rebuild_lock(session, 0) == ["batch/outreach: 1 found by their marks"]
    assert project.apply().exit == 0
    with project.world() as world:
        world.advance(7200)
    assert len(project.called()) == 2


def test_without_any_mark_there_is_nothing_to_rebuild(project: ProjectFixture) -> None:
    with project.session() as session, pytest.raises(Refused, match="no mark of this project"):
        rebuild_lock(session, 0)


def test_a_mark_of_an_address_that_no_manifest_has_stops_the_rebuild(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    batch = project.root / "batch.yaml"
    batch.write_text(batch.read_text().replace("name: outreach", "name: other"))
    with project.session() as session, pytest.raises(Refused, match="a mark of an address that no manifest has"):
        rebuild_lock(session, 0)


def test_a_lock_is_rebuilt_for_the_whole_project_only(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    with project.session(targets=["batch/outreach"]) as session, pytest.raises(Refused, match="whole project"):
        rebuild_lock(session, 0)
