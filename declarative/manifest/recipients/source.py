"""A file of people that a manifest names, and what is known about it without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import messages, paths
from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.messages import Path
from declarative.manifest.recipients.fields import PersonSchema

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""Formats by the ending of the file name."""

Place = tuple[int, int]
"""Line and column in a file, from 1; zeros for a file without lines."""


@dataclass(frozen=True)
class Source:
    """One entry of `recipients_from` or `suppress_from`."""

    file: File
    """The absolute path of the file."""
    number_column: str
    """The column that holds the phone number."""
    document: Document
    """The manifest that names the file."""
    path: Path
    """The place of the entry in that manifest."""
    person_schema: PersonSchema
    """What the data of a person can be; without fields for a do-not-call file."""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The columns that become the data of a person, by field."""
    rest_field: str = ""
    """The field that takes all other columns; empty when they are ignored."""

    @property
    def display_path(self) -> str:
        return paths.display_path(self.file)

    @property
    def format(self) -> str:
        return FORMATS[self.file.suffix.lower()]

    def file_problem(self, message: str, hint: str = "", *, line: int = 0, column: int = 0, path: str = "") -> Problem:
        """A problem inside the file."""
        return Problem(self.display_path, line, column, path, message, hint)

    def more_problem(self, count: int, noun: str) -> Problem:
        """One problem that stands for `count` further ones of a kind."""
        return Problem(self.display_path, 0, 0, "", messages.and_more(count, noun), count=count)

    def manifest_problem(self, step: str, message: str, hint: str = "") -> Problem:
        """A problem with what the manifest says about the file, at the key `step` of the entry."""
        return self.document.problem((*self.path, step), message, hint)

    def digest_input(self) -> list[object]:
        """Everything except the file's bytes that decides which people come out of it."""
        columns = {name: list(names) for name, names in self.columns.items()}
        limits = [list(self.person_schema.fields), self.person_schema.most_variables]
        return [self.format, self.number_column, columns, self.rest_field, limits]


class UnreadableFile(Exception):
    """No columns can be read from the file; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def resolve_recipients_file(section: DocumentSection, name: str, root: File) -> File | None:
    """Return the file that a manifest names. It must be inside the project, of a known format, and not too large; None
    when it is not, which is reported. The section is the place of the name."""
    try:
        file = paths.resolve_inside(root, section.document.file.parent, name)
        if file.suffix.lower() not in FORMATS:
            message = f"{messages.quote(name)} has an unknown file name ending"
            raise paths.UnusableFile(message, messages.list_known(FORMATS))
        if file.stat().st_size > paths.RECIPIENTS_LIMIT:
            raise paths.UnusableFile(f"{messages.quote(name)} is larger than 2 GiB", "split it")
    except paths.UnusableFile as unusable:
        section.report(unusable.message, unusable.hint)
        return None
    return file


def file_sha256(path: File) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
