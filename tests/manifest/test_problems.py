"""Problems of a run are collected, and raised once each in the order of reading."""

from __future__ import annotations

import pytest

from declarative.errors import ManifestError, Problem
from declarative.manifest.problems import ProblemCollector


def problem(message: str, line: int = 1, file: str = "a.yaml") -> Problem:
    return Problem(file, line, 1 if line else 0, "", message)


def test_a_collector_without_problems_raises_nothing() -> None:
    problems = ProblemCollector()
    assert problems.is_empty
    problems.raise_if_any()


def test_each_problem_is_raised_once_in_the_order_of_files_and_lines() -> None:
    problems = ProblemCollector()
    first_file = [problem("late", 9, "z.yaml"), problem("whole file", 0, "z.yaml"), problem("early", 2, "z.yaml")]
    problems.extend([*first_file, problem("other file"), problem("early", 2, "z.yaml")])
    with pytest.raises(ManifestError) as raised:
        problems.raise_if_any()
    assert [each.message for each in raised.value.problems] == ["early", "late", "whole file", "other file"]


def test_a_mark_tells_what_was_added_since() -> None:
    problems = ProblemCollector()
    problems.add(problem("before"))
    mark = problems.mark()
    assert not problems.has_new(mark)
    problems.add(problem("after"))
    assert problems.has_new(mark)


def test_a_place_with_a_problem_gets_no_further_one_after_its_phase() -> None:
    problems = ProblemCollector()
    problems.extend([problem("cause", 3), problem("same phase", 3), problem("whole file", 0)])
    problems.end_phase()
    mark = problems.mark()
    problems.add(problem("consequence", 3))
    assert problems.has_new(mark), "a problem that is not reported still makes its resource invalid"
    problems.extend([problem("another place", 4), problem("about the whole file", 0)])
    messages = [each.message for each in problems]
    assert messages == ["cause", "same phase", "another place", "whole file", "about the whole file"]
