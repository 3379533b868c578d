"""Recipients written in a manifest."""

from __future__ import annotations

import pytest

from declarative.manifest.messages import EVERY_PROBLEM

from ..mistakes import Mistake, find_problem
from ..project_fixture import HEAD, NUMBER, PROJECT, ProjectFolder


def test_of_many_wrong_people_twenty_are_described(folder: ProjectFolder) -> None:
    people = "".join(f"  - to_number: {number}\n" for number in range(25))
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{people}"})
    reported = folder.problems()
    assert len(reported) == 21
    assert reported[-1] == f"b.yaml:26:5: spec.recipients[20]: and 5 more faulty recipients ({EVERY_PROBLEM})"


MISTAKES = [
    Mistake(
        "unquoted number",
        "  recipients:\n  - to_number: 14155550101\n",
        "b.yaml:6:16",
        f"spec.recipients[0].to_number: found the number 1415•••0101, {NUMBER}",
    ),
    Mistake(
        "not E.164",
        "  recipients: [{to_number: 415-555-0101}]\n",
        "b.yaml:5:28",
        f'found "41•••01", without + and country code, {NUMBER}',
    ),
    Mistake("Arabic digits", "  recipients: [{to_number: +1415555010١}]\n", "b.yaml:5:28", NUMBER),
    Mistake("trailing line", '  recipients: [{to_number: "+14155550101\\n"}]\n', "b.yaml:5:28", NUMBER),
    Mistake("no number", "  recipients: [{metadata: {}}]\n", "b.yaml:5:16", 'missing field "to_number"'),
    Mistake(
        "person as text",
        "  recipients: [+14155550101]\n",
        "b.yaml:5:16",
        'found "+1415•••0101", expected a mapping',
    ),
    Mistake(
        "person's unknown field",
        "  recipients: [{to_number: +14155550101, metdata: {}}]\n",
        "b.yaml:5:42",
        'unknown field "metdata" (did you mean "metadata"?)',
    ),
    Mistake(
        "other version's data",
        "  recipients: [{to_number: +14155550101, dynamic_variables: {}}]\n",
        "b.yaml:5:42",
        'cartesia does not take "dynamic_variables" (it takes metadata)',
    ),
    Mistake(
        "metadata as list",
        "  recipients: [{to_number: +14155550101, metadata: [a]}]\n",
        "b.yaml:5:52",
        "expected a mapping",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
