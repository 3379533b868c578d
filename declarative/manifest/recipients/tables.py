"""Recipients files as columns: `number` and `payload`, checked. One entry point for CSV, JSON lines and
Parquet.

The text of CSV cells is never interpreted. Rows that are wrong are named by their line, 20 of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest.recipients import csv_file as locate
from declarative.manifest.recipients import jsonl_file
from declarative.manifest.recipients import jsonl_file as jsonl
from declarative.manifest.recipients.csv_file import _csv, _csv_header
from declarative.manifest.recipients.fields import MOST_BYTES, NO_VARIABLE, VARIABLES, count_fault, name_fault
from declarative.manifest.recipients.inline import E164_WORDS, MOST_DESCRIBED
from declarative.manifest.recipients.parquet_file import _parquet, _parquet_header
from declarative.manifest.recipients.payloads import payloads
from declarative.manifest.recipients.source import Source, Unreadable
from declarative.model.frames import E164, empty
from declarative.privacy import mask_all

_OTHER_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars"}


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
            return jsonl_file.jsonl_rows(source.file, rows)
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
