"""A number that a resource names twice is reported with both places."""

from __future__ import annotations

import pytest

from declarative.manifest.messages import EVERY_PROBLEM

from ..mistakes import Mistake, csv, find_problem
from ..project_fixture import FROM, HEAD, PERSON, PROJECT, ProjectFolder


def test_of_many_numbers_repeated_in_a_manifest_twenty_are_named(folder: ProjectFolder) -> None:
    people = "".join(f"  - to_number: +1415555{number:04}\n" * 2 for number in range(100, 121))
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{people}"})
    reported = folder.problems()
    assert len(reported) == 21
    assert reported[-1] == f"b.yaml:47:5: spec.recipients[41]: and 1 more repeated number ({EVERY_PROBLEM})"


def test_of_many_repeated_numbers_twenty_are_named(folder: ProjectFolder) -> None:
    lines = "".join(f"+14155550{number:03}\n" * 2 for number in range(100, 125))
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": f"to_number\n{lines}"})
    reported = folder.problems()
    assert len(reported) == 21
    assert reported[-1] == f"r.csv: and 5 more repeated numbers ({EVERY_PROBLEM})"


MISTAKES = [
    Mistake(
        "the same number twice",
        "  recipients:\n  - to_number: +14155550101\n  - to_number: +14155550101\n",
        "b.yaml:7:16",
        "the same number twice: +1415•••0101, first at b.yaml:6:16",
    ),
    csv(
        "CSV the same number twice",
        "to_number,a\n+14155550101,b\n+14155550101,c\n",
        "r.csv:3:1",
        "the same number twice: +1415•••0101, first at r.csv:2:1",
    ),
    csv(
        "twice across file and manifest",
        "to_number,a\n+14155550101,b\n",
        "r.csv:2:1",
        "first at b.yaml:5:28",
        PERSON + FROM,
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
