"""Addresses are unique, former addresses are gone, and targets exist."""

from __future__ import annotations

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder


def test_two_resources_of_one_address(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON, "d.yaml": HEAD + PERSON})
    assert "d.yaml:3:18: metadata.name: batch/b appears twice, first at b.yaml:3:18" in folder.problems()[0]


@pytest.mark.parametrize(
    ("former", "words"),
    [
        ("batch/a", "batch/a still exists, at a.yaml:3:18"),
        ("call/old", "call/old is claimed twice, first at a.yaml:3:33"),
    ],
)
def test_a_former_address_belongs_to_one_resource(folder: ProjectFolder, former: str, words: str) -> None:
    first = HEAD.replace("name: b", "name: a, previously: [call/old]")
    second = HEAD.replace("name: b", f"name: b, previously: [{former}]")
    folder.put({"project.yaml": PROJECT, "a.yaml": first + PERSON, "b.yaml": second + PERSON})
    assert words in folder.problems()[0]


def test_an_unknown_target_is_an_error_that_suggests(tree: ProjectFolder) -> None:
    assert tree.problems("p", targets=["call/d"]) == [
        'p: no resource has the address "call/d" (did you mean "call/c"?)'
    ]


MISTAKES = [
    Mistake(
        "names itself",
        PERSON,
        "b.yaml:3:34",
        "batch/b names itself",
        HEAD.replace(": b}", ": b, previously: [batch/b]}"),
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
