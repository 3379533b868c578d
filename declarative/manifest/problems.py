"""Collects what is wrong with the input, so that one run reports every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from declarative.errors import ManifestError, Problem
from declarative.manifest.messages import MOST_DESCRIBED


class ProblemCollector:
    """Takes the problems that all modules of this package find, and raises them together.

    Reading happens in phases. A wrong value of one phase often causes further problems in the next one: an undefined
    variable leaves an empty text, and the empty text then breaks another rule at the same place. After `end_phase`,
    later problems at a place that already has one are counted but not reported.

    `most_described` says how many problems of one kind are described in a file; further ones are counted.
    """

    def __init__(self, most_described: int = MOST_DESCRIBED) -> None:
        self.most_described = most_described
        self._reported: dict[Problem, None] = {}
        self._finished_places: frozenset[tuple[str, int, int]] = frozenset()
        self._added_count = 0

    def add(self, problem: Problem) -> None:
        self._added_count += 1
        if _place(problem) not in self._finished_places:
            self._reported.setdefault(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    @property
    def is_empty(self) -> bool:
        return self._added_count == 0

    def mark(self) -> int:
        """Return a point in time to pass to `has_new`."""
        return self._added_count

    def has_new(self, mark: int) -> bool:
        """Whether a problem was added since `mark`, reported or not."""
        return self._added_count > mark

    def end_phase(self) -> None:
        """Report no further problem at a place that has one now. A whole file (line 0) is not such a place."""
        self._finished_places = frozenset(_place(problem) for problem in self._reported if problem.line)

    def raise_if_any(self) -> None:
        """Raise ManifestError with each problem once, in the order of `__iter__`."""
        if self._reported:
            raise ManifestError(list(self))

    def __iter__(self) -> Iterator[Problem]:
        """Problems by file, in the order of reading; within a file by place, those of the whole file last."""
        files = list(dict.fromkeys(problem.file for problem in self._reported))
        file_order = {file: index for index, file in enumerate(files)}
        return iter(
            sorted(
                self._reported,
                key=lambda problem: (file_order[problem.file], not problem.line, problem.line, problem.column),
            )
        )


def _place(problem: Problem) -> tuple[str, int, int]:
    return (problem.file, problem.line, problem.column)
