"""Which files a run reads, and whether absence is a wish in it."""

from __future__ import annotations

import pytest

from .house import CALL_HEAD, HEAD, PERSON, PROJECT, House

CALL = CALL_HEAD + "  to_number: +14155550101\n"


@pytest.fixture
def tree(house: House) -> House:
    house.put({"p/project.yaml": PROJECT, "p/team/b.yaml": HEAD + PERSON, "p/team/sub/c.yml": CALL})
    return house


def test_the_directory_of_the_project_is_the_whole(tree: House) -> None:
    desired = tree.load("p")
    assert list(desired.resources) == ["batch/b", "call/c"]
    assert desired.is_complete
    assert desired.project.directory == str((tree.directory / "p").resolve())


@pytest.mark.parametrize(("path", "found"), [("p/team/b.yaml", ["batch/b"]), ("p/team/sub", ["call/c"])])
def test_a_file_or_subdirectory_is_a_part_of_the_project_above(tree: House, path: str, found: list[str]) -> None:
    desired = tree.load(path)
    assert list(desired.resources) == found
    assert not desired.is_complete
    assert (desired.project.name, desired.project.directory) == (
        "spring",
        str((tree.directory / "p").resolve()),
    )


def test_a_directory_above_the_project_is_not_its_whole(tree: House) -> None:
    desired = tree.load(".")
    assert (list(desired.resources), desired.is_complete) == (["batch/b", "call/c"], False)
    assert desired.project.directory == str((tree.directory / "p").resolve())


def test_the_file_of_the_project_alone_is_not_its_whole(house: House) -> None:
    house.put({"all.yaml": PROJECT + "---\n" + HEAD + PERSON, "c.yaml": CALL})
    desired = house.load("all.yaml")
    assert (list(desired.resources), desired.is_complete) == (["batch/b"], False)


def test_of_two_projects_above_the_nearest_counts(tree: House) -> None:
    tree.put({"project.yaml": PROJECT.replace("spring", "outer")})
    assert tree.load("p/team").project.name == "spring"


def test_nothing_above_a_repository_is_read(tree: House) -> None:
    tree.put({"p/team/.git/HEAD": "", "p/team/b.yaml": HEAD + "  provider: callingbox\n  agent_id: a\n" + PERSON})
    tree.put({"p/team/sub/c.yml": CALL + "  provider: callingbox\n  agent_id: a\n"})
    assert not tree.load("p/team").project.declared


def test_what_merely_speaks_of_a_project_is_none(tree: House) -> None:
    tree.put({"p/team/notes.yaml": CALL.replace("name: c", "name: d, labels: {a: 'kind: Project'}")})
    assert tree.load("p/team").project.name == "spring"


def test_targets_narrow_and_are_never_the_whole(tree: House) -> None:
    desired = tree.load("p", targets=["call/c"])
    assert (list(desired.resources), desired.is_complete) == (["call/c"], False)
    assert desired.digest != tree.load("p").digest


def test_an_unknown_target_is_an_error_that_suggests(tree: House) -> None:
    assert tree.problems("p", targets=["call/d"]) == [
        'p: no resource has the address "call/d" (did you mean "call/c"?)'
    ]


def test_hidden_files_and_folders_are_skipped(tree: House) -> None:
    tree.put({"p/.github/x.yaml": "a: b", "p/.x.yaml": "a: b", "p/README.md": "a"})
    assert tree.problems("p") == []


def test_links_within_the_project_are_met_once(tree: House) -> None:
    (tree.directory / "p" / "linked").symlink_to(tree.directory / "p" / "team")
    assert list(tree.load("p").resources) == ["batch/b", "call/c"]


def test_recipients_are_looked_for_beside_their_manifest(tree: House) -> None:
    tree.put({"p/team/b.yaml": HEAD + "  recipients_from: [{file: data/r.csv}]\n"})
    tree.put({"p/team/data/r.csv": "to_number\n+14155550101\n"})
    assert tree.load("p/team/b.yaml").resources["batch/b"].recipients.count == 1


def test_a_path_that_is_not_there(house: House) -> None:
    assert house.problems("nowhere") == ['nowhere: no such file: "nowhere"']


def test_the_order_is_that_of_the_manifests(house: House) -> None:
    first, second = (HEAD.replace("name: b", f"name: {name}") + PERSON for name in ("z", "a"))
    house.put({"1.yaml": PROJECT + "---\n" + first + "---\n" + second, "0.yaml": CALL})
    assert list(house.load().resources) == ["call/c", "batch/z", "batch/a"]


def test_comments_and_order_of_keys_do_not_change_what_is_wanted(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  state: present\n  agent_id: a\n{PERSON}"})
    first = house.load().digest
    house.put({"b.yaml": f"# moved\n{HEAD}  agent_id: a   # here\n{PERSON}  state: present\n"})
    assert house.load().digest == first


def test_a_file_that_may_not_be_a_device(house: House) -> None:
    assert "is not a regular file" in house.problems("/dev/null")[0]
