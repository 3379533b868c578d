"""Which files a run reads, and whether it reads the whole project."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest import Variables

from .project_fixture import CALL, HEAD, PERSON, PROJECT, ProjectFolder


def test_the_directory_of_the_project_is_the_whole(tree: ProjectFolder) -> None:
    desired = tree.load("p")
    assert list(desired.resources) == ["batch/b", "call/c"]
    assert desired.is_complete
    assert desired.project.directory == str((tree.directory / "p").resolve())


@pytest.mark.parametrize(("path", "found"), [("p/team/b.yaml", ["batch/b"]), ("p/team/sub", ["call/c"])])
def test_a_file_or_subdirectory_is_a_part_of_the_project_above(
    tree: ProjectFolder, path: str, found: list[str]
) -> None:
    desired = tree.load(path)
    assert list(desired.resources) == found
    assert not desired.is_complete
    assert (desired.project.name, desired.project.directory) == (
        "spring",
        str((tree.directory / "p").resolve()),
    )


def test_a_directory_above_the_project_is_not_its_whole(tree: ProjectFolder) -> None:
    desired = tree.load(".")
    assert (list(desired.resources), desired.is_complete) == (["batch/b", "call/c"], False)
    assert desired.project.directory == str((tree.directory / "p").resolve())


def test_the_file_of_the_project_alone_is_not_its_whole(folder: ProjectFolder) -> None:
    folder.put({"all.yaml": PROJECT + "---\n" + HEAD + PERSON, "c.yaml": CALL})
    desired = folder.load("all.yaml")
    assert (list(desired.resources), desired.is_complete) == (["batch/b"], False)


def test_the_nearest_of_two_projects_above_counts(tree: ProjectFolder) -> None:
    tree.put({"project.yaml": PROJECT.replace("spring", "outer")})
    assert tree.load("p/team").project.name == "spring"


def test_nothing_above_a_repository_is_read(tree: ProjectFolder) -> None:
    tree.put({"p/team/.git/HEAD": "", "p/team/b.yaml": HEAD + "  provider: callingbox\n  agent_id: a\n" + PERSON})
    tree.put({"p/team/sub/c.yml": CALL + "  provider: callingbox\n  agent_id: a\n"})
    assert not tree.load("p/team").project.declared


def test_a_text_that_mentions_a_project_is_not_a_project(tree: ProjectFolder) -> None:
    tree.put({"p/team/notes.yaml": CALL.replace("name: c", "name: d, labels: {a: 'kind: Project'}")})
    assert tree.load("p/team").project.name == "spring"


def test_a_var_file_within_the_project_is_not_read_as_a_manifest(folder: ProjectFolder) -> None:
    spec = "  agent_id: ${var.a}\n" + PERSON
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "prod.yaml": "a: 007\n"})
    batch = folder.load(variables=Variables(files=[Path("prod.yaml")])).resources["batch/b"]
    assert batch.settings["agent_id"] == "007"
