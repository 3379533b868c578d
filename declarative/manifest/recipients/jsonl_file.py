"""JSON lines as columns. Row by row, since a value must not change its type with what others write in the
same column; in chunks, so that no million dicts are alive at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import polars as pl

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest.recipients.csv_file import Place
from declarative.manifest.recipients.fields import faults
from declarative.manifest.recipients.inline import MOST_DESCRIBED
from declarative.manifest.recipients.source import Source
from declarative.model.digest import canonical
from declarative.model.resource import Json

if TYPE_CHECKING:
    pass

_CHUNK = 50_000
_UNUSUAL = re.compile(rb'[0-9]{19}|"[ \t\r]+:')


def people(source: Source, problems: list[Problem]) -> pl.DataFrame:
    """Columns `number` and `payload`, a row each line that is not blank. `number` is empty where the line has
    none, and null where more than that is wrong with the line, which then is told already."""
    reader = _Reader(source)
    frame = pl.concat(reader.frames(), rechunk=True)
    problems.extend(reader.found())
    return frame


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen: set[str] = set()
        self._named = {name: frozenset(columns) for name, columns in source.columns.items()}
        self._used = frozenset((source.number,)).union(*self._named.values())
        self._wrong: list[Problem] = []
        self._wrong_rows = 0

    def frames(self) -> Iterator[pl.DataFrame]:
        numbers: list[str | None] = []
        payloads: list[str] = []
        with self._source.file.open("rb") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    number, payload = self._row(line, text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text)
                    numbers.append(number)
                    payloads.append(payload)
                if len(numbers) == _CHUNK:
                    yield _frame(numbers, payloads)
                    numbers, payloads = [], []
        yield _frame(numbers, payloads)

    def found(self) -> Iterator[Problem]:
        """What is wrong with rows, and the columns that no row has."""
        yield from self._wrong
        if self._wrong_rows > MOST_DESCRIBED:
            yield self._source.more(self._wrong_rows - MOST_DESCRIBED, "faulty line")
        for step, column in self._columns():
            if self._seen and column not in self._seen:
                message = f"no line of {self._source.shown} has {wording.quoted(column)}"
                yield self._source.named(step, message, wording.did_you_mean(column, self._seen))

    def _columns(self) -> Iterator[tuple[str, str]]:
        yield "to_number", self._source.number
        for field, columns in self._named.items():
            yield from ((field, column) for column in sorted(columns))

    def _row(self, line: int, text: bytes) -> tuple[str | None, str]:
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._add(line, error.colno, "", "not JSON")
            return None, "{}"
        if not isinstance(row, dict):
            self._add(line, 1, "", f"found {wording.found_number(row)}, expected an object")
            return None, "{}"
        if text.count(b'":') != len(row) or _UNUSUAL.search(text):  # else each name stands there once
            for fault in _unsaid(text):
                self._add(line, 1, "", fault)
        self._seen.update(row)
        try:
            return self._number(line, row), canonical(self._data(line, row)).decode()
        except orjson.JSONEncodeError:  # deeper is read than can be written
            self._add(line, 1, "", "nested too deeply")
            return None, "{}"

    def _number(self, line: int, row: dict[str, Json]) -> str | None:
        number = row.get(self._source.number, "")
        if isinstance(number, str):
            return number.strip()
        message = f"found {wording.found_number(number)}, expected text in quotes"
        self._add(line, 1, self._source.number, message)
        return None

    def _data(self, line: int, row: dict[str, Json]) -> dict[str, dict[str, Json]]:
        data: dict[str, dict[str, Json]] = {
            field: {name: value for name, value in row.items() if name in columns and value is not None}
            for field, columns in self._named.items()
        }
        if self._source.rest:
            rest = {name: value for name, value in row.items() if name not in self._used}
            data[self._source.rest] = {name: value for name, value in rest.items() if value is not None}
        for field, values in data.items():
            for name, fault in faults(field, values, self._source.personal):
                self._add(line, 1, name or field, fault)
        return {field: values for field, values in data.items() if values}

    def _add(self, line: int, column: int, path: str, message: str) -> None:
        self._wrong_rows += 1
        if self._wrong_rows <= MOST_DESCRIBED:
            self._wrong.append(self._source.here(message, line=line, column=column, path=path))


def _frame(numbers: Sequence[str | None], payloads: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({"number": numbers, "payload": payloads}, schema={"number": pl.String, "payload": pl.String})


def _unsaid(text: bytes) -> list[str]:
    """What the quick reader keeps silent about: of a name given twice it takes the last value, and a whole number of
    more than 64 bits it rounds."""
    found: list[str] = []

    def named(pairs: list[tuple[str, Json]]) -> None:
        if len(dict(pairs)) < len(pairs):
            names = Counter(name for name, _ in pairs)
            found.extend(f"{wording.quoted(name)} is given twice" for name, times in names.items() if times > 1)

    def whole(digits: str) -> None:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            found.append(f"the number {wording.quoted(digits)} is too large; in quotes it is text")

    json.loads(text, object_pairs_hook=named, parse_int=whole)
    return found


def jsonl_rows(path: Path, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows, counted from 0 without blank lines."""
    wanted = set(rows)
    with path.open("rb") as file:
        filled = (number for number, line in enumerate(file, 1) if line.strip())
        return {row: (line, 1) for row, line in enumerate(filled) if row in wanted}
