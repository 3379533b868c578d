"""Reads CSV files of recipients. Cells are text and are never interpreted. What is not strictly CSV is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import polars as pl

from declarative.manifest.messages import quote
from declarative.manifest.recipients.countries import is_too_short
from declarative.manifest.recipients.csv_grammar import CsvFault, Row, cut_rows, is_strict, read_rows
from declarative.manifest.recipients.source import Place, Source, UnreadableFile
from declarative.manifest.recipients.text_file import read_text

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What may stand between cells."""
_PART = 16 << 20
"""Bytes that are read at a time: what is read is a few times larger than its text."""


@dataclass(frozen=True)
class CsvText:
    """A CSV file whose header is known."""

    source: Source
    """The entry that names the file."""
    data: bytes
    """All of the text, as UTF-8."""
    delimiter: bytes
    """What stands between cells."""
    header: Row
    """The row of column names."""


def open_csv(source: Source) -> CsvText:
    """Read the text and its header. Raises UnreadableFile."""
    data = read_text(source)
    if not data or data.isspace():
        raise UnreadableFile(source.file_problem("is empty", "a CSV file begins with a line of column names"))
    start, delimiter = _find_delimiter(source, data)
    try:
        rows = read_rows(data, delimiter)
        header = next(row for row in islice(rows, start, None) if not row.is_blank)
    except CsvFault as fault:
        raise _fault_error(source, data, fault) from None
    except StopIteration:
        raise UnreadableFile(source.file_problem("has no line of column names")) from None
    source.check_header(header.cells, line=header.line)
    return CsvText(source, data, delimiter, header)


def read_csv(text: CsvText, column_names: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the named columns as text, without blank rows, many rows at a time. Raises UnreadableFile."""
    parts = cut_rows(text.data, text.header.end, _PART)
    yield _read_part(text, next(parts, b""), column_names)
    for part in parts:
        yield _read_part(text, part, column_names)
    _check_last_number(text)


def _read_part(text: CsvText, part: bytes, column_names: Sequence[str]) -> pl.DataFrame:
    """Read whole rows of a file."""
    header, number_column = text.header.cells, text.source.number_column
    if not is_strict(part, text.delimiter, len(header)):
        raise _first_fault_error(text)
    # A header of numbers in place of the file's own, whose names may be empty.
    numbers = text.delimiter.join(b"%d" % place for place in range(len(header)))
    schema = {str(place): pl.String for place in range(len(header))}
    frame = pl.read_csv(numbers + b"\n" + part, schema=schema, separator=text.delimiter.decode(), infer_schema=False)
    if any(column.null_count() for column in frame):
        frame = frame.fill_null("")
    number_place = str(header.index(number_column)) if number_column else "0"
    if (frame.get_column(number_place) == "").any():
        frame = frame.filter(pl.any_horizontal(pl.all() != ""))
    return pl.DataFrame([frame.get_column(str(header.index(name))).alias(name) for name in column_names])


def csv_places(source: Source, rows: Sequence[int], column: str) -> dict[int, Place]:
    """The places of the cells of `column`. Rows count from 0, without the header and blank rows. Slow: only called when
    something is wrong with the rows."""
    text = open_csv(source)
    requested_rows, index = set(rows), text.header.cells.index(column)
    filled = (
        row for row in read_rows(text.data, text.delimiter) if row.starts[0] >= text.header.end and not row.is_blank
    )
    places: dict[int, Place] = {}
    for number, row in enumerate(filled):
        if number in requested_rows:
            start = row.starts[index]
            line_start = text.data.rfind(b"\n", 0, start) + 1
            line = row.line + text.data.count(b"\n", row.starts[0], start)
            places[number] = (line, len(text.data[line_start:start].decode()) + 1)
            if len(places) == len(requested_rows):
                break
    return places


def _find_delimiter(source: Source, data: bytes) -> tuple[int, bytes]:
    """How many lines stand before the header, and what stands between cells. Raises UnreadableFile."""
    text = data.lstrip(b"\r\n")
    end = text.find(b"\n")
    first = text[: end if end >= 0 else len(text)].rstrip(b"\r")
    blank_lines = data.count(b"\n", 0, len(data) - len(text))
    if first.lower().startswith(b"sep=") and len(first) == 5:
        return blank_lines + 1, source.delimiter.encode() or first[4:]
    if source.delimiter:
        return 0, source.delimiter.encode()
    line = b'""'.join(first.split(b'"')[::2])  # without what stands in quotes
    kinds = [sign for sign in DELIMITERS if sign.encode() in line]
    if len(kinds) > 1 and source.format == "csv":
        names = " and ".join(DELIMITERS[sign] for sign in kinds)
        message = f"the first line holds {names}"
        hint = f"write in the entry which it is, such as delimiter: {quote(kinds[0])}"
        raise UnreadableFile(source.file_problem(message, hint, line=1, column=1))
    default = "\t" if source.format == "tsv" else ","
    return 0, (kinds[0] if len(kinds) == 1 else default).encode()


def _first_fault_error(text: CsvText) -> UnreadableFile:
    """Why the text is not strict CSV, at the first row that shows it."""
    source, width = text.source, len(text.header.cells)
    try:
        for row in read_rows(text.data, text.delimiter):
            is_empty_line = text.data[row.starts[0] : row.starts[0] + 1] in (b"\n", b"\r")
            if row.starts[0] < text.header.end or is_empty_line or len(row.cells) == width:
                continue
            if row.end == len(text.data) and not text.data.endswith(b"\n") and len(row.cells) < width:
                hint = "copy the file again; if it is complete, write the missing cells, empty ones too"
                return UnreadableFile(source.file_problem("ends within its last row: it may be half written", hint))
            cells = "1 cell" if len(row.cells) == 1 else f"{len(row.cells)} cells"
            hint = (
                "write the missing cells, empty ones too"
                if len(row.cells) < width
                else "quote a cell that holds the delimiter"
            )
            message = f"{cells}, and the header has {width}"
            return UnreadableFile(source.file_problem(message, hint, line=row.line, column=1))
    except CsvFault as fault:
        return _fault_error(source, text.data, fault)
    raise AssertionError("the text is strict CSV")


def _fault_error(source: Source, data: bytes, fault: CsvFault) -> UnreadableFile:
    line_start = data.rfind(b"\n", 0, fault.start) + 1
    column = len(data[line_start : fault.start].decode()) + 1
    return UnreadableFile(source.file_problem(fault.message, fault.hint, line=fault.line, column=column))


def _check_last_number(text: CsvText) -> None:
    """Refuse a file that looks like a copy that was interrupted: it does not end with a line break, and its last cell
    is the beginning of a number. A shortened number may be the number of another person."""
    source = text.source
    last_line = text.data[text.data.rfind(b"\n") + 1 :].decode()
    if not last_line.strip() or '"' in last_line or text.header.cells[-1] != source.number_column:
        return
    if is_too_short(last_line.rpartition(text.delimiter.decode())[2].strip()):
        hint = "copy the file again; if it is complete, end it with a line break"
        raise UnreadableFile(source.file_problem("ends within its last row: it may be half written", hint))
