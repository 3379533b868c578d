"""Results with one row for each person, as a table, CSV or JSON lines. Callers choose whether numbers are masked."""

from __future__ import annotations

import io
import os
from pathlib import Path

import orjson
import polars as pl

from declarative.privacy import clean, mask

_TABLE_COLUMNS = ("number", "standing", "outcome", "attempts", "call_id", "address")


def mask_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Mask the `number` column, as in +1415•••0101."""
    numbers = [mask(number) for number in frame.get_column("number").to_list()]
    return frame.with_columns(pl.Series("number", numbers, dtype=pl.String))


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
    frame.write_csv(buffer)
    return buffer.getvalue().decode().rstrip("\n")


def _format_jsonl(frame: pl.DataFrame) -> str:
    return "\n".join(orjson.dumps(_json_row(row)).decode() for row in frame.iter_rows(named=True))


def _json_row(row: dict[str, object]) -> dict[str, object]:
    """Decode `data` and `note`: they are JSON texts in the frame, and values in a JSON line."""
    return {
        name: orjson.loads(value) if name in ("data", "note") and isinstance(value, str) else value
        for name, value in row.items()
    }
