"""Reads recipients files as columns and checks them. The entry point for all file formats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

import orjson
import polars as pl

from declarative import humanize
from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.csv_file import csv_places, open_csv, read_csv
from declarative.manifest.recipients.fields import FLAT_VALUE, count_fault, name_fault, text_fault
from declarative.manifest.recipients.jsonl_file import describe_json, json_places, read_json
from declarative.manifest.recipients.number_faults import describe_bad_number
from declarative.manifest.recipients.parquet_file import open_parquet
from declarative.manifest.recipients.payloads import build_payloads, column_texts
from declarative.manifest.recipients.source import Place, Source, Table, UnreadableFile, file_sha256
from declarative.manifest.recipients.xlsx_file import open_xlsx, xlsx_places
from declarative.model.capabilities import DataLimits
from declarative.model.digest import canonical_json
from declarative.model.numbers import normalize_column
from declarative.model.resource import Json
from declarative.privacy import mask_all

_CONSENT = re.compile(
    r"(?:donot|dont)(?:call|contact)|dn[cd]|opt(?:ed)?(?:in|out)|unsubscribed?|(?:has)?consent(?:ed)?"
)
"""Names of columns, in small letters alone, that tell who may be called."""
_ROW_SCHEMA = {"number": pl.String, "payload": pl.String, "row": pl.UInt32}


class SourceRows(NamedTuple):
    """The people of one file."""

    frame: pl.DataFrame
    """Columns `number` (in normal form), `payload` and `row` (from 0, in the file)."""
    held_counts: dict[str, int]
    """How many rows the entry leaves out, by the key of the plan's `held`."""
    warnings: list[str]
    """What is no problem, but should be known."""


def load_recipients(source: Source, problems: ProblemCollector) -> SourceRows:
    """Read the people of a file in order. What is wrong is added to `problems`."""
    rows = read_rows(source, problems)
    raw = rows.frame.get_column("number")
    frame = rows.frame.with_columns(normalize_column(raw, source.region).alias("number"))
    is_bad = raw.is_not_null() & frame.get_column("number").is_null()
    if source.skip_invalid:
        rows.held_counts["invalid_number"] = int(is_bad.sum())
    else:
        problems.extend(number_problems(source, rows.frame.filter(is_bad), problems.most_described))
    frame = frame.filter(~is_bad)
    problems.extend(_payload_size_problems(source, frame, problems.most_described))
    return rows._replace(frame=frame)


def file_places(source: Source, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows of `load_recipients`. Empty for Parquet, which has no lines."""
    match source.format:
        case "csv" | "tsv":
            return csv_places(source, rows, source.number_column)
        case "jsonl" | "json":
            return json_places(source, rows)
        case "xlsx":
            return xlsx_places(source, rows, source.number_column)
        case _:
            return {}


def row_problem(
    source: Source, row: int, places: dict[int, Place], column: str, message: str, hint: str = ""
) -> Problem:
    """A problem with a row: at its place, or named by its row number when it has no place."""
    line, cell = places.get(row, (0, 0))
    path = column if line else f"row {row + 1}, {column}"
    return source.file_problem(message, hint, line=line, column=cell, path=path)


def count_rows(source: Source) -> tuple[int, list[str]]:
    """The number of rows and the names of the columns of a file. Raises UnreadableFile."""
    if source.format in ("jsonl", "json"):
        return describe_json(source)
    with open_table(source) as table:
        return table.count_rows(), [name for name in table.header if name]


def read_rows(source: Source, problems: ProblemCollector) -> SourceRows:
    """Read the selected rows, with `number` as it is written; null in a row that has another problem."""
    mark = problems.mark()
    try:
        _check_sha256(source)
        if source.format in ("jsonl", "json"):
            frame, not_selected, names = read_json(source, problems)
            rows = SourceRows(frame, {"not_selected": not_selected}, list(_header_warnings(source, names)))
        else:
            rows = _read_columns(source, problems)
    except UnreadableFile as unreadable:
        problems.add(unreadable.problem)
        return SourceRows(pl.DataFrame(schema=_ROW_SCHEMA), {}, [])
    is_empty = rows.frame.is_empty() and not rows.held_counts.get("not_selected")
    if is_empty and not source.list_name and not problems.has_new(mark):
        problems.add(source.file_problem("contains no one", "if that is intended, remove the file's entry"))
    return rows


def _check_sha256(source: Source) -> None:
    if source.sha256 and (digest := file_sha256(source.file)) != source.sha256.lower():
        message = f"{source.display_path} has other content than was agreed: its digest is {digest}"
        raise UnreadableFile(source.manifest_problem("sha256", message, "review the file, then write this digest here"))


@contextmanager
def open_table(source: Source) -> Iterator[Table]:
    match source.format:
        case "parquet":
            with open_parquet(source) as table:
                yield table
        case "xlsx":
            yield open_xlsx(source)
        case _:
            text = open_csv(source)
            header = text.header.cells
            yield Table(header, lambda names: read_csv(text, names), lambda: read_csv(text, header[:1]).height)


def _read_columns(source: Source, problems: ProblemCollector) -> SourceRows:
    with open_table(source) as table:
        fields = _columns_by_field(source, table.header, problems)
        if fields is None:
            return SourceRows(pl.DataFrame(schema=_ROW_SCHEMA), {}, [])
        conditions = [condition.column for condition in source.where]
        frame = table.read(list(dict.fromkeys(chain([source.number_column], *fields.values(), conditions))))
    try:
        selected = _selected(source, frame)
        rows = pl.Series("row", range(frame.height), dtype=pl.UInt32)
        if selected is not None:
            frame, rows = frame.filter(selected), rows.filter(selected)
        problems.extend(_nested_variable_problems(source, frame, fields))
        data = build_payloads(frame, fields, source.person_schema.text_fields)
    except TypeError as error:
        message = f"column {messages.quote(str(error))} holds values that JSON cannot represent"
        raise UnreadableFile(source.file_problem(message, "store them as text, or leave the column out")) from None
    held_counts = {} if selected is None else {"not_selected": int((~selected).sum())}
    columns = {"number": frame.get_column(source.number_column), "payload": data, "row": rows}
    return SourceRows(pl.DataFrame(columns), held_counts, list(_header_warnings(source, table.header)))


def _selected(source: Source, frame: pl.DataFrame) -> pl.Series | None:
    """Whether each row meets all conditions of `where`; None without conditions."""
    selected: pl.Series | None = None
    for condition in source.where:
        texts = column_texts(frame.get_column(condition.column))
        meets = texts.is_in(list(condition.values))
        meets = ~meets if condition.excludes else meets
        selected = meets if selected is None else selected & meets
    return selected


def _header_warnings(source: Source, header: Sequence[str]) -> Iterator[str]:
    if unnamed := sum(not name for name in header):
        yield f"{source.display_path}: {humanize.plural(unnamed, 'column', 'columns')} without a name left out"

    selecting = {condition.column for condition in source.where}
    for name in header:
        if _CONSENT.fullmatch(re.sub(r"[^a-z]", "", name.lower())) and name not in selecting and not source.list_name:
            yield (
                f"{source.display_path} has a column {messages.quote(name)}, and its rows are called whatever it says: "
                "`where` in the entry chooses rows"
            )


def _nested_variable_problems(source: Source, frame: pl.DataFrame, fields: dict[str, list[str]]) -> Iterator[Problem]:
    for name, columns in fields.items():
        for column in columns if source.person_schema.limits_of(name).is_flat else ():
            if frame.schema[column].is_nested():
                place = f"column {messages.quote(column)} of {source.display_path}"
                message = f"{place} holds {frame.schema[column]}: {FLAT_VALUE}"
                yield source.manifest_problem(name, message, f"list the wanted columns under {name}")


def _columns_by_field(source: Source, header: Sequence[str], problems: ProblemCollector) -> dict[str, list[str]] | None:
    """The columns of each field; None when a column is missing or cannot be a key."""
    mark = problems.mark()
    fields = {name: list(columns) for name, columns in source.columns.items()}
    named = [name for name in header if name]
    wanted = [
        ("to_number", source.number_column),
        *((name, column) for name, columns in fields.items() for column in columns),
    ]
    wanted += [("where", condition.column) for condition in source.where]
    problems.extend(
        _missing_column_problem(source, step, column, named) for step, column in wanted if column not in named
    )
    if source.rest_field:
        used_columns = {source.number_column, *chain(*fields.values())}
        fields[source.rest_field] = [column for column in named if column not in used_columns]
    for name, columns in fields.items():
        problems.extend(_bad_key_problems(source, name, columns))
    return None if problems.has_new(mark) else fields


def _missing_column_problem(source: Source, step: str, column: str, header: Sequence[str]) -> Problem:
    shown = list(header[:20]) + (["…"] if len(header) > 20 else [])
    message = f"{source.display_path} has no column {messages.quote(column)}, it has: {messages.join_names(shown)}"
    if any(mask_all(name) != name for name in header):
        hint = "the first row is not a header: begin the file with the names of its columns"
        return source.manifest_problem(step, message, hint)
    hint = messages.did_you_mean(column, header)
    lookalikes = (
        f"{messages.quote(name)} in the file holds {messages.name_unseen(name)}"
        for name in header
        if messages.name_unseen(name) and messages.did_you_mean(column, [name])
    )
    hint = next(lookalikes, hint)
    if not hint and len(header) == 1 and step == "to_number":
        hint = "a line before the header? Begin the file with the names of its columns"
    if not hint and step == "to_number":
        hint = "to_number names the column of the phone number"
    return source.manifest_problem(step, message, hint)


def _bad_key_problems(source: Source, field: str, columns: Sequence[str]) -> Iterator[Problem]:
    hint, limits = f"list the wanted columns under {field}", source.person_schema.limits_of(field)
    if limits.is_text:
        return  # its column is no key
    for column in columns:
        if fault := name_fault(limits, column):
            message = f"column {messages.quote(column)} of {source.display_path}: {fault}"
            yield source.manifest_problem(field, message, hint)
    if fault := count_fault(limits, columns):
        yield source.manifest_problem(field, f"{source.display_path}: {fault}", hint)


def number_problems(source: Source, bad: pl.DataFrame, most_described: int) -> Iterator[Problem]:
    """Describe rows whose number cannot be called."""
    described = bad.head(most_described)
    places = file_places(source, described.get_column("row").to_list()) if described.height else {}
    for number, row in described.select("number", "row").iter_rows():
        message, hint = describe_bad_number(number, source.region)
        yield row_problem(source, row, places, source.number_column, message, hint)
    if bad.height > most_described:
        yield source.more_problem(bad.height - most_described, "malformed number")


def _payload_size_problems(source: Source, frame: pl.DataFrame, most_described: int) -> Iterator[Problem]:
    """Find people of whose data a field is too large."""
    for name in (*source.columns, source.rest_field):
        limits = source.person_schema.limits_of(name)
        least = limits.most_bytes if limits.most_characters is None else limits.most_characters
        if least is None:
            continue
        candidates = frame.filter(pl.col("payload").str.len_bytes() > least)
        faults = {
            row: fault
            for payload, row in candidates.select("payload", "row").iter_rows()
            if (fault := _find_size_fault(limits, orjson.loads(payload).get(name)))
        }
        large = list(faults)
        places = file_places(source, large[:most_described]) if large else {}
        for row in large[:most_described]:
            yield row_problem(source, row, places, name, faults[row])
        if len(large) > most_described:
            yield source.more_problem(len(large) - most_described, "oversized row")


def _find_size_fault(limits: DataLimits, value: Json) -> str:
    if limits.is_text:
        return text_fault(limits, value) if isinstance(value, str) else ""
    most_bytes = limits.most_bytes
    is_large = most_bytes is not None and len(canonical_json(value)) > most_bytes
    return f"more than {most_bytes:,} bytes as JSON" if is_large else ""
