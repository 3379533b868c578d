"""Reads files in formats whose libraries can fail badly on hostile bytes: they panic, abort, or take all memory. The
reading is done by a child process with bounds, which writes columns for the parent. This module is also what the child
runs; it takes no code from the directory that it is started in."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

_MOST_MEMORY = 3 << 30
"""Bytes of address space of the child. Much of it is reserved and never used."""
_MOST_OUTPUT = 1 << 30
"""Bytes of the columns that the child writes."""
_MOST_SECONDS = 60
"""Processor seconds of the child."""
_MOST_ROWS = 20_000_000
_MOST_EQUAL_ROWS = 1_000_000
"""Rows of a file that has fewer bytes than rows."""
_MOST_UNPACKED = 512 << 20
_MOST_TIMES = 100
"""How many times its size a file may unfold to, beyond 64 MiB."""
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c(\s[^>]*\bt=["']e["'][^>]*)>.*?<(?:\w+:)?v>([^<]*)<""", re.DOTALL)
_PLACE = re.compile(rb"""\br=["']([A-Z]+)([0-9]+)["']""")
ERROR_MARK = "\0"
"""Begins the text of a cell of a workbook that holds an error, such as #N/A. No other text has this character."""
TOO_LARGE, UNREADABLE, NO_SHEET, BAD_VALUES = 3, 4, 5, 6
"""Exit codes of the child."""


class ChildFailed(Exception):
    """The file could not be read. `code` is the exit code of the child, negative for a signal."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"exit {code}")
        self.code, self.detail = code, detail


@contextmanager
def read_columns(kind: str, file: Path, *arguments: str) -> Iterator[Path]:
    """Give the path of an Arrow IPC file with all columns of `file`, for as long as the context lasts. `kind` is
    parquet or xlsx. Raises ChildFailed."""
    with TemporaryDirectory(prefix="dialctl-") as directory:
        output = Path(directory) / "columns.arrow"
        # -P: a file named like a library, in the directory of the manifests, must not be run.
        command = [sys.executable, "-P", "-m", __spec__.name, kind, str(file.resolve()), str(output), *arguments]
        environment = {**os.environ, "POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"}
        child = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if child.returncode or not output.exists():
            raise ChildFailed(child.returncode, child.stdout.decode(errors="replace").strip())
        yield output


def _bound_process() -> None:
    for limit, most in ((resource.RLIMIT_AS, _MOST_MEMORY), (resource.RLIMIT_FSIZE, _MOST_OUTPUT)):
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write_parquet_columns(file: str, output: str) -> int:
    import polars as pl

    size = Path(file).stat().st_size
    frame = pl.scan_parquet(file, glob=False, hive_partitioning=False)
    # Numbers that differ take more than a byte each, whatever packs them.
    if frame.select(pl.len()).collect().item() > min(_MOST_ROWS, max(_MOST_EQUAL_ROWS, size)):
        return TOO_LARGE
    table = frame.collect()
    if max(table.estimated_size(), _text_size(table)) > _most_unfolded(size, _MOST_OUTPUT):
        return TOO_LARGE
    for column in table:
        if column.dtype.is_temporal() or column.dtype.is_nested():
            try:
                column.to_list()
            except BaseException:  # a panic: a date beyond those of Python
                print(column.name)
                return BAD_VALUES
    table.write_ipc(output)
    return 0


def _most_unfolded(size: int, most: int) -> int:
    """Bytes that a file of this size may unfold to."""
    return min(most, max(64 << 20, size * _MOST_TIMES))


def _text_size(table: object) -> int:
    """Bytes of all texts. Equal texts share their memory, so that a small file can hold gigabytes of them."""
    import polars as pl

    assert isinstance(table, pl.DataFrame)
    return sum(int(column.str.len_bytes().sum()) for column in table if column.dtype == pl.String)


def _write_sheet_columns(file: str, output: str, sheet: str = "") -> int:
    import polars as pl
    from python_calamine import CalamineWorkbook

    with ZipFile(file) as archive:
        unfolded = sum(entry.file_size for entry in archive.infolist())
        if unfolded > _most_unfolded(Path(file).stat().st_size, _MOST_UNPACKED):
            return TOO_LARGE
        workbook = CalamineWorkbook.from_path(file)
        if sheet and sheet not in workbook.sheet_names:
            print(", ".join(workbook.sheet_names))
            return NO_SHEET
        source = workbook.get_sheet_by_name(sheet or workbook.sheet_names[0])
        errors = _find_errors(archive, source.name)
    first_column = source.start[1] if source.start else 0
    rows = {line: [_cell_text(cell) for cell in row] for line, row in enumerate(source.iter_rows(), 1)}
    for line, column, text in errors:
        rows[line][column - first_column] = text
    filled = [(line, cells) for line, cells in rows.items() if any(cells)]
    width = max((len(cells) for _, cells in filled), default=0)
    columns = {"line": pl.Series([line for line, _ in filled], dtype=pl.UInt32)}
    for index in range(width):
        columns[str(first_column + index)] = pl.Series([cells[index] for _, cells in filled], dtype=pl.String)
    pl.DataFrame(columns).write_ipc(output)
    return 0


def _find_errors(archive: ZipFile, sheet: str) -> list[tuple[int, int, str]]:
    """Line (from 1), column (from 0) and ERROR_MARK with the text of each cell that holds an error, which the library
    gives as an empty text."""
    from xml.etree import ElementTree

    sheets = ElementTree.fromstring(archive.read("xl/workbook.xml")).iterfind("{*}sheets/{*}sheet")
    [relation] = [
        value for entry in sheets if entry.get("name") == sheet for name, value in entry.items() if name.endswith("}id")
    ]
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    [target] = [entry.get("Target", "") for entry in relations if entry.get("Id") == relation]
    data = archive.read(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
    errors = []
    for match in _ERROR_CELL.finditer(data):
        place = _PLACE.search(match[1])
        assert place
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - ord("A") + 1
        errors.append((int(place[2]), column - 1, ERROR_MARK + match[2].decode()))
    return errors


def _cell_text(cell: object) -> str:
    """A cell as a spreadsheet exports it as text: whole numbers without a point, dates as ISO 8601 writes them."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _main(kind: str, *arguments: str) -> int:
    _bound_process()
    try:
        return {"parquet": _write_parquet_columns, "xlsx": _write_sheet_columns}[kind](*arguments)
    except MemoryError:
        return TOO_LARGE
    except BaseException:  # a panic of a library written in Rust is no Exception
        return UNREADABLE


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
