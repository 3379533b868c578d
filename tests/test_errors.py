"""Errors: what a problem reads like, and the exit code that each error ends with."""

from __future__ import annotations

import pytest

from declarative import errors
from declarative.errors import Exit, Interrupted, ManifestError, Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("a.yaml", 3, 5, "spec.guard", "too short", "at least 2m"),
            "a.yaml:3:5: spec.guard: too short (at least 2m)",
        ),
        (Problem("a.yaml", 0, 0, "", "not UTF-8"), "a.yaml: not UTF-8"),
    ],
)
def test_a_problem_begins_with_its_place_and_ends_with_its_hint(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problems_that_stand_for_many_are_counted_as_many() -> None:
    one, many = Problem("a.csv", 2, 1, "", "no number"), Problem("a.csv", 3, 1, "", "no number", count=1200)
    assert ManifestError([one]).message == "1 problem in the manifests"
    assert ManifestError([one, many]).message == "1,201 problems in the manifests"
    assert ManifestError([one, many]).problems == (one, many)


@pytest.mark.parametrize(("terminated", "code"), [(False, Exit.INTERRUPTED), (True, Exit.TERMINATED)])
def test_an_interruption_exits_as_its_signal_does(terminated: bool, code: Exit) -> None:
    assert Interrupted("stopped", terminated=terminated).exit_code == code


def test_each_error_has_a_word_of_its_own() -> None:
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.DialctlError)]
    assert len({cls.code for cls in classes}) == len(classes) > 10
