"""A file with people that a manifest names, and what can be said about it without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest import paths as files
from declarative.manifest.document import Document
from declarative.manifest.messages import Path
from declarative.manifest.recipients.fields import PersonSchema

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """`number` is the column of the phone number, `columns` those that each field of a person takes, `rest`
    the field that takes all others (empty for none). `document` and `at` are where the manifest names it."""

    file: File
    number_column: str
    document: Document
    path: Path
    person_schema: PersonSchema
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rest_field: str = ""

    @property
    def display_path(self) -> str:
        return files.display_path(self.file)

    @property
    def format(self) -> str:
        return FORMATS[self.file.suffix.lower()]

    def file_problem(self, message: str, hint: str = "", *, line: int = 0, column: int = 0, path: str = "") -> Problem:
        """A problem within the file."""
        return Problem(self.display_path, line, column, path, message, hint)

    def more_problem(self, count: int, noun: str) -> Problem:
        """Those problems of one kind that are not described one by one."""
        return Problem(self.display_path, 0, 0, "", wording.and_more(count, noun), count=count)

    def manifest_problem(self, step: str, message: str, hint: str = "") -> Problem:
        """A problem with what the manifest says about the file."""
        return self.document.problem((*self.path, step), message, hint)

    def digest_input(self) -> list[object]:
        """What, besides the file's bytes, decides which people come out."""
        columns = {name: list(names) for name, names in self.columns.items()}
        limits = [list(self.person_schema.fields), self.person_schema.most_variables]
        return [self.format, self.number_column, columns, self.rest_field, limits]


def file_sha256(path: File) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class UnreadableFile(Exception):
    """The file gives no columns at all; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
