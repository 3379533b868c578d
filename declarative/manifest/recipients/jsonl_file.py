"""Reads JSON lines as columns. Each line is parsed by itself, so that a value does not change its type because of other
values in its column. Chunks of lines keep memory small."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.messages import MOST_DESCRIBED
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.fields import data_faults
from declarative.manifest.recipients.source import Place, Source
from declarative.model.digest import canonical_json
from declarative.model.resource import Json

_CHUNK = 50_000
"""Lines that are parsed at once."""
# A long whole number may exceed 64 bits; a space before the colon hides a key from the count of keys.
_UNUSUAL = re.compile(rb'[0-9]{19}|"[ \t\r]+:')


def read_jsonl(source: Source, problems: ProblemCollector) -> pl.DataFrame:
    """Return columns `number` and `payload`, with a row for each line that is not blank.

    `number` is empty when the line has none. It is null when the line is wrong in another way, which is reported here.
    """
    reader = _JsonLinesReader(source)
    frame = pl.concat(reader.frames(), rechunk=True)
    problems.extend(reader.problems())
    return frame


class _JsonLinesReader:
    """Reads one file, and counts its wrong lines."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen_columns: set[str] = set()
        self._columns_by_field = {name: frozenset(columns) for name, columns in source.columns.items()}
        self._used_columns = frozenset((source.number_column,)).union(*self._columns_by_field.values())
        self._row_problems: list[Problem] = []
        self._wrong_row_count = 0

    def frames(self) -> Iterator[pl.DataFrame]:
        numbers: list[str | None] = []
        payloads: list[str] = []
        with self._source.file.open("rb") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    number, payload = self._read_row(line, text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text)
                    numbers.append(number)
                    payloads.append(payload)
                if len(numbers) == _CHUNK:
                    yield _chunk_frame(numbers, payloads)
                    numbers, payloads = [], []
        yield _chunk_frame(numbers, payloads)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with rows, and the columns that no row has. Call it after `frames`."""
        yield from self._row_problems
        if self._wrong_row_count > MOST_DESCRIBED:
            yield self._source.more_problem(self._wrong_row_count - MOST_DESCRIBED, "faulty line")
        for step, column in self._all_columns():
            if self._seen_columns and column not in self._seen_columns:
                message = f"no line of {self._source.display_path} has {messages.quote(column)}"
                yield self._source.manifest_problem(step, message, messages.did_you_mean(column, self._seen_columns))

    def _all_columns(self) -> Iterator[tuple[str, str]]:
        yield "to_number", self._source.number_column
        for field, columns in self._columns_by_field.items():
            yield from ((field, column) for column in sorted(columns))

    def _read_row(self, line: int, text: bytes) -> tuple[str | None, str]:
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._add_problem(line, error.colno, "", "not JSON")
            return None, "{}"
        if not isinstance(row, dict):
            self._add_problem(line, 1, "", f"found {messages.describe_number(row)}, expected an object")
            return None, "{}"
        if text.count(b'":') != len(row) or _UNUSUAL.search(text):  # otherwise each name appears once
            for fault in _hidden_faults(text):
                self._add_problem(line, 1, "", fault)
        self._seen_columns.update(row)
        try:
            return self._read_number(line, row), canonical_json(self._read_data(line, row)).decode()
        except orjson.JSONEncodeError:  # the reader accepts deeper nesting than the writer
            self._add_problem(line, 1, "", "nested too deeply")
            return None, "{}"

    def _read_number(self, line: int, row: dict[str, Json]) -> str | None:
        number = row.get(self._source.number_column, "")
        if isinstance(number, str):
            return number.strip()
        message = f"found {messages.describe_number(number)}, expected text in quotes"
        self._add_problem(line, 1, self._source.number_column, message)
        return None

    def _read_data(self, line: int, row: dict[str, Json]) -> dict[str, dict[str, Json]]:
        data: dict[str, dict[str, Json]] = {
            field: {name: value for name, value in row.items() if name in columns and value is not None}
            for field, columns in self._columns_by_field.items()
        }
        if self._source.rest_field:
            other_values = {name: value for name, value in row.items() if name not in self._used_columns}
            data[self._source.rest_field] = {name: value for name, value in other_values.items() if value is not None}
        for field, values in data.items():
            for name, fault in data_faults(field, values, self._source.person_schema):
                self._add_problem(line, 1, name or field, fault)
        return {field: values for field, values in data.items() if values}

    def _add_problem(self, line: int, column: int, path: str, message: str) -> None:
        self._wrong_row_count += 1
        if self._wrong_row_count <= MOST_DESCRIBED:
            self._row_problems.append(self._source.file_problem(message, line=line, column=column, path=path))


def _chunk_frame(numbers: Sequence[str | None], payloads: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({"number": numbers, "payload": payloads}, schema={"number": pl.String, "payload": pl.String})


def _hidden_faults(text: bytes) -> list[str]:
    """Find what orjson accepts silently: of a name that is given twice it takes the last value, and it rounds a whole
    number of more than 64 bits."""
    fault_messages: list[str] = []

    def check_names(pairs: list[tuple[str, Json]]) -> None:
        if len(dict(pairs)) < len(pairs):
            names = Counter(name for name, _ in pairs)
            fault_messages.extend(
                f"{messages.quote(name)} is given twice" for name, times in names.items() if times > 1
            )

    def check_integer(digits: str) -> None:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            fault_messages.append(f"the number {messages.quote(digits)} is too large; in quotes it is text")

    json.loads(text, object_pairs_hook=check_names, parse_int=check_integer)
    return fault_messages


def jsonl_places(path: Path, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows. Rows count from 0, without blank lines."""
    requested_rows = set(rows)
    with path.open("rb") as file:
        filled = (number for number, line in enumerate(file, 1) if line.strip())
        return {row: (line, 1) for row, line in enumerate(filled) if row in requested_rows}
