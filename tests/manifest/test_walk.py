"""Which files of a tree are manifests, and what of it is refused and not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest.walk import RefusedEntry, find_manifests

from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder


def test_manifests_are_found_sorted_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b/c.yml", "a.YAML", ".x/d.yaml", "node_modules/e.yaml", "b/.f.yaml", "g.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(find_manifests(tmp_path, tmp_path)) == [tmp_path / "a.YAML", tmp_path / "b" / "c.yml"]


@pytest.mark.parametrize(("depth", "is_refused"), [(100, False), (101, True), (400, True)])
def test_folders_too_deep_are_refused_by_name(tmp_path: Path, depth: int, is_refused: bool) -> None:
    """A walk through thousands of them would end in the middle."""
    deepest = tmp_path / "/".join("a" * depth)
    deepest.mkdir(parents=True)
    (deepest / "m.yaml").touch()
    [entry] = find_manifests(tmp_path, tmp_path)
    assert isinstance(entry, RefusedEntry) == is_refused
    if isinstance(entry, RefusedEntry):
        assert "more than 100 folders" in entry.message


@pytest.mark.parametrize("path", ["", "team", "team/b.yaml"])
@pytest.mark.parametrize("name", ["project.yaml", ".dialctlignore"])
def test_a_project_or_what_it_ignores_behind_a_link_out_of_the_checkout_is_refused(
    folder: ProjectFolder, name: str, path: str
) -> None:
    """Else a pull request could bring policies and providers of another folder of the machine."""
    outside = folder.directory.parent / f"{folder.directory.name}-outside"
    outside.mkdir()
    folder.put({"project.yaml": PROJECT, "team/b.yaml": HEAD + PERSON, ".dialctlignore": "*.md\n"})
    (folder.directory / name).rename(outside / name)
    (folder.directory / name).symlink_to(outside / name)
    reported = [each for each in folder.problems(path) if "symbolic link" in each]
    is_read = name == "project.yaml" or not path.endswith(".yaml")
    expected = f"{name}: a symbolic link that leads out of the project's directory (copy it into the project)"
    assert reported == [expected] * is_read
