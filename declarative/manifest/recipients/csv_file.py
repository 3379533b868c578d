"""Reads CSV files of recipients. Cells are text and are never interpreted."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from declarative.manifest import yaml_reader
from declarative.manifest.messages import quote
from declarative.manifest.recipients.countries import is_too_short
from declarative.manifest.recipients.source import Place, Source, UnreadableFile

if TYPE_CHECKING:
    from _csv import Reader

_GLANCE = 1 << 16
"""Bytes at the start and the end of a file that are looked at before it is parsed."""


def read_csv_header(source: Source) -> list[str]:
    """The names of all columns. Raises UnreadableFile."""
    with source.file.open("rb") as file:
        start = file.read(_GLANCE)
    if not start.strip():
        raise UnreadableFile(source.file_problem("is empty", "a CSV file begins with a line of column names"))
    if b"\r" in start and b"\n" not in start:
        raise UnreadableFile(source.file_problem("lines end in CR alone", "save the file with LF or CRLF line ends"))
    try:
        with source.file.open(encoding="utf-8-sig", newline="") as text:
            header = next((cells for cells in csv.reader(text) if cells), [])
    except UnicodeDecodeError:
        raise _encoding_error(source) from None
    except csv.Error:
        raise UnreadableFile(source.file_problem("the header cannot be read as CSV", line=1, column=1)) from None
    for index, name in enumerate(header):
        if name in header[:index]:
            message = f"the column {quote(name)} appears twice"
            raise UnreadableFile(source.file_problem(message, "give each column its own name", line=1, column=1))
    return header


def read_csv(source: Source, header: Sequence[str], column_names: Sequence[str]) -> pl.DataFrame:
    """Read the named columns as text, without blank rows. Raises UnreadableFile."""
    try:
        frame = pl.read_csv(source.file, infer_schema=False, glob=False).fill_null("")
    except (pl.exceptions.PolarsError, OSError):
        raise _csv_error(source, len(header)) from None
    if frame.columns != list(header):
        raise _csv_error(source, len(header))
    if frame.is_empty():
        hint = "if that is intended, remove the file's entry"
        raise UnreadableFile(source.file_problem("has a header and no rows", hint))
    if _is_cut_off(source, header):
        hint = "copy the file again; if it is complete, end it with a line break"
        raise UnreadableFile(source.file_problem("ends within its last row: it may be half written", hint))
    if (frame.get_column(source.number_column) == "").any():
        frame = frame.filter(pl.any_horizontal(pl.all() != ""))
    return frame.select(column_names).with_columns(pl.col(source.number_column).str.strip_chars())


def csv_places(path: Path, rows: Sequence[int], column: str) -> dict[int, Place]:
    """The places of the cells of `column`. Rows count from 0, without the header and blank rows. Slow: only called when
    something is wrong with the rows."""
    requested_rows = set(rows)
    places: dict[int, Place] = {}
    row = -1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file, suppress(csv.Error):
        reader = csv.reader(file)
        index = next(reader).index(column)
        for line, cells in _rows_with_lines(reader):
            row += any(cells)
            if any(cells) and row in requested_rows:
                places[row] = (line, _cell_column(cells, index))
                if len(places) == len(requested_rows):
                    break
    return places


def _rows_with_lines(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins on."""
    before = reader.line_num
    for cells in reader:
        yield before + 1, cells
        before = reader.line_num


def _cell_column(cells: Sequence[str], index: int) -> int:
    """The column where a cell begins. Exact unless a cell before it is quoted."""
    return sum(len(cell) + 1 for cell in cells[:index]) + 1


def _is_cut_off(source: Source, header: Sequence[str]) -> bool:
    """Whether the file looks like a copy that was interrupted.

    Such a copy does not end with a line break, and its last row lacks cells or the end of a number. A shortened number
    may be the number of another person.
    """
    with source.file.open("rb") as file:
        file.seek(-min(source.file.stat().st_size, _GLANCE), os.SEEK_END)
        end = file.read()
    last = end.rpartition(b"\n")[2].decode("utf-8-sig", errors="replace")
    # A line break within quotes does not end a row. A quote that stays open is reported elsewhere.
    if not last.strip() or '"' in last:
        return False
    cells = last.split(",")
    ends_with_number = header[-1] == source.number_column and len(cells) == len(header)
    return len(cells) < len(header) or (ends_with_number and is_too_short(cells[-1].strip()))


def _csv_error(source: Source, width: int) -> UnreadableFile:
    """Why the file cannot be read. The message of polars is not used: it quotes data, which may be a phone number."""
    try:
        yaml_reader.decode_text(source.file.read_bytes())
    except UnicodeDecodeError:
        return _encoding_error(source)
    line, message = _first_fault(source.file, width)
    return UnreadableFile(source.file_problem(message, line=line, column=min(line, 1)))


def _first_fault(path: Path, width: int) -> tuple[int, str]:
    """The line of the first row that a strict reader refuses, and why. Line 0 when no such row is found."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for line, cells in _rows_with_lines(reader):
                if len(cells) > width:
                    return line, f"{len(cells)} cells, and the header has {width}"
                if sum(cell.count('"') for cell in cells) % 2:
                    return line, "a quote within a cell; quote the cell and double the quote in it"
        except csv.Error:
            return reader.line_num, "quotes that do not match"
    return 0, "cannot be read as CSV"


def _encoding_error(source: Source) -> UnreadableFile:
    data = source.file.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return UnreadableFile(yaml_reader.encoding_problem(source.display_path, data, error))
    return UnreadableFile(source.file_problem("not UTF-8", "save the file as UTF-8"))
