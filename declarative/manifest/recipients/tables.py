"""Reads recipients files as columns and checks them. The entry point for all file formats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
from declarative.manifest.recipients.fields import FLAT_VALUE, text_fault
from declarative.manifest.recipients.file_columns import columns_by_field
from declarative.manifest.recipients.file_rows import FileRows
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

_CONSENT = re.compile(
    r"(?:donot|dont)(?:call|contact)|dn[cd]|opt(?:ed)?(?:in|out)|unsubscribed?|(?:has)?consent(?:ed)?"
)
"""Names of columns, in small letters alone, that tell who may be called."""


class SourceRows(NamedTuple):
    """The people of one file."""

    rows: FileRows
    """Who they are, with `number` in normal form."""
    held_counts: dict[str, int]
    """How many rows the entry leaves out, by the key of the plan's `held`."""
    warnings: list[str]
    """What is no problem, but should be known."""


def load_recipients(source: Source, problems: ProblemCollector) -> SourceRows:
    """Read the people of a file in order. What is wrong is added to `problems`."""
    read = read_rows(source, problems)
    raw = read.rows.frame.get_column("number")
    numbers = normalize_column(raw, source.region).alias("number")
    frame = read.rows.frame.clone().replace_column(0, numbers)
    bad_count = numbers.null_count() - raw.null_count()
    if source.skip_invalid:
        read.held_counts["invalid_number"] = bad_count
    if bad_count:
        is_bad = raw.is_not_null() & numbers.is_null()
        frame = frame.filter(~is_bad)
        if not source.skip_invalid:
            problems.extend(number_problems(source, read.rows.frame.filter(is_bad), problems.most_described))
    rows = read.rows._replace(frame=frame)
    problems.extend(_payload_size_problems(source, rows, problems.most_described))
    return read._replace(rows=rows)


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
            rows, not_selected, names = read_json(source, problems)
            read = SourceRows(rows, {"not_selected": not_selected}, list(_header_warnings(source, names)))
        else:
            read = _read_columns(source, problems)
    except UnreadableFile as unreadable:
        problems.add(unreadable.problem)
        return SourceRows(FileRows.none(), {}, [])
    is_empty = read.rows.frame.is_empty() and not read.held_counts.get("not_selected")
    if is_empty and not source.list_name and not problems.has_new(mark):
        problems.add(source.file_problem("contains no one", "if that is intended, remove the file's entry"))
    return read


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
            yield Table(header, lambda names: read_csv(text, names), lambda: sum(map(len, read_csv(text, header[:1]))))


def _read_columns(source: Source, problems: ProblemCollector) -> SourceRows:
    with open_table(source) as table:
        fields = columns_by_field(source, table.header, problems)
        if fields is None:
            return SourceRows(FileRows.none(), {}, [])
        conditions = [condition.column for condition in source.where]
        parts = table.read(list(dict.fromkeys(chain([source.number_column], *fields.values(), conditions))))
        held_counts: Counter[str] = Counter()
        try:
            rows = FileRows.collect(_read_parts(source, parts, fields, problems, held_counts))
        except TypeError as error:
            message = f"column {messages.quote(str(error))} holds values that JSON cannot represent"
            hint = "store them as text, or leave the column out"
            raise UnreadableFile(source.file_problem(message, hint)) from None
    return SourceRows(rows, dict(held_counts), list(_header_warnings(source, table.header)))


def _read_parts(
    source: Source,
    parts: Iterable[pl.DataFrame],
    fields: dict[str, list[str]],
    problems: ProblemCollector,
    held_counts: Counter[str],
) -> Iterator[pl.DataFrame]:
    """Yield the selected rows of each part: `number`, `payload` and `row`. Raises TypeError as `build_payloads`."""
    start = 0
    for part in parts:
        if start == 0:
            problems.extend(_nested_variable_problems(source, part, fields))
        rows = pl.int_range(start, start + part.height, dtype=pl.UInt32, eager=True)
        start += part.height
        if (selected := _selected(source, part)) is not None:
            part, rows = part.filter(selected), rows.filter(selected)
            held_counts["not_selected"] += int((~selected).sum())
        data = build_payloads(part, fields, source.person_schema.text_fields)
        yield pl.DataFrame({"number": part.get_column(source.number_column), "payload": data, "row": rows})


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


def number_problems(source: Source, bad: pl.DataFrame, most_described: int) -> Iterator[Problem]:
    """Describe rows whose number cannot be called."""
    described = bad.head(most_described)
    places = file_places(source, described.get_column("row").to_list()) if described.height else {}
    for number, row in described.select("number", "row").iter_rows():
        message, hint = describe_bad_number(number, source.region)
        yield row_problem(source, row, places, source.number_column, message, hint)
    if bad.height > most_described:
        yield source.more_problem(bad.height - most_described, "malformed number")


def _payload_size_problems(source: Source, rows: FileRows, most_described: int) -> Iterator[Problem]:
    """Find people of whose data a field is too large."""
    for name in (*source.columns, source.rest_field):
        limits = source.person_schema.limits_of(name)
        least = limits.most_bytes if limits.most_characters is None else limits.most_characters
        if least is None:
            continue
        faults = {
            row: fault
            for payload, row in _find_long(rows, least)
            if (fault := _find_size_fault(limits, orjson.loads(payload).get(name)))
        }
        large = list(faults)
        places = file_places(source, large[:most_described]) if large else {}
        for row in large[:most_described]:
            yield row_problem(source, row, places, name, faults[row])
        if len(large) > most_described:
            yield source.more_problem(len(large) - most_described, "oversized row")


def _find_long(rows: FileRows, least: int) -> Iterator[tuple[str, int]]:
    """Yield the data that are longer than so many bytes, each with its row in the file."""
    for start, payloads in rows.payloads.blocks() if rows.payloads.longest > least else ():
        is_long = payloads.str.len_bytes() > least
        places = pl.int_range(start, start + len(payloads), dtype=pl.UInt32, eager=True).alias("data_row")
        texts = pl.DataFrame({"payload": payloads, "data_row": places}).filter(is_long)
        yield from rows.frame.join(texts, on="data_row", maintain_order="left").select("payload", "row").iter_rows()


def _find_size_fault(limits: DataLimits, value: Json) -> str:
    if limits.is_text:
        return text_fault(limits, value) if isinstance(value, str) else ""
    most_bytes = limits.most_bytes
    is_large = most_bytes is not None and len(canonical_json(value)) > most_bytes
    return f"more than {most_bytes:,} bytes as JSON" if is_large else ""
