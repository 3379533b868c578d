"""What an emergency stop reads of manifests that no other command accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest.outline import read_outline
from declarative.manifest.variables import Variables
from declarative.model.outline import Outline

LOCK = Path("dialctl.lock")
PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  nonsense: true
  state: {url: "s3://bucket/${var.prefix}"}
  defaults: {provider: main}
  providers: {main: {type: cartesia, api_version: "2026-03-01"}, odd: 7}
"""
BATCH = """\
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march, previously: [batch/old, 7]}
spec: {agent_id: "${var.missing}", recipients_from: [{file: not-here.csv}], no_such_field: 1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def outline(folder: Path, **variables: str) -> Outline:
    return read_outline(folder, Variables(variables), LOCK)


def test_unknown_fields_undefined_variables_and_missing_files_cost_nothing(folder: Path) -> None:
    (folder / "project.yaml").write_text(PROJECT)
    (folder / "march.yaml").write_text(BATCH)
    found = outline(folder, prefix="p")
    assert (found.project, found.state_url, found.default_provider) == ("spring", "s3://bucket/p", "main")
    assert {name: one.type for name, one in found.providers.items()} == {"main": "cartesia"}
    assert {name: one.previously for name, one in found.resources.items()} == {"batch/march": ("batch/old",)}
    assert (found.directory, found.unreadable) == (folder, ())


def test_a_file_that_is_no_yaml_costs_only_itself(folder: Path) -> None:
    (folder / "project.yaml").write_text(PROJECT)
    (folder / "march.yaml").write_text(BATCH)
    (folder / "april.yaml").write_text("<<<<<<< HEAD\nkind: dialctl\n=======\n")
    found = outline(folder)
    assert (found.project, list(found.resources)) == ("spring", ["batch/march"])
    assert [Path(name).name for name in found.unreadable] == ["april.yaml"]


def test_without_a_readable_project_the_lock_tells_the_folder(folder: Path) -> None:
    (folder / "project.yaml").write_text(f"<<<<<<< HEAD\n{PROJECT}")
    (folder / "dialctl.lock").write_text("{}")
    (folder / "campaigns").mkdir()
    found = read_outline(folder / "campaigns", Variables(), LOCK)
    assert (found.project, found.directory) == ("", folder)


def test_the_lock_of_the_sandbox_is_not_taken_for_another(folder: Path) -> None:
    project = folder / "spring"
    own = project / ".dialctl" / "sandbox" / "dialctl.lock"
    own.parent.mkdir(parents=True)
    for file in (folder / "dialctl.lock", own):
        file.write_text("{}")
    (project / "project.yaml").write_text(f"<<<<<<< HEAD\n{PROJECT}")
    assert read_outline(project, Variables(), own.relative_to(project)).directory == project
    assert read_outline(project, Variables(), LOCK).directory == folder


@pytest.mark.parametrize(
    "text", ["7", "[]", "kind: Batch", "apiVersion: dialctl/v1\nkind: Batch\nmetadata: 7\nspec: 7"]
)
def test_what_is_hardly_a_manifest_gives_nothing(folder: Path, text: str) -> None:
    (folder / "a.yaml").write_text(text)
    assert outline(folder).resources == {}
