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
    Mistake(
        "a misspelt apiVersion",
        PERSON,
        "b.yaml:1:13",
        'found "dialct/v1", expected "dialctl/v1"',
        HEAD.replace("dialctl", "dialct"),
    ),
    Mistake(
        "no apiVersion",
        PERSON,
        "b.yaml:2:1",
        'missing field "apiVersion"',
        HEAD.replace("apiVersion: dialctl/v1", ""),
    ),
    Mistake("a foreign document in a manifest", "---\n- 1\n", "b.yaml:7:1", "not a manifest", HEAD + PERSON),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)


def test_a_saved_plan_is_named_with_the_command_that_runs_it(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": "kind: dialctl-plan\n"})
    assert folder.problems() == ["b.yaml:1:1: a saved plan, not a manifest (to run it: dialctl apply b.yaml)"]


@pytest.mark.parametrize(
    "text",
    [
        "services: {}\n",
        "apiVersion: v1\nkind: ConfigMap\n",
        "- 1\n",
        "apiVersion: project.openshift.io/v1\nkind: Project\n",
    ],
)
def test_a_foreign_file_that_is_named_as_a_manifest_is_refused(folder: ProjectFolder, text: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": text})
    [reported] = folder.problems("b.yaml")
    assert "not a manifest (keep other YAML in files of its own" in reported


def test_a_project_needs_no_spec(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": "apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: spring}\n"})
    folder.put({"b.yaml": HEAD + "  provider: callingbox\n  agent_id: a\n" + PERSON})
    assert folder.load().project.name == "spring"
