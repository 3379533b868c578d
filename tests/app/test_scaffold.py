"""The files of a first project: valid as they are, and never written over others."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.app.first_batch import FieldOffer
from declarative.app.plan import plan_project
from declarative.app.scaffold import FirstProvider, write_scaffold
from declarative.app.session import Session
from declarative.errors import Refused
from declarative.providers.base import AccountEntry
from declarative.providers.cartesia.type import CARTESIA

PROVIDER = FirstProvider(CARTESIA)
FIRST = ["project.yaml", "first-campaign.yaml", "recipients.csv", "dialctl.schema.json"]
FILES = [*FIRST, ".gitignore", ".gitattributes", "dialctl.lock"]


def test_the_files_plan_in_the_sandbox_as_they_are(tmp_path: Path) -> None:
    written = write_scaffold(tmp_path / "Spring Campaigns!", {}, PROVIDER)
    assert [path.name for path in written] == FILES
    with Session(directory=tmp_path / "Spring Campaigns!", sandbox=True, environment={}) as session:
        assert session.desired.project.name == "spring-campaigns"
        assert plan_project(session).people_to_call == 3


@pytest.mark.parametrize("name", ["---", "日本"])
def test_a_directory_without_letters_gets_a_name_all_the_same(tmp_path: Path, name: str) -> None:
    write_scaffold(tmp_path / name, {}, PROVIDER)
    assert "name: first-project" in (tmp_path / name / "project.yaml").read_text()


def test_nothing_is_written_over_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "recipients.csv").write_text("mine")
    with pytest.raises(Refused, match=r"already there: recipients\.csv"):
        write_scaffold(tmp_path, {}, PROVIDER)
    assert [path.name for path in tmp_path.iterdir()] == ["recipients.csv"]


def test_a_gitignore_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    assert ".gitignore" not in [path.name for path in write_scaffold(tmp_path, {}, PROVIDER)]
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_a_lock_that_is_kept_elsewhere_is_not_written_here(tmp_path: Path) -> None:
    written = write_scaffold(tmp_path, {"DIALCTL_STATE": "s3://bucket/calls"}, PROVIDER)
    assert "dialctl.lock" not in [path.name for path in written]
    assert not (tmp_path / "dialctl.lock").exists()


def test_what_an_account_calls_its_agents_cannot_break_out_of_the_comment(tmp_path: Path) -> None:
    entries = tuple(AccountEntry(f"agent_{number}", "Spring\n  state: cancelled #\x1b[2J") for number in range(30))
    write_scaffold(tmp_path, {}, FirstProvider(CARTESIA, agent=FieldOffer(entries=entries)))
    text = (tmp_path / "first-campaign.yaml").read_text()
    assert "\x1b" not in text
    assert all(line.lstrip().startswith("#") for line in text.splitlines() if "cancelled" in line)
    assert "  #   and 10 more" in text
    with Session(directory=tmp_path, environment={}) as session:
        assert session.desired.resources["batch/first-campaign"].recipients.count == 3


def test_an_id_that_yaml_would_read_otherwise_is_quoted(tmp_path: Path) -> None:
    offer = FieldOffer(chosen="12: yes")
    write_scaffold(tmp_path, {}, FirstProvider(CARTESIA, agent=offer, number=FieldOffer(chosen="no")))
    text = (tmp_path / "first-campaign.yaml").read_text()
    assert '  agent_id: "12: yes"\n  from_number_id: "no"\n' in text
