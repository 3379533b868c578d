"""Keys and sizes of the data of a person, in manifests and in files."""

from __future__ import annotations

import pytest

from ..mistakes import Mistake, csv, find_problem
from ..project_fixture import CALL_HEAD, FROM, HEAD, LONG, PROJECT, ProjectFolder


@pytest.mark.parametrize("names", [["dialctl"], ["1a"], ["secret__x"], [f"v{count}" for count in range(65)]])
def test_variables_have_the_limits_of_the_provider_in_files_too(folder: ProjectFolder, names: list[str]) -> None:
    spec = "  provider: newer\n  recipients_from: [{file: r.csv}]\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})
    folder.put({"r.csv": f"to_number,{','.join(names)}\n+14155550101{',x' * len(names)}\n"})
    (reported,) = folder.problems()
    assert reported.startswith("b.yaml:6:21: spec.recipients_from[0].dynamic_variables: ")


def test_a_row_of_variables_has_at_most_16_kib(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM}"})
    fits = 16_384 - len('{"a":""}')
    folder.put({"r.csv": f"to_number,a\n+14155550101,{'x' * fits}\n+14155550102,{'x' * (fits + 1)}\n"})
    assert folder.problems() == ["r.csv:3:1: dynamic_variables: more than 16,384 bytes as JSON"]


MISTAKES = [
    Mistake(
        "reserved key",
        "  recipients: [{to_number: +14155550101, metadata: {dialctl: x}}]\n",
        "b.yaml:5:53",
        'spec.recipients[0].metadata.dialctl: the key "dialctl" is reserved',
    ),
    Mistake(
        "reserved key of a Call",
        "  to_number: +14155550101\n  metadata: {dialctl: x}\n",
        "b.yaml:6:14",
        "reserved",
        CALL_HEAD,
    ),
    Mistake(
        "variable name",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {1a: b}}]\n",
        "b.yaml:6:62",
        "does not begin with a digit",
    ),
    Mistake(
        "provider's variable",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {system__a: b}}]\n",
        "b.yaml:6:62",
        "are reserved by the provider",
    ),
    Mistake(
        "variable value",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {a: [b]}}]\n",
        "b.yaml:6:62",
        "text, a number or a boolean",
    ),
    Mistake(
        "long variables",
        f"  provider: newer\n  recipients: [{{to_number: +14155550101, dynamic_variables: {{a: {LONG}}}}}]\n",
        "b.yaml:6:42",
        "more than 16,384 bytes as JSON",
    ),
    csv("reserved column", "to_number,dialctl\n+14155550101,b\n", "b.yaml:5:21", 'column "dialctl" of r.csv'),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
