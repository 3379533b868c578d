"""Recipients files as columns: `number` and `payload`, checked. One entry point for CSV, JSON lines and
Parquet.

The text of CSV cells is never interpreted. Rows that are wrong are named by their line, 20 of them.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest import yaml_reader as read
from declarative.manifest.recipients import csv_file as locate
from declarative.manifest.recipients import jsonl_file as jsonl
from declarative.manifest.recipients.countries import is_too_short
from declarative.manifest.recipients.fields import MOST_BYTES, NO_VARIABLE, VARIABLES, count_fault, name_fault
from declarative.manifest.recipients.inline import E164_WORDS, MOST_DESCRIBED
from declarative.manifest.recipients.payloads import payloads
from declarative.manifest.recipients.source import Source
from declarative.model.frames import E164, empty
from declarative.privacy import mask_all

_GLANCE = 1 << 16
_OTHER_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class Unreadable(Exception):
    """The file gives no columns at all; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def people(source: Source, problems: list[Problem]) -> pl.DataFrame:
    """The file's people in order, columns `number` and `payload`; what is wrong is added to `problems`."""
    frame = _table(source, problems)
    problems.extend(_too_long(source, frame))
    return frame


def numbers(source: Source, problems: list[Problem]) -> pl.Series:
    """The numbers of a do-not-call file. A number that is written otherwise than E.164 would protect nobody,
    and an empty file is more often an export that failed than a wish: both are problems."""
    return _table(source, problems).get_column("number").unique()


def places(source: Source, rows: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Line and column of rows of `people`; none for Parquet."""
    match source.format:
        case "csv":
            return locate.csv_rows(source.file, rows, source.number)
        case "jsonl":
            return locate.jsonl_rows(source.file, rows)
        case _:
            return {}


def _table(source: Source, problems: list[Problem]) -> pl.DataFrame:
    before = len(problems)
    try:
        frame = jsonl.people(source, problems) if source.format == "jsonl" else _columns(source, problems)
    except Unreadable as unreadable:
        problems.append(unreadable.problem)
        return empty()
    if frame.is_empty() and len(problems) == before:
        problems.append(source.here("holds nobody", "if nobody is meant, remove the file's entry"))
    problems.extend(_bad_numbers(source, frame))
    return frame


def _columns(source: Source, problems: list[Problem]) -> pl.DataFrame:
    header = _csv_header(source) if source.format == "csv" else _parquet_header(source)
    fields = _fields(source, header, problems)
    if fields is None:
        return empty()
    wanted = list(dict.fromkeys(chain([source.number], *fields.values())))
    frame = _csv(source, header, wanted) if source.format == "csv" else _parquet(source, wanted)
    for column in fields.get(VARIABLES, ()):
        if frame.schema[column].is_nested():
            message = f"column {wording.quoted(column)} of {source.shown} holds {frame.schema[column]}: {NO_VARIABLE}"
            problems.append(source.named(VARIABLES, message, f"list the wanted columns under {VARIABLES}"))
    try:
        data = payloads(frame, fields)
    except TypeError as error:
        message = f"column {wording.quoted(str(error))} holds values that JSON has no form for"
        raise Unreadable(source.here(message, "store them as text, or leave the column out")) from None
    return pl.DataFrame({"number": frame.get_column(source.number), "payload": data})


def _fields(source: Source, header: Sequence[str], problems: list[Problem]) -> dict[str, list[str]] | None:
    """The columns of each field; None when a column is missing or cannot be a key."""
    before = len(problems)
    fields = {name: list(columns) for name, columns in source.columns.items()}
    if source.number not in header:
        problems.append(_missing(source, "to_number", source.number, header))
    for name, columns in fields.items():
        problems.extend(_missing(source, name, column, header) for column in columns if column not in header)
    if source.rest:
        used = {source.number, *chain(*fields.values())}
        fields[source.rest] = [column for column in header if column not in used]
    for name, columns in fields.items():
        problems.extend(_bad_keys(source, name, columns))
    return fields if len(problems) == before else None


def _missing(source: Source, step: str, column: str, header: Sequence[str]) -> Problem:
    message = f"{source.shown} has no column {wording.quoted(column)}, it has: {wording.join_names(header)}"
    for sign, name in _OTHER_SIGNS.items():
        if len(header) == 1 and sign in header[0]:
            return source.named(step, message, f"the file separates by {name}; save it with commas")
    if any(mask_all(name) != name for name in header):
        return source.named(step, message, "the first row is no header: begin the file with the names of its columns")
    hint = wording.did_you_mean(column, header)
    if not hint and step == "to_number":
        hint = "to_number names the column of the phone number"
    return source.named(step, message, hint)


def _bad_keys(source: Source, field: str, columns: Sequence[str]) -> Iterator[Problem]:
    for column in columns:
        if fault := name_fault(field, column):
            message = f"column {wording.quoted(column)} of {source.shown}: {fault}"
            yield source.named(field, message, f"list the wanted columns under {field}")
    if fault := count_fault(field, columns, source.personal):
        yield source.named(field, f"{source.shown}: {fault}", f"list the wanted columns under {field}")


def _csv_header(source: Source) -> list[str]:
    with source.file.open("rb") as file:
        start = file.read(_GLANCE)
    if not start.strip():
        raise Unreadable(source.here("is empty", "a CSV file begins with a line of column names"))
    if b"\r" in start and b"\n" not in start:
        raise Unreadable(source.here("lines end in CR alone", "save the file with LF or CRLF line ends"))
    try:
        with source.file.open(encoding="utf-8-sig", newline="") as text:
            header = next((cells for cells in csv.reader(text) if cells), [])
    except UnicodeDecodeError:
        raise _not_utf8(source) from None
    except csv.Error:
        raise Unreadable(source.here("the header cannot be read as CSV", line=1, column=1)) from None
    for place, name in enumerate(header):
        if name in header[:place]:
            message = f"the column {wording.quoted(name)} is there twice"
            raise Unreadable(source.here(message, "give each column its own name", line=1, column=1))
    return header


def _csv(source: Source, header: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame:
    try:
        frame = pl.read_csv(source.file, infer_schema=False, glob=False).fill_null("")
    except (pl.exceptions.PolarsError, OSError):
        raise _bad_csv(source, len(header)) from None
    if frame.columns != list(header):
        raise _bad_csv(source, len(header))
    if frame.is_empty():
        raise Unreadable(source.here("has a header and no rows", "if nobody is meant, remove the file's entry"))
    if _is_cut_off(source, header):
        hint = "copy it once more; if it is whole, end it with a line break"
        raise Unreadable(source.here("ends within its last row: it may be half written", hint))
    if (frame.get_column(source.number) == "").any():
        frame = frame.filter(pl.any_horizontal(pl.all() != ""))
    return frame.select(wanted).with_columns(pl.col(source.number).str.strip_chars())


def _is_cut_off(source: Source, header: Sequence[str]) -> bool:
    """A copy that was interrupted has no line break at its end, and lacks the last cells or the end of a number, which
    then is somebody else's."""
    with source.file.open("rb") as file:
        file.seek(-min(source.file.stat().st_size, _GLANCE), os.SEEK_END)
        end = file.read()
    last = end.rpartition(b"\n")[2].decode("utf-8-sig", errors="replace")
    if not last.strip() or '"' in last:  # within quotes a line break ends no row; a quote left open is told already
        return False
    cells = last.split(",")
    ends_with_number = header[-1] == source.number and len(cells) == len(header)
    return len(cells) < len(header) or (ends_with_number and is_too_short(cells[-1].strip()))


def _bad_csv(source: Source, width: int) -> Unreadable:
    """Says what is wrong in our own words: polars quotes the data, which may be somebody's number."""
    try:
        read.decode(source.file.read_bytes())
    except UnicodeDecodeError:
        return _not_utf8(source)
    line, message = locate.csv_fault(source.file, width)
    return Unreadable(source.here(message, line=line, column=min(line, 1)))


def _not_utf8(source: Source) -> Unreadable:
    data = source.file.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Unreadable(read.bad_encoding(source.shown, data, error))
    return Unreadable(source.here("not UTF-8", "save the file as UTF-8"))


def _parquet_header(source: Source) -> list[str]:
    with _parquet_errors(source):
        return list(pl.read_parquet_schema(source.file))


def _parquet(source: Source, wanted: Sequence[str]) -> pl.DataFrame:
    with _parquet_errors(source):
        frame = pl.read_parquet(source.file, columns=list(wanted), glob=False)
    number = frame.get_column(source.number)
    if number.dtype not in (pl.String, pl.Categorical, pl.Enum):
        message = f"column {wording.quoted(source.number)} of {source.shown} holds {number.dtype}, expected text"
        raise Unreadable(source.named("to_number", message, "a phone number is text: it begins with a plus sign"))
    finite = [
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
        for name, kind in frame.schema.items()
        if kind.is_float()
    ]  # what is not a number has no form in JSON: it is missing, as it is to whoever wrote the file
    return frame.with_columns(number.cast(pl.String).fill_null("").str.strip_chars(), *finite)


@contextmanager
def _parquet_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise Unreadable(source.here("cannot be read as Parquet")) from None


def _bad_numbers(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    bad = (~frame.get_column("number").str.contains(E164)).arg_true().to_list()
    found = places(source, bad[:MOST_DESCRIBED]) if bad else {}
    for row in bad[:MOST_DESCRIBED]:
        number = frame.item(row, "number")
        what = wording.found_number(number) if number else "no number"
        yield row_problem(source, row, found, source.number, f"found {what}, expected {E164_WORDS}")
    if len(bad) > MOST_DESCRIBED:
        yield source.more(len(bad) - MOST_DESCRIBED, "malformed number")


def _too_long(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    if VARIABLES not in (*source.columns, source.rest):
        return
    slack = len(f'{{"{VARIABLES}":}}')
    long = (frame.get_column("payload").str.len_bytes() > MOST_BYTES + slack).arg_true().to_list()
    found = places(source, long[:MOST_DESCRIBED]) if long else {}
    for row in long[:MOST_DESCRIBED]:
        yield row_problem(source, row, found, VARIABLES, f"more than {MOST_BYTES:,} bytes as JSON")
    if len(long) > MOST_DESCRIBED:
        yield source.more(len(long) - MOST_DESCRIBED, "oversized row")


def row_problem(source: Source, row: int, found: dict[int, tuple[int, int]], column: str, message: str) -> Problem:
    line, cell = found.get(row, (0, 0))
    path = column if line else f"row {row + 1}, {column}"
    return source.here(message, line=line, column=cell, path=path)
