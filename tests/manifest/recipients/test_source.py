"""The files that a manifest may name."""

from __future__ import annotations

import pytest

from declarative.manifest import Variables

from ..mistakes import Mistake, find_problem
from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder


def test_recipients_files_are_relative_to_their_manifest(tree: ProjectFolder) -> None:
    tree.put({"p/team/b.yaml": HEAD + "  recipients_from: [{file: data/r.csv}]\n"})
    tree.put({"p/team/data/r.csv": "to_number\n+14155550101\n"})
    assert tree.load("p/team/b.yaml").resources["batch/b"].recipients.count == 1


def test_a_variable_cannot_lead_out_of_the_project(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients_from: [{{file: '${{var.f}}'}}]\n"})
    assert "leaves its folder" in folder.problems(variables=Variables({"f": "../../etc/passwd.csv"}))[0]


MISTAKES = [
    Mistake(
        "unknown ending",
        FROM.replace("r.csv", "r.xls"),
        "b.yaml:5:28",
        "has an unknown file name ending",
        files={"r.xls": ""},
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
