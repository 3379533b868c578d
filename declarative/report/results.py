"""Results with one row for each person, as a table, CSV or JSON lines. Callers choose whether numbers are masked."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from declarative.privacy import clean, mask, mask_all

_TABLE_COLUMNS = ("number", "standing", "outcome", "attempts", "call_id", "address")
_JSON_COLUMNS = ("data", "note")
"""Columns whose texts are JSON."""
_FORMULA = r"^\s*[=+\-@\t\r＝＋－＠]"
"""How a cell begins that a spreadsheet runs as a formula."""
_PLAIN_NUMBER = r"^[+-][\d•][\d•().,   -]*$"
"""A cell that begins like a formula and is a number: a phone number, masked or not, or an amount."""


def mask_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Mask the `number` column, as in +1415•••0101, and phone numbers in people's own data and in messages."""
    masks = {"number": mask, "error": mask_all, **dict.fromkeys(_JSON_COLUMNS, _mask_json)}
    return frame.with_columns(_map_text(frame, name, masks[name]) for name in frame.columns if name in masks)


def _map_text(frame: pl.DataFrame, name: str, change: Callable[[str], str]) -> pl.Series:
    values = frame.get_column(name).to_list()
    return pl.Series(name, [None if value is None else change(value) for value in values], dtype=pl.String)


def _mask_json(text: str) -> str:
    return orjson.dumps(_mask_value(orjson.loads(text))).decode()


def _mask_value(value: Any) -> Any:
    """Mask every phone number in a JSON value. A number that is masked becomes text."""
    if isinstance(value, dict):
        return {mask_all(key): _mask_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask_value(item) for item in value]
    if isinstance(value, str | int) and not isinstance(value, bool):
        masked = mask_all(str(value))
        return value if masked == str(value) else masked
    return value


def render_results(frame: pl.DataFrame, layout: str) -> str:
    """Render rows as they are. `layout` is table, csv or jsonl."""
    if layout == "table":
        return _format_table(frame)
    return _format_jsonl(frame) if layout == "jsonl" else _format_csv(frame)


def layout_for(path: Path) -> str:
    """Choose the layout by the ending of a file's name: jsonl, else csv."""
    return "jsonl" if path.suffix.lower() in (".jsonl", ".ndjson") else "csv"


def write_results(frame: pl.DataFrame, layout: str, path: Path) -> None:
    """Write the rows, numbers in full, to a file of mode 0600. Raises OSError with the file's name."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(render_results(frame, layout) + "\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _format_table(frame: pl.DataFrame) -> str:
    attempts_limit = pl.format("at most {}", "attempts_at_most")
    frame = frame.with_columns(pl.coalesce(pl.col("attempts").cast(pl.String), attempts_limit).alias("attempts"))
    rows = [_TABLE_COLUMNS, *frame.select(_TABLE_COLUMNS).iter_rows()]
    texts = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(_TABLE_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts
    )


def _format_csv(frame: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    frame.with_columns(_guard_formulas(pl.selectors.string())).write_csv(buffer)
    return buffer.getvalue().decode().rstrip("\n")


def _guard_formulas(texts: pl.Expr) -> pl.Expr:
    """Put an apostrophe before text that a spreadsheet would run. Numbers stay as they are."""
    is_formula = texts.str.contains(_FORMULA) & ~texts.str.contains(_PLAIN_NUMBER)
    return pl.when(is_formula).then(texts.str.replace("^", "'")).otherwise(texts)


def _format_jsonl(frame: pl.DataFrame) -> str:
    lines = (orjson.dumps(_json_row(row)).decode() for row in frame.iter_rows(named=True))
    return "\n".join(line.replace("##[", r"##\u005b") for line in lines)  # as json_output.encode does


def _json_row(row: dict[str, object]) -> dict[str, object]:
    """Decode `data` and `note`: they are JSON texts in the frame, and values in a JSON line."""
    return {
        name: orjson.loads(value) if name in _JSON_COLUMNS and isinstance(value, str) else value
        for name, value in row.items()
    }
