"""Where in a recipients file a row stands. Slow, and only asked when something is wrong with the row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

Place = tuple[int, int]
"""Line and column, from 1; zeros where a file has no lines."""


def csv_rows(path: Path, rows: Sequence[int], column: str) -> dict[int, Place]:
    """The places of the cells of `column` in data rows, counted from 0 without blank ones."""
    wanted = set(rows)
    places: dict[int, Place] = {}
    row = -1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file, suppress(csv.Error):
        reader = csv.reader(file)
        index = next(reader).index(column)
        for line, cells in _numbered(reader):
            row += any(cells)
            if any(cells) and row in wanted:
                places[row] = (line, _column(cells, index))
                if len(places) == len(wanted):
                    break
    return places


def jsonl_rows(path: Path, rows: Sequence[int]) -> dict[int, Place]:
    """The places of rows, counted from 0 without blank lines."""
    wanted = set(rows)
    with path.open("rb") as file:
        filled = (number for number, line in enumerate(file, 1) if line.strip())
        return {row: (line, 1) for row, line in enumerate(filled) if row in wanted}


def csv_fault(path: Path, width: int) -> tuple[int, str]:
    """The first row that no strict reader accepts, and why; line 0 when none is found."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for line, cells in _numbered(reader):
                if len(cells) > width:
                    return line, f"{len(cells)} cells, and the header has {width}"
                if sum(cell.count('"') for cell in cells) % 2:
                    return line, "a quote within a cell; quote the cell and double the quote in it"
        except csv.Error:
            return reader.line_num, "quotes that do not match"
    return 0, "cannot be read as CSV"


def _numbered(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins on."""
    before = reader.line_num
    for cells in reader:
        yield before + 1, cells
        before = reader.line_num


def _column(cells: Sequence[str], index: int) -> int:
    """Exact where no cell before needed quotes."""
    return sum(len(cell) + 1 for cell in cells[:index]) + 1
