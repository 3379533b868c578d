"""Results with one row for each person: as a table, CSV, JSON lines, JSON, a workbook or Parquet. Callers choose
whether numbers are masked."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from declarative import humanize
from declarative.errors import UsageError
from declarative.privacy import mask, mask_all, mask_written
from declarative.report.outcome_words import OUTCOME_WORDS, outcome_word
from declarative.report.result_columns import ResultColumns, split_columns, with_outcome_words
from declarative.report.results_table import format_table
from declarative.report.results_xlsx import encode_workbook

LAYOUTS = ("table", "csv", "jsonl", "json", "xlsx", "parquet")
"""In table, csv and xlsx outcomes have our words, in the others those of the provider."""
BINARY_LAYOUTS = ("xlsx", "parquet")
"""Layouts that only a file can hold."""
_ENDINGS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
_JSON_COLUMNS = ("data", "note")
"""Columns whose texts are JSON."""
_FORMULA = r"^\s*[=+\-@\t\r＝＋－＠]"
"""How a cell begins that a spreadsheet runs as a formula."""
_INNER_FORMULA = r"([;\t\r\n]\s*)([=@＝＠]|[+\-＋－][^;\t\r\n]*(?:[|!]|[A-Za-z.]\())"
"""Where a spreadsheet that takes another separator than ours would find a formula within a cell."""
_PLAIN_NUMBER = r"^[+-][\d•][\d•().,   -]*$"
"""A cell that begins like a formula and is a number: a phone number, masked or not, or an amount."""


def mask_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Mask the `number` column, as in +1415•••0101, and phone numbers in people's own data and in messages."""
    masks = {"number": mask, "error": _mask_text, **dict.fromkeys(_JSON_COLUMNS, _mask_json)}
    return frame.with_columns(_map_text(frame, name, masks[name]) for name in frame.columns if name in masks)


def _map_text(frame: pl.DataFrame, name: str, change: Callable[[str], str]) -> pl.Series:
    values = frame.get_column(name).to_list()
    return pl.Series(name, [None if value is None else change(value) for value in values], dtype=pl.String)


def _mask_json(text: str) -> str:
    return orjson.dumps(_mask_value(orjson.loads(text))).decode()


def _mask_value(value: Any) -> Any:
    """Mask every phone number in a JSON value. A number that is masked becomes text."""
    if isinstance(value, dict):
        return {_mask_text(key): _mask_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask_value(item) for item in value]
    is_share = isinstance(value, float) and abs(value) < 1  # its digits are no phone number
    if isinstance(value, str | int | float) and not isinstance(value, bool) and not is_share:
        masked = _mask_text(str(value))
        return value if masked == str(value) else masked
    return value


def _mask_text(text: str) -> str:
    """Mask what looks like a phone number, however it is written. Rather too much: this is somebody's own data."""
    return mask_all(mask_written(text))


def keep_outcomes(frame: pl.DataFrame, outcomes: Collection[str]) -> pl.DataFrame:
    """Keep people with one of these outcomes, in our words or the provider's. Raises UsageError for a word that is
    neither known nor in the frame."""
    found = {outcome: outcome_word(outcome) for outcome in frame.get_column("outcome").drop_nulls().unique()}
    words = {**OUTCOME_WORDS, **found}
    for outcome in outcomes:
        if outcome not in words and outcome not in words.values():
            known = ", ".join(sorted({*words.values()}))
            raise UsageError(f'no call ends as "{outcome}"', hint=f"known: {known}; or the provider's own word")
    return frame.filter(pl.col("outcome").is_in([word for word in words if {word, words[word]} & {*outcomes}]))


def layout_for(path: Path) -> str:
    """Choose the layout by the ending of a file's name. Raises UsageError for an ending that none has."""
    layout = _ENDINGS.get(path.suffix.lower())
    if layout is None:
        endings = ", ".join(_ENDINGS)
        raise UsageError(f'the ending of "{path}" is no format of results', hint=f"known: {endings}; or name --format")
    return layout


def render_results(frame: pl.DataFrame, layout: str, *, width: int | None = None) -> str:
    """Render rows as text in one of LAYOUTS that is not binary. `width` is that of the terminal; None without one."""
    columns = split_columns(frame)
    if layout == "table":
        return format_table(columns, width)
    text = _encode(columns, layout).decode().rstrip("\n")
    return text if layout == "csv" else text.replace("##[", r"##\u005b")  # as json_output.encode does


def write_results(frame: pl.DataFrame, layout: str, path: Path, *, width: int | None = None) -> None:
    """Write the rows, numbers in full, to a file of mode 0600. Raises OSError with the file's name, and UsageError for
    a link: a commit could lead people elsewhere by it."""
    if path.is_symlink() and path.parent != Path("/dev"):  # /dev/stdout
        hint = "name the file itself"
        raise UsageError(f"{path} is a symbolic link, and people are not written through one", hint=hint)
    columns = split_columns(frame)
    content = f"{format_table(columns, width)}\n".encode() if layout == "table" else _encode(columns, layout)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _encode(columns: ResultColumns, layout: str) -> bytes:
    match layout:
        case "csv":
            return _encode_csv(columns)
        case "xlsx":
            return encode_workbook(columns)
        case "parquet":
            buffer = io.BytesIO()
            columns.as_text().write_parquet(buffer)
            return buffer.getvalue()
        case "json":
            return orjson.dumps(list(columns.rows()), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"
        case _:
            return b"".join(orjson.dumps(row, option=orjson.OPT_UTC_Z) + b"\n" for row in columns.rows())


def _encode_csv(columns: ResultColumns) -> bytes:
    local_time = pl.col("called_at").dt.convert_time_zone(humanize.display_zone_name())
    frame = with_outcome_words(columns.as_text()).with_columns(local_time.dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))
    names = pl.DataFrame([frame.columns], schema=[f"name_{index}" for index in range(frame.width)], orient="row")
    header, rows = names.select(_guard_formulas(pl.all())), frame.with_columns(_guard_formulas(pl.selectors.string()))
    return b"".join(part.write_csv(include_header=False).encode() for part in (header, rows))


def _guard_formulas(texts: pl.Expr) -> pl.Expr:
    """Put an apostrophe before text that a spreadsheet would run. Numbers stay as they are."""
    is_formula = texts.str.contains(_FORMULA) & ~texts.str.contains(_PLAIN_NUMBER)
    guarded = texts.str.replace_all(_INNER_FORMULA, "$1'$2")
    return pl.when(is_formula).then(guarded.str.replace("^", "'")).otherwise(guarded)
