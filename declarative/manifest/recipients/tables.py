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
from declarative.manifest.recipients.csv_file import _csv, _read_csv_header
from declarative.manifest.recipients.fields import MOST_BYTES, NO_VARIABLE, VARIABLES, count_fault, name_fault
from declarative.manifest.recipients.inline import E164_DESCRIPTION, MOST_DESCRIBED
from declarative.manifest.recipients.parquet_file import _read_parquet, _read_parquet_header
from declarative.manifest.recipients.payloads import build_payloads
from declarative.manifest.recipients.source import Source, UnreadableFile
from declarative.model.frames import E164, empty_frame
from declarative.privacy import mask_all

_OTHER_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_recipients(source: Source, problems: list[Problem]) -> pl.DataFrame:
    """The file's people in order, columns `number` and `payload`; what is wrong is added to `problems`."""
    frame = _read_table(source, problems)
    problems.extend(_oversized_payload_problems(source, frame))
    return frame


def read_numbers(source: Source, problems: list[Problem]) -> pl.Series:
    """The numbers of a do-not-call file. A number that is written otherwise than E.164 would protect nobody,
    and an empty file is more often an export that failed than a wish: both are problems."""
    return _read_table(source, problems).get_column("number").unique()


def file_places(source: Source, rows: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Line and column of rows of `people`; none for Parquet."""
    match source.format:
        case "csv":
            return locate.csv_places(source.file, rows, source.number_column)
        case "jsonl":
            return jsonl_file.jsonl_places(source.file, rows)
        case _:
            return {}


def _read_table(source: Source, problems: list[Problem]) -> pl.DataFrame:
    problem_count = len(problems)
    try:
        frame = jsonl.read_jsonl(source, problems) if source.format == "jsonl" else _read_columns(source, problems)
    except UnreadableFile as unreadable:
        problems.append(unreadable.problem)
        return empty_frame()
    if frame.is_empty() and len(problems) == problem_count:
        problems.append(source.file_problem("holds nobody", "if nobody is meant, remove the file's entry"))
    problems.extend(_malformed_number_problems(source, frame))
    return frame


def _read_columns(source: Source, problems: list[Problem]) -> pl.DataFrame:
    header = _read_csv_header(source) if source.format == "csv" else _read_parquet_header(source)
    fields = _columns_by_field(source, header, problems)
    if fields is None:
        return empty_frame()
    column_names = list(dict.fromkeys(chain([source.number_column], *fields.values())))
    frame = _csv(source, header, column_names) if source.format == "csv" else _read_parquet(source, column_names)
    for column in fields.get(VARIABLES, ()):
        if frame.schema[column].is_nested():
            message = (
                f"column {wording.quote(column)} of {source.display_path} holds {frame.schema[column]}: {NO_VARIABLE}"
            )
            problems.append(source.manifest_problem(VARIABLES, message, f"list the wanted columns under {VARIABLES}"))
    try:
        data = build_payloads(frame, fields)
    except TypeError as error:
        message = f"column {wording.quote(str(error))} holds values that JSON has no form for"
        raise UnreadableFile(source.file_problem(message, "store them as text, or leave the column out")) from None
    return pl.DataFrame({"number": frame.get_column(source.number_column), "payload": data})


def _columns_by_field(source: Source, header: Sequence[str], problems: list[Problem]) -> dict[str, list[str]] | None:
    """The columns of each field; None when a column is missing or cannot be a key."""
    problem_count = len(problems)
    fields = {name: list(columns) for name, columns in source.columns.items()}
    if source.number_column not in header:
        problems.append(_missing_column_problem(source, "to_number", source.number_column, header))
    for name, columns in fields.items():
        problems.extend(
            _missing_column_problem(source, name, column, header) for column in columns if column not in header
        )
    if source.rest_field:
        used_columns = {source.number_column, *chain(*fields.values())}
        fields[source.rest_field] = [column for column in header if column not in used_columns]
    for name, columns in fields.items():
        problems.extend(_bad_key_problems(source, name, columns))
    return fields if len(problems) == problem_count else None


def _missing_column_problem(source: Source, step: str, column: str, header: Sequence[str]) -> Problem:
    message = f"{source.display_path} has no column {wording.quote(column)}, it has: {wording.join_names(header)}"
    for sign, name in _OTHER_SIGNS.items():
        if len(header) == 1 and sign in header[0]:
            return source.manifest_problem(step, message, f"the file separates by {name}; save it with commas")
    if any(mask_all(name) != name for name in header):
        return source.manifest_problem(
            step, message, "the first row is no header: begin the file with the names of its columns"
        )
    hint = wording.did_you_mean(column, header)
    if not hint and step == "to_number":
        hint = "to_number names the column of the phone number"
    return source.manifest_problem(step, message, hint)


def _bad_key_problems(source: Source, field: str, columns: Sequence[str]) -> Iterator[Problem]:
    for column in columns:
        if fault := name_fault(field, column):
            message = f"column {wording.quote(column)} of {source.display_path}: {fault}"
            yield source.manifest_problem(field, message, f"list the wanted columns under {field}")
    if fault := count_fault(field, columns, source.person_schema):
        yield source.manifest_problem(
            field, f"{source.display_path}: {fault}", f"list the wanted columns under {field}"
        )


def _malformed_number_problems(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    bad = (~frame.get_column("number").str.contains(E164)).arg_true().to_list()
    places = file_places(source, bad[:MOST_DESCRIBED]) if bad else {}
    for row in bad[:MOST_DESCRIBED]:
        number = frame.item(row, "number")
        description = wording.describe_number(number) if number else "no number"
        yield row_problem(
            source, row, places, source.number_column, f"found {description}, expected {E164_DESCRIPTION}"
        )
    if len(bad) > MOST_DESCRIBED:
        yield source.more_problem(len(bad) - MOST_DESCRIBED, "malformed number")


def _oversized_payload_problems(source: Source, frame: pl.DataFrame) -> Iterator[Problem]:
    if VARIABLES not in (*source.columns, source.rest_field):
        return
    slack = len(f'{{"{VARIABLES}":}}')
    long = (frame.get_column("payload").str.len_bytes() > MOST_BYTES + slack).arg_true().to_list()
    places = file_places(source, long[:MOST_DESCRIBED]) if long else {}
    for row in long[:MOST_DESCRIBED]:
        yield row_problem(source, row, places, VARIABLES, f"more than {MOST_BYTES:,} bytes as JSON")
    if len(long) > MOST_DESCRIBED:
        yield source.more_problem(len(long) - MOST_DESCRIBED, "oversized row")


def row_problem(source: Source, row: int, places: dict[int, tuple[int, int]], column: str, message: str) -> Problem:
    line, cell = places.get(row, (0, 0))
    path = column if line else f"row {row + 1}, {column}"
    return source.file_problem(message, line=line, column=cell, path=path)
