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


FOREIGN = {
    "deploy/app.yaml": "apiVersion: apps/v1\nkind: Deployment\n",
    "compose.yml": "services: {}\n",
    "chart.yaml": "{{ if .Values.x }}\na: {{ b }}\n",
    "stack.yaml": "Value: !Ref Bucket\n",
    "list.yaml": "- 1\n",
}


def test_yaml_of_other_tools_is_left_alone_and_counted(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON, **FOREIGN})
    desired = folder.load()
    assert (list(desired.resources), desired.foreign_file_count) == (["batch/b"], len(FOREIGN))


@pytest.mark.parametrize("text", [HEAD + "  a: {{ b }}\n", HEAD.replace("kind: Batch", "kind: !x Batch")])
def test_a_manifest_that_cannot_be_read_is_not_left_alone(folder: ProjectFolder, text: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON, "c.yaml": text})
    assert [problem.partition(":")[0] for problem in folder.problems()] == ["c.yaml"]


@pytest.mark.parametrize(
    ("text", "words"), [("", "is empty"), ("# a: 1\n", "contains no manifest"), ("---\n", "contains")]
)
def test_an_empty_manifest_is_an_error(folder: ProjectFolder, text: str, words: str) -> None:
    # Otherwise it would count as removed, and its people would be taken off.
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON, "c.yaml": text})
    [reported] = folder.problems()
    assert reported.startswith(f"c.yaml: {words}")


def test_endings_are_read_in_any_case(folder: ProjectFolder) -> None:
    folder.put({"PROJECT.YAML": PROJECT, "b.Yml": HEAD + PERSON})
    assert list(folder.load().resources) == ["batch/b"]


def test_hidden_files_modules_and_what_dialctlignore_names_are_skipped(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON})
    folder.put({".dialctlignore": "# drafts\ndrafts/\n*.tmp.yaml\n!keep.tmp.yaml\n/team/*.yml\n"})
    skipped = ("drafts/a.yaml", "x/drafts/a.yaml", "a.tmp.yaml", "team/a.yml", ".h/a.yaml", "node_modules/p/a.yaml")
    folder.put(dict.fromkeys(skipped, "not: [yaml"))
    for name, path in (("k", "keep.tmp.yaml"), ("t", "team/sub/a.yml")):
        folder.put({path: HEAD.replace("name: b", f"name: {name}") + PERSON})
    assert sorted(folder.load().resources) == ["batch/b", "batch/k", "batch/t"]
    assert {"batch/b", "batch/k"} <= folder.load("team").list_addresses()
