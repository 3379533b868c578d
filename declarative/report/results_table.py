"""Results as a table that fits the terminal. What is the person's own stands first. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from declarative import humanize
from declarative.privacy import clean
from declarative.report.result_columns import ResultColumns, json_text, with_outcome_words

_ALWAYS = ("number", "standing", "outcome", "attempts")
"""Columns that are shown however narrow the terminal is."""
_MORE = ("called_at", "duration", "error", "address", "call_id", "within_hours", "called_at_local", "run", "commit")
"""Columns that follow as far as there is room, after the person's own and what the provider returned."""
_GAP = "  "
_LONGEST_CELL = 32
_COMMIT = 9
"""Characters of a commit in a cell."""


@dataclass(frozen=True)
class _Column:
    name: str
    """Its heading."""
    cells: Sequence[str]
    """A text for each row."""
    priority: int
    """Columns with the lowest numbers are shown first of all."""

    @property
    def width(self) -> int:
        return max(len(self.name), max(map(len, self.cells), default=0))


def format_table(columns: ResultColumns, width: int | None) -> str:
    """Format a table of at most `width` characters; None for as wide as it is. Columns that do not fit are counted
    below it."""
    all_columns = _list_columns(columns)
    shown = all_columns if width is None else _choose_columns(all_columns, width)
    lines = [_GAP.join(column.name.ljust(column.width) for column in shown)]
    lines += [_GAP.join(column.cells[row].ljust(column.width) for column in shown) for row in range(len(columns.plain))]
    hidden = [column.name for column in all_columns if column not in shown]
    lines += [f"Not shown, for want of room: {', '.join(hidden)}. A file has all: -o results.csv"] if hidden else []
    return "\n".join(line.rstrip() for line in lines)


def _list_columns(columns: ResultColumns) -> list[_Column]:
    """List the columns from left to right. A column without any value is left out, unless it is always shown."""
    plain = _plain_texts(pl.concat([columns.plain, columns.evidence], how="horizontal"))
    own = [_make_column(name, map(json_text, cells), 1) for name, cells in columns.own.items()]
    result = [_make_column(name, map(json_text, cells), 2) for name, cells in columns.result.items()]
    always = [_make_column(name, plain.get_column(name), 0) for name in _ALWAYS]
    more = [_make_column(name, plain.get_column(name), 3) for name in _MORE]
    if plain.get_column("address").n_unique() < 2:
        more = [column for column in more if column.name != "address"]
    return [*own, *always, *(column for column in (*more[:3], *result, *more[3:]) if any(column.cells))]


def _make_column(name: str, cells: Iterable[str | None], priority: int) -> _Column:
    return _Column(clean(name), list(map(_cell, cells)), priority)


def _plain_texts(plain: pl.DataFrame) -> pl.DataFrame:
    frame = with_outcome_words(plain)
    at_most = pl.format("at most {}", "attempts_at_most")
    seconds = plain.get_column("duration_seconds")
    durations = [None if length is None else humanize.elapsed(length) for length in seconds]
    return frame.select(
        *("address", "number", "standing", "outcome", "call_id", "error", "called_at_local", "run"),
        pl.col("commit").str.slice(0, _COMMIT),
        pl.when("within_hours")
        .then(pl.lit("yes"))
        .when(~pl.col("within_hours"))
        .then(pl.lit("NO"))
        .alias("within_hours"),
        pl.coalesce(pl.col("attempts").cast(pl.String), at_most).alias("attempts"),
        pl.col("called_at").dt.convert_time_zone(humanize.display_zone_name()).dt.strftime("%Y-%m-%d %H:%M %Z"),
        pl.Series("duration", durations, dtype=pl.String),
    )


def _choose_columns(all_columns: Sequence[_Column], width: int) -> list[_Column]:
    """Choose columns that fit, by priority and then from left to right, and keep their order."""
    chosen: set[int] = set()
    room = width + len(_GAP)
    for index in sorted(range(len(all_columns)), key=lambda index: (all_columns[index].priority, index)):
        needed = all_columns[index].width + len(_GAP)
        if all_columns[index].priority == 0 or needed <= room:
            chosen.add(index)
            room -= needed
    return [column for index, column in enumerate(all_columns) if index in chosen]


def _cell(text: str | None) -> str:
    shown = clean(text or "")
    return shown if len(shown) <= _LONGEST_CELL else f"{shown[: _LONGEST_CELL - 1]}…"
