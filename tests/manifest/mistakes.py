"""A manifest with a mistake and the message that it gets, as one row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from .project_fixture import FROM, HEAD, PROJECT, ProjectFolder


@dataclass(frozen=True)
class Mistake:
    """A Batch or Call with one mistake, in a project without any."""

    name: str
    """What is wrong, as the id of the test."""
    spec: str
    """The text below `head`, from line 5 on."""
    place: str
    """The beginning of the message: file, line and column."""
    words: str
    """A part of the message that no other mistake gets."""
    head: str = HEAD
    """The first four lines."""
    files: dict[str, str | bytes] = field(default_factory=dict)
    """Further files of the project, by name."""


def csv(name: str, text: str | bytes, place: str, words: str, spec: str = FROM) -> Mistake:
    """A mistake in the file r.csv."""
    return Mistake(name, spec, place, words, files={"r.csv": text})


def find_problem(folder: ProjectFolder, mistake: Mistake) -> None:
    """Check that the mistake gets its message, and no other."""
    folder.put({"project.yaml": PROJECT, "b.yaml": mistake.head + mistake.spec, **mistake.files})
    (problem,) = folder.problems()
    assert problem.startswith(mistake.place), problem
    assert mistake.words in problem
