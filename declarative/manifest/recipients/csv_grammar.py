"""The strict grammar of CSV (RFC 4180, with any delimiter and LF or CRLF). Works on UTF-8 bytes without NUL.

`is_strict` decides quickly, by a few passes over the bytes. `read_rows` is the grammar itself, cell by cell: it gives
the places of cells, and says what is wrong with a text that is not strict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
_ALL_BYTES = bytes(range(256))


@dataclass(frozen=True)
class Row:
    """One row and where it is."""

    line: int
    """The line that it begins on, from 1."""
    starts: list[int]
    """The byte offset of each cell."""
    cells: list[str]
    """The text of each cell."""
    end: int
    """The byte offset behind the row and its line end."""

    @property
    def is_blank(self) -> bool:
        return not any(self.cells)


class CsvFault(Exception):
    """The text breaks the grammar. `start` is the byte offset of the fault, `line` its line from 1."""

    def __init__(self, line: int, start: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line, self.start, self.message, self.hint = line, start, message, hint


def cut_rows(data: bytes, start: int, size: int) -> Iterator[bytes]:
    """Yield the text from `start` on in parts of whole rows, of about so many bytes. The text is strict if each part
    is: a row ends where the line does, with an even number of quotes before it."""
    while start < len(data):
        end, counted, is_open = min(start + size, len(data)), start, False
        while end < len(data):
            end = data.find(b"\n", end) + 1 or len(data)
            is_open ^= data.count(b'"', counted, end) % 2 == 1
            counted = end
            if not is_open:
                break
        yield data[start:end]
        start = end


def is_strict(data: bytes, delimiter: bytes, width: int) -> bool:
    """Whether every row is written by the grammar and is blank or has `width` cells."""
    bare = data
    if b'"' in data:
        bare = _QUOTED.sub(b"\0", data)
        if b'"' in bare or not _are_whole_cells(bare, delimiter):
            return False
    if b"\r" in bare:
        if bare.count(b"\r") != bare.count(b"\r\n"):
            return False
        bare = bare.replace(b"\r\n", b"\n")
    if bare and not bare.endswith(b"\n"):
        bare += b"\n"
    others = _ALL_BYTES.translate(None, delete=delimiter + b"\n")
    structure = bare.translate(None, delete=others)
    if width == 1:
        return delimiter not in structure
    empty_rows = structure.replace(delimiter * (width - 1) + b"\n", b"")
    if delimiter in empty_rows:
        return False
    # A row without a delimiter has one cell: it is blank, or it lacks the others.
    return not empty_rows or len(empty_rows) == sum(not line for line in bare[:-1].split(b"\n"))


def _are_whole_cells(bare: bytes, delimiter: bytes) -> bool:
    """Whether each NUL, which stands for a text in quotes, is a whole cell."""
    count = bare.count(b"\0")
    before = bare.count(delimiter + b"\0") + bare.count(b"\n\0") + bare.startswith(b"\0")
    after = bare.count(b"\0" + delimiter) + bare.count(b"\0\n") + bare.count(b"\0\r") + bare.endswith(b"\0")
    return before == count == after


def read_rows(data: bytes, delimiter: bytes) -> Iterator[Row]:
    """Yield each row, blank ones too. Raises CsvFault at the first that breaks the grammar."""
    bare_cell = re.compile(rb'[^"\r\n' + re.escape(delimiter) + rb"]*+")
    position, line = 0, 1
    while position < len(data):
        row = Row(line, [], [], position)
        while True:
            row.starts.append(position)
            match = _QUOTED.match(data, position)
            if match:
                row.cells.append(match.group()[1:-1].replace(b'""', b'"').decode())
                line += match.group().count(b"\n")
            else:
                match = bare_cell.match(data, position)
                assert match  # it also matches nothing
                row.cells.append(match.group().decode())
            position = match.end()
            if data[position : position + 1] != delimiter:
                break
            position += 1
        end = _line_end(data, position, line, row.starts[-1])
        yield Row(row.line, row.starts, row.cells, end)
        position, line = end, line + 1


def _line_end(data: bytes, position: int, line: int, cell_start: int) -> int:
    """The offset behind the line end at `position`. Raises CsvFault when something else is there."""
    found = data[position : position + 2]
    if found in (b"", b"\r\n"):
        return position + len(found)
    if found[:1] == b"\n":
        return position + 1
    if found[:1] == b"\r":
        message = "CR CR LF" if found == b"\r\r" else "CR alone"
        raise CsvFault(line, position, f"lines end in {message}", "save the file with LF or CRLF line ends")
    if data[cell_start : cell_start + 1] != b'"':
        raise CsvFault(line, position, "a quote within a cell", "quote the cell and double the quote in it")
    if found[:1] == b'"' and position == cell_start:
        raise CsvFault(line, position, "quotes that do not match", "a quote opens here and is never closed")
    hint = "double each quote within a cell, and quote the whole of it"
    raise CsvFault(line, position, "text behind the quote that closes a cell", hint)
