"""The files of a first project: valid as they are, and never written over others."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.app.plan import plan_project
from declarative.app.scaffold import write_scaffold
from declarative.app.session import Session
from declarative.errors import Refused

FILES = ["project.yaml", "first-campaign.yaml", "recipients.csv", "dialctl.schema.json", ".gitignore", "dialctl.lock"]


def test_the_files_plan_in_the_sandbox_as_they_are(tmp_path: Path) -> None:
    written = write_scaffold(tmp_path / "Spring Campaigns!", {})
    assert [path.name for path in written] == FILES
    with Session(directory=tmp_path / "Spring Campaigns!", sandbox=True, environment={}) as session:
        assert session.desired.project.name == "spring-campaigns"
        assert plan_project(session).people_to_call == 3


@pytest.mark.parametrize("name", ["---", "日本"])
def test_a_directory_without_letters_gets_a_name_all_the_same(tmp_path: Path, name: str) -> None:
    write_scaffold(tmp_path / name, {})
    assert "name: first-project" in (tmp_path / name / "project.yaml").read_text()


def test_nothing_is_written_over_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "recipients.csv").write_text("mine")
    with pytest.raises(Refused, match=r"already there: recipients\.csv"):
        write_scaffold(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["recipients.csv"]


def test_a_gitignore_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    assert ".gitignore" not in [path.name for path in write_scaffold(tmp_path, {})]
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_a_lock_that_is_kept_elsewhere_is_not_written_here(tmp_path: Path) -> None:
    written = write_scaffold(tmp_path, {"DIALCTL_STATE": "s3://bucket/calls"})
    assert "dialctl.lock" not in [path.name for path in written]
    assert not (tmp_path / "dialctl.lock").exists()
