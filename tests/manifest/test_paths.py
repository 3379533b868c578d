"""Files outside the project are refused, and a similar name is suggested for a missing file."""

from __future__ import annotations

import os

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import CALL_HEAD, FROM, HEAD, PERSON, PROJECT, ProjectFolder


def test_hidden_files_and_folders_are_skipped(tree: ProjectFolder) -> None:
    tree.put({"p/.github/x.yaml": "a: b", "p/.x.yaml": "a: b", "p/README.md": "a"})
    assert tree.problems("p") == []


def test_links_within_the_project_are_followed_once(tree: ProjectFolder) -> None:
    (tree.directory / "p" / "linked").symlink_to(tree.directory / "p" / "team")
    assert list(tree.load("p").resources) == ["batch/b", "call/c"]


def test_a_path_that_is_not_there(folder: ProjectFolder) -> None:
    assert folder.problems("nowhere") == ['nowhere: no such file: "nowhere"']


def test_a_device_is_refused(folder: ProjectFolder) -> None:
    assert "is not a regular file" in folder.problems("/dev/null")[0]


def test_a_file_of_200_megabytes_is_refused_unread(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "big.yaml": ""})
    os.truncate(folder.directory / "big.yaml", 200 << 20)
    assert "big.yaml: 200 MiB is too large: at most 32 MiB are read" in folder.problems()[0]


@pytest.mark.parametrize("name", ["b.yaml", "r.csv", "folder"])
def test_a_symlink_out_of_the_project_is_refused(folder: ProjectFolder, name: str) -> None:
    outside = folder.directory.parent / f"{folder.directory.name}-outside"
    outside.mkdir()
    (outside / name).write_text(HEAD + PERSON)
    folder.put({"project.yaml": PROJECT, "c.yaml": f"{CALL_HEAD}  to_number: +14155550101\n"})
    if name == "r.csv":
        folder.put({"b.yaml": HEAD + FROM})
    (folder.directory / name).symlink_to(outside if name == "folder" else outside / name)
    (reported,) = folder.problems()
    assert "leads out of the project's directory" in reported or "that leads out of the project's directory" in reported


def test_a_file_with_only_the_same_ending_is_not_suggested(folder: ProjectFolder) -> None:
    spec = FROM.replace("r.csv", "missing.csv")
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "link.csv": ""})
    assert folder.problems() == ['b.yaml:5:28: spec.recipients_from[0].file: no such file: "missing.csv"']


MISTAKES = [
    Mistake("missing file", FROM, "b.yaml:5:28", 'no such file: "r.csv"'),
    Mistake(
        "misspelt file",
        FROM,
        "b.yaml:5:28",
        'no such file: "r.csv" (did you mean "rr.csv"?)',
        files={"rr.csv": ""},
    ),
    Mistake(
        "the same name with another ending",
        FROM,
        "b.yaml:5:28",
        'no such file: "r.csv" (did you mean "r.jsonl"?)',
        files={"r.jsonl": ""},
    ),
    Mistake(
        "parent folder",
        FROM.replace("r.csv", "../r.csv"),
        "b.yaml:5:28",
        'leaves its folder with ".."',
    ),
    Mistake("absolute path", FROM.replace("r.csv", "/etc/passwd"), "b.yaml:5:28", "is not a relative path"),
    Mistake("URL", FROM.replace("r.csv", '"https://example.com/r.csv"'), "b.yaml:5:28", "is a URL that is not read"),
    Mistake("URL of a bucket", FROM.replace("r.csv", "s3://bucket"), "b.yaml:5:28", "is no URL of a file"),
    Mistake(
        "a folder",
        FROM.replace("r.csv", "d.csv"),
        "b.yaml:5:28",
        "is not a regular file",
        files={"d.csv/x": ""},
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
