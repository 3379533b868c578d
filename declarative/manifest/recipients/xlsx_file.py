"""Reads workbooks (.xlsx) of recipients. Cells are text, as a spreadsheet exports them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from declarative.manifest.messages import quote, suggest
from declarative.manifest.recipients.isolated import ERROR_MARK, NO_SHEET, TOO_LARGE, ChildFailed, read_columns
from declarative.manifest.recipients.source import Place, Source, Table, UnreadableFile
from declarative.manifest.recipients.text_file import refuse_pointer


def open_xlsx(source: Source) -> Table:
    """The columns of the sheet; its first row that is not empty is the header. Raises UnreadableFile."""
    frame = _read_sheet(source)
    if frame.is_empty():
        raise UnreadableFile(source.file_problem("the sheet is empty", "it begins with a row of column names"))
    cells = frame.drop("line")
    header = [str(name) for name in cells.row(0)]
    source.check_header(header, line=frame.item(0, "line"))

    def read(names: Sequence[str]) -> list[pl.DataFrame]:
        rows = frame.slice(1)
        columns = [cells.columns[header.index(name)] for name in names]
        _refuse_errors(source, rows, columns)
        return [rows.select(pl.col(column).alias(name) for column, name in zip(columns, names, strict=True))]

    return Table(header, read, lambda: cells.height - 1)


def _refuse_errors(source: Source, rows: pl.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        faulty = rows.filter(pl.col(column).str.starts_with(ERROR_MARK))
        if not faulty.is_empty():
            message = f"{quote(faulty.item(0, column))}, an error of the spreadsheet"
            hint = "correct the formula, or clear the cell"
            raise UnreadableFile(
                source.file_problem(message, hint, line=faulty.item(0, "line"), column=int(column) + 1)
            )


def xlsx_places(source: Source, rows: Sequence[int], column: str) -> dict[int, Place]:
    """The places of the cells of `column`: row and column of the sheet, from 1."""
    frame = _read_sheet(source)
    cells = frame.drop("line")
    name = cells.columns[list(cells.row(0)).index(column)]
    return {row: (int(frame.item(row + 1, "line")), int(name) + 1) for row in rows}


def _read_sheet(source: Source) -> pl.DataFrame:
    """Every row that is not empty, with its `line`."""
    with source.file.open("rb") as file:
        refuse_pointer(source, file.read(1024))
    try:
        with read_columns("xlsx", source.file, *filter(None, [source.sheet])) as path:
            return pl.read_ipc(path)
    except ChildFailed as failed:
        if failed.code == NO_SHEET:
            hint = suggest(source.sheet, failed.detail.split(", "))
            message = f"{source.display_path} has no sheet {quote(source.sheet)}"
            raise UnreadableFile(source.manifest_problem("sheet", message, hint)) from None
        if failed.code == TOO_LARGE or failed.code < 0:
            hint = "save the rows as a new workbook, or as CSV"
            raise UnreadableFile(source.file_problem("unfolds to more cells than can be read", hint)) from None
        raise UnreadableFile(source.file_problem("cannot be read as a workbook (.xlsx)")) from None
