"""Reads JSON lines, and JSON arrays of objects, as columns. Each object is parsed by itself, so that a value does not
change its type because of other values in its column. Chunks of lines keep memory small."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import orjson
import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.fields import data_faults
from declarative.manifest.recipients.file_rows import FileRows
from declarative.manifest.recipients.source import Condition, Place, Source, UnreadableFile
from declarative.manifest.recipients.text_file import read_text
from declarative.model.digest import canonical_json
from declarative.model.resource import Json

_CHUNK = 50_000
"""Lines that are parsed at once."""
_GLANCE = 1 << 16
"""Bytes at the start of a file that are looked at before it is parsed."""
_BLANKS = re.compile(r"[ \t\r\n]*")
# A long whole number may exceed 64 bits; a space before the colon hides a key from the count of keys; 3.10, 1e5 and -0
# are written otherwise by whoever writes the number that was read.
_UNUSUAL = re.compile(rb'[0-9]{19}|[0-9.]{17}|"[ \t\r]+:|\.[0-9]+0(?![0-9])|[0-9][eE]|-0(?![0-9.])')


def read_json(source: Source, problems: ProblemCollector) -> tuple[FileRows, int, list[str]]:
    """Return a row for each object that the entry selects; how many it does not select; and the names of all fields.

    `number` is empty when the object has none. It is null when the object is wrong in another way, which is reported
    here. Raises UnreadableFile.
    """
    reader = _JsonReader(source, problems.most_described)
    rows = FileRows.collect(reader.frames())
    problems.extend(reader.problems())
    return rows, reader.not_selected, sorted(reader.seen_columns)


class _JsonReader:
    """Reads one file, and counts its wrong objects."""

    def __init__(self, source: Source, most_described: int) -> None:
        self.not_selected = 0
        self._source = source
        self._most_described = most_described
        self.seen_columns: set[str] = set()
        self._columns_by_field = {name: frozenset(columns) for name, columns in source.columns.items()}
        self._text_fields = source.person_schema.text_fields
        self._used_columns = frozenset((source.number_column,)).union(*self._columns_by_field.values())
        self._row_problems: list[Problem] = []
        self._wrong_row_count = 0

    def frames(self) -> Iterator[pl.DataFrame]:
        numbers: list[str | None] = []
        payloads: list[str] = []
        rows: list[int] = []
        for index, (line, text) in enumerate(_read_objects(self._source)):
            if (read := self._read_row(line, text)) is not None:
                numbers.append(read[0])
                payloads.append(read[1])
                rows.append(index)
            if len(numbers) == _CHUNK:
                yield _chunk_frame(numbers, payloads, rows)
                numbers, payloads, rows = [], [], []
        yield _chunk_frame(numbers, payloads, rows)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with rows, and the columns that no row has. Call it after `frames`."""
        yield from self._row_problems
        if self._wrong_row_count > self._most_described:
            yield self._source.more_problem(self._wrong_row_count - self._most_described, "faulty line")
        for step, column in self._all_columns():
            if self.seen_columns and column not in self.seen_columns:
                message = f"no line of {self._source.display_path} has {messages.quote(column)}"
                yield self._source.manifest_problem(step, message, messages.did_you_mean(column, self.seen_columns))

    def _all_columns(self) -> Iterator[tuple[str, str]]:
        yield "to_number", self._source.number_column
        for field, columns in self._columns_by_field.items():
            yield from ((field, column) for column in sorted(columns))
        yield from (("where", condition.column) for condition in self._source.where)

    def _read_row(self, line: int, text: bytes) -> tuple[str | None, str] | None:
        """Number and payload; None for an object that the entry does not select."""
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._add_problem(line, error.colno, "", "not JSON")
            return None, "{}"
        if not isinstance(row, dict):
            self._add_problem(line, 1, "", f"found {messages.describe_number(row)}, expected an object")
            return None, "{}"
        if text.count(b'":') != len(row) or _UNUSUAL.search(text):  # otherwise each name appears once
            row, faults = _read_exactly(text)
            for fault in faults:
                self._add_problem(line, 1, "", fault)
        self.seen_columns.update(row)
        if not all(_meets(row, condition) for condition in self._source.where):
            self.not_selected += 1
            return None
        try:
            return self._read_number(line, row), canonical_json(self._read_data(line, row)).decode()
        except orjson.JSONEncodeError:  # the reader accepts deeper nesting than the writer
            self._add_problem(line, 1, "", "nested too deeply")
            return None, "{}"

    def _read_number(self, line: int, row: dict[str, Json]) -> str | None:
        number = row.get(self._source.number_column, "")
        if isinstance(number, str):
            return number
        if self._source.skip_invalid:
            return ""
        message = f"found {messages.describe_number(number)}, expected text in quotes"
        self._add_problem(line, 1, self._source.number_column, message)
        return None

    def _read_data(self, line: int, row: dict[str, Json]) -> dict[str, Json]:
        data: dict[str, dict[str, Json]] = {
            field: {name: value for name, value in row.items() if name in columns and value is not None}
            for field, columns in self._columns_by_field.items()
        }
        if self._source.rest_field:
            other_values = {name: value for name, value in row.items() if name not in self._used_columns}
            data[self._source.rest_field] = {name: value for name, value in other_values.items() if value is not None}
        texts = {field: self._read_text(line, data.pop(field, {})) for field in self._text_fields}
        for field, values in data.items():
            for name, fault in data_faults(self._source.person_schema.limits_of(field), values):
                self._add_problem(line, 1, name or field, fault)
        found: dict[str, Json] = {field: values for field, values in data.items() if values}
        return found | {field: text for field, text in texts.items() if text}

    def _read_text(self, line: int, values: Mapping[str, Json]) -> str:
        """The one text of a field, from its one column; empty where the row has none."""
        for name, value in values.items():
            if isinstance(value, dict | list):
                self._add_problem(line, 1, name, f"found {messages.describe_value(value)}, expected text")
                return ""
            return value if isinstance(value, str) else canonical_json(value).decode()
        return ""

    def _add_problem(self, line: int, column: int, path: str, message: str) -> None:
        self._wrong_row_count += 1
        if self._wrong_row_count <= self._most_described:
            self._row_problems.append(self._source.file_problem(message, line=line, column=column, path=path))


def _read_objects(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield each object of a file as JSON, with its line. Raises UnreadableFile."""
    text = read_text(source)
    if not text.strip():
        raise UnreadableFile(source.file_problem("is empty", "an empty list is [] in a .json file"))
    if source.format == "json":
        yield from _read_array(source, text)
        return
    start = text[:_GLANCE].lstrip()
    if start.startswith((b"[", b"{\n", b"{\r\n")) or start.rstrip() == b"{":
        what = "an array" if start.startswith(b"[") else "one object over several lines"
        raise UnreadableFile(
            source.file_problem(f"holds {what}", "one object a line is wanted; an array is named .json")
        )
    for line, line_text in enumerate(text.split(b"\n"), 1):
        if line_text.strip():
            yield line, line_text


def _read_array(source: Source, text: bytes) -> Iterator[tuple[int, bytes]]:
    decoder, characters = json.JSONDecoder(), text.decode()
    position, line, end = _skip(characters, 0), 1, 0
    if characters[position : position + 1] != "[":
        raise UnreadableFile(source.file_problem("is no JSON array", "a .json file holds an array of objects"))
    position = _skip(characters, position + 1)
    try:
        while characters[position : position + 1] != "]":
            line, end = line + characters.count("\n", end, position), position
            position = decoder.raw_decode(characters, position)[1]
            yield line, characters[end:position].encode()
            position = _skip(characters, position)
            if characters[position : position + 1] == ",":
                position = _skip(characters, position + 1)
                if characters[position : position + 1] == "]":
                    raise json.JSONDecodeError("a comma before the end", characters, position)
            elif characters[position : position + 1] != "]":
                raise json.JSONDecodeError("a comma is missing", characters, position)
        if characters[position + 1 :].strip():
            raise json.JSONDecodeError("text behind the array", characters, position + 1)
    except json.JSONDecodeError as error:
        raise UnreadableFile(source.file_problem("not JSON", line=error.lineno, column=error.colno)) from None
    except RecursionError:
        raise UnreadableFile(source.file_problem("nested too deeply", line=line, column=1)) from None


def _skip(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _meets(row: dict[str, Json], condition: Condition) -> bool:
    value = row.get(condition.column)
    text = "" if value is None else value if isinstance(value, str) else canonical_json(value).decode()
    return (text.strip() in condition.values) is not condition.excludes


def _chunk_frame(numbers: Sequence[str | None], payloads: Sequence[str], rows: Sequence[int]) -> pl.DataFrame:
    schema = {"number": pl.String, "payload": pl.String, "row": pl.UInt32}
    return pl.DataFrame({"number": numbers, "payload": payloads, "row": rows}, schema=schema)


def _read_exactly(text: bytes) -> tuple[dict[str, Json], list[str]]:
    """Read an object again, with each number as it is written, as text where JSON would write it otherwise. Also find
    what orjson accepts silently: of a name that is given twice it takes the last value, and it rounds a whole number
    of more than 64 bits, and a decimal of more than 17 digits."""
    faults: list[str] = []

    def check_names(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(pairs)) < len(pairs):
            names = Counter(name for name, _ in pairs)
            faults.extend(f"{messages.quote(name)} is given twice" for name, times in names.items() if times > 1)
        return dict(pairs)

    def read_integer(digits: str) -> int | str:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            faults.append(f"the number {messages.quote(digits)} is too large; in quotes it is text")
            return digits
        return digits if digits == "-0" else int(digits)

    def read_decimal(digits: str) -> float | str:
        if Decimal(digits) != Decimal(repr(float(digits))):
            faults.append(f"the number {messages.quote(digits)} has too many digits; in quotes it is text")
        return float(digits) if orjson.dumps(float(digits)).decode() == digits else digits

    row = json.loads(text, object_pairs_hook=check_names, parse_int=read_integer, parse_float=read_decimal)
    return row, faults


def describe_json(source: Source) -> tuple[int, list[str]]:
    """The number of objects and the names of all their fields. Raises UnreadableFile."""
    count, names = 0, dict[str, None]()
    for line, text in _read_objects(source):
        try:
            names.update(dict.fromkeys(orjson.loads(text)))
        except (orjson.JSONDecodeError, TypeError):
            raise UnreadableFile(source.file_problem("no JSON object", line=line, column=1)) from None
        count += 1
    return count, list(names)


def json_places(source: Source, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows. Rows count from 0, without blank lines."""
    requested_rows = set(rows)
    return {row: (line, 1) for row, (line, _) in enumerate(_read_objects(source)) if row in requested_rows}
