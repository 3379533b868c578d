"""What is not a manifest is told apart from a manifest with a mistake."""

from __future__ import annotations

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder

MISTAKES = [
    Mistake(
        "wrong kind",
        PERSON,
        "b.yaml:2:7",
        'found "batch", expected one of Project, Batch, Call (did you mean "Batch"?)',
        HEAD.replace("Batch", "batch"),
    ),
    Mistake(
        "wrong apiVersion",
        PERSON,
        "b.yaml:1:13",
        'found "dialctl/v2", expected "dialctl/v1"',
        HEAD.replace("v1", "v2"),
    ),
    Mistake(
        "no metadata",
        PERSON,
        "b.yaml:1:1",
        'missing field "metadata"',
        HEAD.replace("metadata: {name: b}\n", "\n"),
    ),
    Mistake(
        "unknown metadata",
        PERSON,
        "b.yaml:3:21",
        'unknown field "lables" (did you mean "labels"?)',
        HEAD.replace("name: b", "name: b, lables: {}"),
    ),
    Mistake(
        "name with a capital",
        PERSON,
        "b.yaml:3:18",
        "expected 1 to 63 lower-case letters",
        HEAD.replace(": b}", ": B}"),
    ),
    Mistake(
        "name with a variable",
        PERSON,
        "b.yaml:3:18",
        "and no variable",
        HEAD.replace(": b}", ': "${var.x}"}'),
    ),
    Mistake(
        "a line feed after the name",
        PERSON,
        "b.yaml:3:18",
        "expected 1 to 63 lower-case letters",
        HEAD.replace(": b}", ': "b\\n"}'),
    ),
    Mistake("other YAML", "", "b.yaml:1:1", "without apiVersion and kind: not a manifest", "services: {}\n"),
    Mistake(
        "a manifest of another tool",
        "",
        "b.yaml:1:1",
        'found apiVersion "v1" and kind "ConfigMap": not a manifest (keep other YAML in a folder whose name begins',
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}\n",
    ),
    Mistake("a list", "", "b.yaml:1:1", "found a list without apiVersion", "- 1\n"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)


def test_a_saved_plan_is_named_with_the_command_that_runs_it(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": "kind: dialctl-plan\n"})
    assert folder.problems() == ["b.yaml:1:1: a saved plan, not a manifest (to run it: dialctl apply b.yaml)"]
