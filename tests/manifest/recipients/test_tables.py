"""The columns and rows of recipients files are checked, whatever the format."""

from __future__ import annotations

import pytest

from declarative.errors import ManifestError
from declarative.manifest.messages import EVERY_PROBLEM

from ..mistakes import Mistake, csv, find_problem
from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder


def test_twenty_wrong_rows_are_described_and_the_rest_counted(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM})
    folder.put({"r.csv": "to_number\n" + "".join(f"{row}\n" for row in range(1, 31))})
    with pytest.raises(ManifestError) as refused:
        folder.load()
    reported = [str(problem) for problem in refused.value.problems]
    assert len(reported) == 21
    assert reported[-1] == f"r.csv: and 10 more malformed numbers ({EVERY_PROBLEM})"
    assert refused.value.message == "30 problems in the manifests"


def test_of_many_oversized_rows_twenty_are_named(folder: ProjectFolder) -> None:
    rows = "".join(f"+1415555{number:04},{'x' * 16_384}\n" for number in range(100, 122))
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM}", "r.csv": f"to_number,a\n{rows}"})
    reported = folder.problems()
    assert len(reported) == 21
    assert reported[-1] == f"r.csv: and 2 more oversized rows ({EVERY_PROBLEM})"


MISTAKES = [
    csv(
        "missing column",
        "phone,a\n+14155550101,b\n",
        "b.yaml:5:21",
        'r.csv has no column "to_number", it has: phone, a (to_number names the column of the phone number)',
    ),
    csv(
        "no header",
        "+14155550101,b\n+14155550102,c\n",
        "b.yaml:5:21",
        'r.csv has no column "to_number", it has: +1415•••0101, b (the first row is not a header: begin the file',
    ),
    csv(
        "missing data column",
        "to_number,plan\n+14155550101,b\n",
        "b.yaml:5:45",
        'no column "plam"',
        "  recipients_from: [{file: r.csv, metadata: [plam]}]\n",
    ),
    csv("only a title", "Contacts,,\nphone,name,plan\n", "b.yaml:5:21", "a line before the header?"),
    csv("blank rows only", "to_number,a\n,\n\n", "r.csv: ", "contains no one"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
