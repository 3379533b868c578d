"""A file of people that a manifest names, and what is known about it without reading it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path as File
from typing import TYPE_CHECKING, NamedTuple

from declarative.errors import Problem
from declarative.manifest import messages, paths
from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.messages import Path
from declarative.manifest.recipients.fields import PersonSchema

if TYPE_CHECKING:
    import polars as pl

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""Formats by the ending of the file name, in any case of letters. `.gz` may follow a text ending."""
MOST_COLUMNS = 4096
"""Columns of a file, at most."""

Place = tuple[int, int]
"""Line and column in a file, from 1; zeros for a file without lines."""


@dataclass(frozen=True)
class Condition:
    """Which values of a column are taken."""

    column: str
    """The name of the column."""
    values: tuple[str, ...]
    """The texts that its cells are compared with."""
    excludes: bool = False
    """Whether the rows with other texts are taken."""


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
    delimiter: str = ""
    """What stands between the cells of a text file; empty: what the header line holds."""
    encoding: str = ""
    """The encoding of a text file; empty: UTF-8, or UTF-16 with its mark."""
    sheet: str = ""
    """The sheet of a workbook; empty: the first."""
    region: str | None = None
    """The ISO 3166 code of the country of numbers without `+`; None when such numbers cannot be read."""
    where: tuple[Condition, ...] = ()
    """Conditions on columns. A row is taken when it meets all of them."""
    keep_first: bool = False
    """Whether of rows with the same number the first is taken. Otherwise the second is an error."""
    skip_invalid: bool = False
    """Whether rows whose number cannot be called are left out. Otherwise they are errors."""
    sha256: str = ""
    """The digest that the bytes of the file must have; empty for any."""
    url: str = ""
    """Where the file was fetched from; empty for a file of the project."""
    list_name: str = ""
    """The name of a do-not-call list: its path from the project's directory, or its URL. Empty: it holds recipients."""
    failure: str | None = None
    """Why a do-not-call list under a URL is not here; empty where this run fetches nothing. None: the file is here."""

    @property
    def display_path(self) -> str:
        return self.url or paths.display_path(self.file)

    @property
    def is_live(self) -> bool:
        """Whether it is read anew in every run, so that nobody reviewed what it holds."""
        return bool(self.url) and not self.sha256

    @property
    def format(self) -> str:
        return format_of(self.file.name)

    @property
    def is_packed(self) -> bool:
        return self.file.name.lower().endswith(".gz")

    def file_problem(self, message: str, hint: str = "", *, line: int = 0, column: int = 0, path: str = "") -> Problem:
        """A problem inside the file."""
        return Problem(self.display_path, line, column, path, message, hint)

    def check_header(self, header: Sequence[str], *, line: int) -> None:
        """Raise UnreadableFile for too many columns, and for two of the same name."""
        if len(header) > MOST_COLUMNS:
            message = f"has {len(header):,} columns, at most {MOST_COLUMNS:,} are read"
            raise UnreadableFile(self.file_problem(message, "are its rows and columns exchanged?"))
        repeated = [name for name, count in Counter(filter(None, header)).items() if count > 1]
        if repeated:
            message = f"the column {messages.quote(repeated[0])} appears twice"
            raise UnreadableFile(self.file_problem(message, "give each column its own name", line=line, column=1))

    def more_problem(self, count: int, noun: str) -> Problem:
        """One problem that stands for `count` further ones of a kind."""
        message = messages.and_more(count, noun)
        return Problem(self.display_path, 0, 0, "", message, messages.EVERY_PROBLEM, count=count)

    def manifest_problem(self, step: str, message: str, hint: str = "") -> Problem:
        """A problem with what the manifest says about the file, at the key `step` of the entry."""
        return self.document.problem((*self.path, step), message, hint)

    def digest_input(self) -> list[object]:
        """Everything except the file's bytes that decides which people come out of it."""
        columns = {name: list(names) for name, names in self.columns.items()}
        person_schema = self.person_schema
        limits = [[name, list(astuple(person_schema.limits_of(name)))] for name in person_schema.fields]
        reading = [self.format, self.is_packed, self.delimiter, self.encoding, self.sheet, self.region]
        choice = [[list(astuple(condition)) for condition in self.where], self.keep_first, self.skip_invalid]
        return [reading, choice, self.number_column, columns, self.rest_field, limits]


class Table(NamedTuple):
    """A file of columns, whatever its format."""

    header: list[str]
    """The names of all columns, in order; empty for one without a name."""
    read: Callable[[Sequence[str]], Iterable[pl.DataFrame]]
    """Gives the named columns, without blank rows, in one part at least, each of many rows. Raises UnreadableFile."""
    count_rows: Callable[[], int]
    """Counts the rows, without blank ones. Raises UnreadableFile."""


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
        check_ending(name)
        if file.stat().st_size > paths.RECIPIENTS_LIMIT:
            raise paths.UnusableFile(f"{messages.quote(name)} is larger than 2 GiB", "split it")
    except paths.UnusableFile as unusable:
        section.report(unusable.message, unusable.hint)
        return None
    return file


def check_ending(name: str) -> None:
    """Raise UnusableFile for a name whose ending tells no format."""
    ending = _format_ending(name)
    if ending not in FORMATS:
        raise paths.UnusableFile(
            f"{messages.quote(name)} has an unknown file name ending", messages.list_known(FORMATS)
        )
    if name.lower().endswith(".gz") and FORMATS[ending] in ("parquet", "xlsx"):
        raise paths.UnusableFile(f"{messages.quote(name)} is packed", f"a {FORMATS[ending]} file is packed in itself")


def format_of(name: str) -> str:
    """The format of a file whose ending is known."""
    return FORMATS[_format_ending(name)]


def _format_ending(name: str) -> str:
    return File(name.lower().removesuffix(".gz")).suffix


def file_sha256(path: File) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
