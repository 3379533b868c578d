"""Reads recipients files as columns `number` and `payload`, and checks them. The entry point for all file formats.

Of the rows that are wrong 20 are described, with their line, and the rest counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.messages import MOST_DESCRIBED
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.csv_file import csv_places, read_csv, read_csv_header
from declarative.manifest.recipients.fields import MOST_BYTES, NO_VARIABLE, VARIABLES, count_fault, name_fault
from declarative.manifest.recipients.inline import E164_DESCRIPTION
from declarative.manifest.recipients.jsonl_file import jsonl_places, read_jsonl
from declarative.manifest.recipients.parquet_file import read_parquet, read_parquet_header
from declarative.manifest.recipients.payloads import build_payloads
from declarative.manifest.recipients.source import Place, Source, UnreadableFile
from declarative.model.frames import E164, empty_frame
from declarative.privacy import mask_all

_OTHER_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""Separators of files that are CSV only by name."""


def load_recipients(source: Source, problems: ProblemCollector) -> pl.DataFrame:
    """Read the people of a file in order: columns `number` and `payload`. What is wrong is added to `problems`."""
    frame = _read_table(source, problems)
    problems.extend(_payload_size_problems(source, frame))
    return frame


def load_suppressed_numbers(source: Source, problems: ProblemCollector) -> pl.Series:
    """Read the numbers of a do-not-call file. A number that is not E.164 would protect no one, and an empty file is
    usually a failed export: both are added to `problems`."""
    return _read_table(source, problems).get_column("number").unique()


def file_places(source: Source, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows of `load_recipients`. Empty for Parquet, which has no lines."""
    match source.format:
        case "csv":
            return csv_places(source.file, rows, source.number_column)
        case "jsonl":
            return jsonl_places(source.file, rows)
        case _:
            return {}


def row_problem(source: Source, row: int, places: dict[int, Place], column: str, message: str) -> Problem:
    """A problem with a row: at its place, or named by its row number when it has no place."""
    line, cell = places.get(row, (0, 0))
    path = column if line else f"row {row + 1}, {column}"
    return source.file_problem(message, line=line, column=cell, path=path)


def _read_table(source: Source, problems: ProblemCollector) -> pl.DataFrame:
    mark = problems.mark()
    try:
        frame = read_jsonl(source, problems) if source.format == "jsonl" else _read_columns(source, problems)
    except UnreadableFile as unreadable:
        problems.add(unreadable.problem)
        return empty_frame()
    if frame.is_empty() and not problems.has_new(mark):
        problems.add(source.file_problem("contains no one", "if that is intended, remove the file's entry"))
    problems.extend(_number_problems(source, frame))
    return frame


def _read_columns(source: Source, problems: ProblemCollector) -> pl.DataFrame:
    header = read_csv_header(source) if source.format == "csv" else read_parquet_header(source)
    fields = _columns_by_field(source, header, problems)
    if fields is None:
        return empty_frame()
    column_names = list(dict.fromkeys(chain([source.number_column], *fields.values())))
    frame = read_csv(source, header, column_names) if source.format == "csv" else read_parquet(source, column_names)
    for column in fields.get(VARIABLES, ()):
        if frame.schema[column].is_nested():
            place = f"column {messages.quote(column)} of {source.display_path}"
            message = f"{place} holds {frame.schema[column]}: {NO_VARIABLE}"
            problems.add(source.manifest_problem(VARIABLES, message, f"list the wanted columns under {VARIABLES}"))
    try:
        data = build_payloads(frame, fields)
    except TypeError as error:
        message = f"column {messages.quote(str(error))} holds values that JSON cannot represent"
        raise UnreadableFile(source.file_problem(message, "store them as text, or leave the column out")) from None
    return pl.DataFrame({"number": frame.get_column(source.number_column), "payload": data})


def _columns_by_field(source: Source, header: Sequence[str], problems: ProblemCollector) -> dict[str, list[str]] | None:
    """The columns of each field; None when a column is missing or cannot be a key."""
    mark = problems.mark()
    fields = {name: list(columns) for name, columns in source.columns.items()}
    if source.number_column not in header:
        problems.add(_missing_column_problem(source, "to_number", source.number_column, header))
    for name, columns in fields.items():
        problems.extend(
            _missing_column_problem(source, name, column, header) for column in columns if column not in header
        )
    if source.rest_field:
        used_columns = {source.number_column, *chain(*fields.values())}
        fields[source.rest_field] = [column for column in header if column not in used_columns]
    for name, columns in fields.items():
        problems.extend(_bad_key_problems(source, name, columns))
    return None if problems.has_new(mark) else fields


def _missing_column_problem(source: Source, step: str, column: str, header: Sequence[str]) -> Problem:
    message = f"{source.display_path} has no column {messages.quote(column)}, it has: {messages.join_names(header)}"
    for sign, name in _OTHER_SIGNS.items():
        if len(header) == 1 and sign in header[0]:
            return source.manifest_problem(step, message, f"the file separates by {name}; save it with commas")
    if any(mask_all(name) != name for name in header):
        hint = "the first row is not a header: begin the file with the names of its columns"
        return source.manifest_problem(step, message, hint)
    hint = messages.did_you_mean(column, header)
    if not hint and step == "to_number":
        hint = "to_number names the column of the phone number"
    return source.manifest_problem(step, message, hint)


def _bad_key_problems(source: Source, field: str, columns: Sequence[str]) -> Iterator[Problem]:
    hint = f"list the wanted columns under {field}"
    for column in columns:
        if fault := name_fault(field, column):
            message = f"column {messages.quote(column)} of {source.display_path}: {fault}"
            yield source.manifest_problem(field, message, hint)
    if fault := count_fault(field, columns, source.person_schema):
        yield source.manifest_problem(field, f"{source.display_path}: {fault}", hint)


def _number_problems(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    """Find numbers that are not E.164."""
    wrong_rows = (~frame.get_column("number").str.contains(E164)).arg_true().to_list()
    places = file_places(source, wrong_rows[:MOST_DESCRIBED]) if wrong_rows else {}
    for row in wrong_rows[:MOST_DESCRIBED]:
        number = frame.item(row, "number")
        description = messages.describe_number(number) if number else "no number"
        message = f"found {description}, expected {E164_DESCRIPTION}"
        yield row_problem(source, row, places, source.number_column, message)
    if len(wrong_rows) > MOST_DESCRIBED:
        yield source.more_problem(len(wrong_rows) - MOST_DESCRIBED, "malformed number")


def _payload_size_problems(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    """Find people whose variables are too large."""
    if VARIABLES not in (*source.columns, source.rest_field):
        return
    slack = len(f'{{"{VARIABLES}":}}')
    large_rows = (frame.get_column("payload").str.len_bytes() > MOST_BYTES + slack).arg_true().to_list()
    places = file_places(source, large_rows[:MOST_DESCRIBED]) if large_rows else {}
    for row in large_rows[:MOST_DESCRIBED]:
        yield row_problem(source, row, places, VARIABLES, f"more than {MOST_BYTES:,} bytes as JSON")
    if len(large_rows) > MOST_DESCRIBED:
        yield source.more_problem(len(large_rows) - MOST_DESCRIBED, "oversized row")
