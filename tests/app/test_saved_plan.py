"""The file of a saved plan: written whole for its owner only, and told from manifests by its first bytes."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from declarative.app import saved_plan
from declarative.errors import PlanFileError
from declarative.model.digest import PersonKey
from declarative.planning.planfile import SavedPlan

KEY = PersonKey("secret")
PLAN = SavedPlan(
    project="spring",
    path=".",
    targets=(),
    desired="d1",
    lineage="k3v9xq",
    generations={"batch/march": 1},
    hosts={"cartesia": "api.cartesia.ai"},
    calls={"batch/march": b"12345678"},
    cancels={},
)


def test_what_was_written_is_read_again_by_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "plan"
    saved_plan.write_plan_file(PLAN, file, KEY)
    assert saved_plan.read_plan_file(file, KEY) == PLAN
    assert saved_plan.is_plan_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_manifests_and_missing_files_are_no_plans(tmp_path: Path) -> None:
    (tmp_path / "batch.yaml").write_text("kind: Batch\n")
    assert [name for name in ("batch.yaml", "nothing", ".") if saved_plan.is_plan_file(tmp_path / name)] == []


@pytest.mark.parametrize("name", ["nothing", "."])
def test_a_file_that_cannot_be_read_is_no_whole_plan(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanFileError, match="not a whole saved plan"):
        saved_plan.read_plan_file(tmp_path / name, KEY)


def test_a_failed_write_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    with pytest.raises(PlanFileError, match="cannot be written"):
        saved_plan.write_plan_file(PLAN, tmp_path / "plan", KEY)
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_a_place_below_a_file_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlanFileError, match=r"file/plan cannot be written: Not a directory"):
        saved_plan.write_plan_file(PLAN, tmp_path / "file" / "plan", KEY)


def test_a_folder_that_is_not_there_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError) as refused:
        saved_plan.write_plan_file(PLAN, tmp_path / "nowhere" / "plan", KEY)
    assert refused.value.hint == "name a directory that exists"


def test_a_plan_of_a_project_that_is_not_here_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALCTL_PERSON_KEY", "secret")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "plan"
    saved_plan.write_plan_file(replace(PLAN, path="calls"), file, KEY)
    with pytest.raises(PlanFileError, match='a plan of "calls", which is not here'):
        saved_plan.load_plan(file)
    (tmp_path / "calls").mkdir()
    assert saved_plan.load_plan(file).path == "calls"
