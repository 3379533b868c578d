"""The emergency stop, where manifests and lock tell little: what is taken as it is, what is refused, what is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from declarative.app.halt import HaltOptions, halt_project
from declarative.app.session import Session
from declarative.errors import UsageError
from declarative.report.halt_text import format_halt
from tests.project_fixture import ProjectFixture


def test_where_the_lock_is_in_git_it_says_how_other_machines_hear_of_it(project: ProjectFixture) -> None:
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    with Session(directory=project.root, environment={}) as session:
        told = format_halt(halt_project(session, HaltOptions(everything=True)))
    assert "Other machines hear of it once it is pushed:" in told
    assert "git add dialctl.halt dialctl.lock && git commit" in told
    with project.session() as session:
        assert "pushed" not in format_halt(halt_project(session, HaltOptions(everything=True)))


def test_an_address_that_nothing_knows_is_taken_as_it_is_only_where_not_all_can_be_read(
    project: ProjectFixture,
) -> None:
    with project.session() as session, pytest.raises(UsageError, match="so nothing was halted"):
        halt_project(session, HaltOptions(targets=("batch/april",)))
    project.write(april_yaml="apiVersion: dialctl/v1\nkind: Batch\nspec: [\n")
    with project.session() as session:
        report = halt_project(session, HaltOptions(targets=("batch/april",)))
    assert [halt.address for halt in report.halts] == ["batch/april"]
    assert "nothing is known of batch/april, as far as can be read" in report.warnings
    with project.session() as session, pytest.raises(UsageError):
        halt_project(session, HaltOptions(targets=("april",)))


def test_patterns_name_several_addresses(project: ProjectFixture) -> None:
    with project.session() as session:
        report = halt_project(session, HaltOptions(targets=("batch/*",)))
    assert [halt.address for halt in report.halts] == ["batch/outreach"]


def test_a_state_that_cannot_be_reached_is_said_and_keeps_nobody_from_being_taken_off(
    project: ProjectFixture, tmp_path: Path
) -> None:
    environment = {"DIALCTL_STATE": "ftp://somewhere/else"}
    with Session(directory=project.root, environment=environment) as session:
        report = halt_project(session, HaltOptions(everything=True))
    assert "the halt stands in this directory alone" in report.warnings
    assert (report.exit_code, "ftp" in report.halt_failure) == (3, True)
    assert (project.root / "dialctl.halt").exists()


def test_an_offline_plan_tells_of_it(project: ProjectFixture) -> None:
    assert project.dialctl("halt", "--all", "--reason", "wrong price").exit == 0
    warnings = project.plan("--offline")["warnings"]
    assert any("wrong price" in warning["message"] for warning in warnings)


def test_a_destroy_that_cannot_begin_names_the_stop_that_can(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    project.write(batch_yaml="apiVersion: dialctl/v1\nkind: Batch\nmetadata: {name: outreach}\nspec: {no_field: 1}\n")
    failed = project.dialctl("destroy", "-y")
    assert (failed.exit, "dialctl halt --all" in failed.err) == (1, True)
    assert project.dialctl("halt", "--all").exit == 0
    with project.world() as world:
        world.advance(3600)
    assert project.called() == []


def test_a_destroy_that_worked_says_that_the_next_apply_calls_again(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    assert "The next apply submits again whoever is wanted" in project.dialctl("destroy", "-y").err
