"""Results as a workbook. Text is written as text, so a spreadsheet runs none of it. Decides nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from declarative import humanize
from declarative.errors import UsageError
from declarative.model.resource import Json
from declarative.report.result_columns import ResultColumns, json_text, with_outcome_words

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_MOST_ROWS = 1_048_575
"""Rows under the heading that a worksheet holds."""
_LONGEST_TEXT = 32_767
"""Characters that a cell holds."""
_EXACT = 10**15
"""Integers from here on would lose digits: a spreadsheet keeps 15."""
_OPTIONS = {"constant_memory": True}
"""A row is written and forgotten: a million of them would not fit into memory as cells."""


def encode_workbook(columns: ResultColumns) -> bytes:
    """Encode a workbook of one sheet. Raises UsageError for more rows than a sheet holds."""
    from xlsxwriter.workbook import Workbook

    if len(columns.plain) > _MOST_ROWS:
        count = humanize.plural(len(columns.plain), "row", "rows")
        raise UsageError(f"a worksheet holds {_MOST_ROWS:,} rows, and there are {count}", hint="use .csv or .parquet")
    buffer = io.BytesIO()
    with Workbook(buffer, _OPTIONS) as workbook:
        _SheetWriter(workbook, workbook.add_worksheet("results")).write(columns)
    return buffer.getvalue()


class _SheetWriter:
    """Writes one sheet from its first row to its last."""

    def __init__(self, workbook: Workbook, sheet: Worksheet) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._text = workbook.add_format({"quote_prefix": True})
        self._times: dict[str, Format] = {}

    def write(self, columns: ResultColumns) -> None:
        names = [*columns.plain.columns, *columns.extra]
        self._sheet.freeze_panes(1, 0)
        self._sheet.autofilter(0, 0, len(columns.plain), len(names) - 1)
        self._sheet.set_column(0, len(names) - 1, 18)
        heading = self._workbook.add_format({"bold": True})
        for column, name in enumerate(names):
            self._sheet.write_string(0, column, name[:_LONGEST_TEXT], heading)
        for row, cells in enumerate(_list_rows(columns), start=1):
            for column, cell in enumerate(cells):
                self._write_cell(row, column, cell)

    def _write_cell(self, row: int, column: int, cell: Json | datetime) -> None:
        if cell is None:
            return
        if isinstance(cell, datetime):
            local = humanize.localize(cell)
            self._sheet.write_datetime(row, column, local.replace(tzinfo=None), self._time_format(f"{local:%Z}"))
        elif isinstance(cell, bool):
            self._sheet.write_boolean(row, column, cell)
        elif isinstance(cell, int | float) and abs(cell) < _EXACT:
            self._sheet.write_number(row, column, cell)
        else:
            text = json_text(cell) or ""
            self._sheet.write_string(row, column, text[:_LONGEST_TEXT], self._text if text[:1] in "=+-@" else None)

    def _time_format(self, zone: str) -> Format:
        if zone not in self._times:
            self._times[zone] = self._workbook.add_format({"num_format": f'yyyy-mm-dd hh:mm:ss "{zone}"'})
        return self._times[zone]


def _list_rows(columns: ResultColumns) -> Iterator[tuple[Json | datetime, ...]]:
    extra = list(columns.extra.values())
    for index, plain in enumerate(with_outcome_words(columns.plain).iter_rows()):
        yield (*plain, *(column[index] for column in extra))
