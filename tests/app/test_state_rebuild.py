"""A lock rebuilt from our marks, or mended by them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from declarative.app.state_rebuild import RebuildOptions, rebuild_lock
from declarative.errors import Refused, StateError
from declarative.model.lock import Lock
from declarative.state.format import render_lock
from tests.project_fixture import PROJECT, ProjectFixture


def lose_lock(project: ProjectFixture) -> None:
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()


def test_a_lost_lock_is_rebuilt_from_the_marks_and_calls_no_one_twice(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    with project.session() as session:
        assert rebuild_lock(session, RebuildOptions()) == ["batch/outreach: 1 found by their marks"]
    assert project.apply().exit == 0
    with project.world() as world:
        world.advance(7200)
    assert len(project.called()) == 2


def test_without_any_mark_there_is_nothing_to_rebuild(project: ProjectFixture) -> None:
    with project.session() as session, pytest.raises(Refused, match="no mark of this project"):
        rebuild_lock(session, RebuildOptions())


def test_a_mark_of_an_address_that_no_manifest_has_stops_the_rebuild(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    batch = project.root / "batch.yaml"
    batch.write_text(batch.read_text().replace("name: outreach", "name: other"))
    with project.session() as session, pytest.raises(Refused, match="a mark of an address that no manifest has"):
        rebuild_lock(session, RebuildOptions())


def test_a_lock_is_rebuilt_for_the_whole_project_only(project: ProjectFixture) -> None:
    project.write(project_yaml=PROJECT)
    with project.session(targets=["batch/outreach"]) as session, pytest.raises(Refused, match="whole project"):
        rebuild_lock(session, RebuildOptions())


def test_a_lock_that_is_here_is_gone_over_only_on_purpose(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session:
        with pytest.raises(StateError, match="there is a lock already"):
            rebuild_lock(session, RebuildOptions())
        with pytest.raises(Refused, match="nothing that this lock does not know"):
            rebuild_lock(session, RebuildOptions(over_older=True))


def test_without_a_lock_there_is_none_to_go_over(project: ProjectFixture) -> None:
    with project.session() as session, pytest.raises(StateError, match="no lock to start from"):
        rebuild_lock(session, RebuildOptions(over_older=True))


def test_a_lineage_that_nobody_used_is_not_kept(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    with project.session() as session, pytest.raises(Refused, match="no mark of lineage zzzzzz") as refused:
        rebuild_lock(session, RebuildOptions(keep="zzzzzz"))
    assert "dialctl state rebuild --keep " in refused.value.hint


def test_a_lock_that_nothing_was_sent_under_is_no_reason_not_to(project: ProjectFixture) -> None:
    """`dialctl init` wrote it, and the project has called under another."""
    assert project.apply().exit == 0
    lock_file = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    lineage = json.loads(lock_file.read_text())["lineage"]
    unused = Lock(project="spring", lineage="zzzzzz", born=datetime(2026, 1, 1, tzinfo=UTC))
    lock_file.write_bytes(render_lock(unused))
    assert project.apply().exit == 3
    with project.session() as session:
        rebuild_lock(session, RebuildOptions())
    assert json.loads(lock_file.read_text())["lineage"] == lineage
    assert project.apply().exit == 0
