"""The display of `apply --wait`: a live table at a terminal, a line now and then elsewhere. Writes to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from declarative import humanize
from declarative.app.watch import RemoteProgress
from declarative.report.progress import choose_spinner

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_BAR_WIDTH = 20
_LINES_AROUND_ROWS = 6
"""Lines of the screen that rows of the table leave free: its heading, its last rows, the bar and the prompt."""
_COLUMNS = ("reached", "not_reached", "in_flight", "waiting")
_RARE_COLUMNS = ("turned_away", "outcome_unknown")
"""Columns that are shown where they hold somebody."""
LINE_INTERVAL = 15.0
"""Seconds between lines where stderr is not a terminal."""


@contextmanager
def show_live(*, quiet: bool) -> Iterator[Callable[[Sequence[RemoteProgress]], None]]:
    """Yield a function that shows the progress of all remote batches and calls. Call it after every poll."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        display = _Display(console.width, console.height)
        with Live(console=console) as live:
            yield lambda all_progress: live.update(display.render(all_progress))
    else:
        yield _LinePrinter().show


class _Display:
    """The table with a bar below. Something in it moves as long as calls go on, so that nobody takes it for stuck."""

    def __init__(self, width: int, height: int) -> None:
        # The terminal echoes Ctrl-C as ^C at the end of the table. Without room for it the table would wrap.
        self._width = width - len("^C")
        self._most_rows = max(height - _LINES_AROUND_ROWS, 1)
        self._timeline = Timeline()

    def render(self, all_progress: Sequence[RemoteProgress]) -> RenderableType:
        from rich.console import Group
        from rich.constrain import Constrain
        from rich.spinner import Spinner
        from rich.text import Text

        timeline = Text(self._timeline.describe(all_progress))
        is_over = all(progress.over for progress in all_progress)
        table = build_table(all_progress, most_rows=self._most_rows)
        return Constrain(Group(table, timeline if is_over else Spinner(choose_spinner(), timeline)), self._width)


class _LinePrinter:
    """Prints totals every LINE_INTERVAL seconds, and once more when everything is over."""

    def __init__(self) -> None:
        self._last_time = float("-inf")
        self._timeline = Timeline()

    def show(self, all_progress: Sequence[RemoteProgress]) -> None:
        done = all(progress.over for progress in all_progress)
        if not done and time.monotonic() - self._last_time < LINE_INTERVAL:
            return
        self._last_time = time.monotonic()
        totals = _add_up(all_progress, _list_columns(all_progress))
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items())
        timeline = "" if done else f" ({self._timeline.describe(all_progress)})"
        click.echo(f"{counts}{timeline}", err=True)


def _list_columns(all_progress: Sequence[RemoteProgress]) -> list[str]:
    return [*_COLUMNS, *(name for name, count in _add_up(all_progress, _RARE_COLUMNS).items() if count)]


def _add_up(all_progress: Sequence[RemoteProgress], names: Sequence[str]) -> dict[str, int]:
    return {name: sum(getattr(progress, name) for progress in all_progress) for name in names}


class Timeline:
    """Says how far all calls have come, why nothing happens yet, and when the end is to be expected."""

    def __init__(self) -> None:
        self._first_seen: datetime | None = None

    def describe(self, all_progress: Sequence[RemoteProgress]) -> str:
        """Describe one reading: `[####------] 40% · 2m so far · over in about 3m, at 16:05 UTC on 1 Dec`."""
        done = sum(progress.finished for progress in all_progress)
        total = done + sum(progress.in_flight + progress.waiting for progress in all_progress)
        now = max((progress.seen_at for progress in all_progress if progress.seen_at), default=None)
        self._first_seen = self._first_seen or now
        parts = [_format_bar(done, total)]
        if now is not None and self._first_seen is not None:
            parts += [f"{humanize.elapsed_in_hours((now - self._first_seen).total_seconds())} so far"]
            parts += _describe_wait(all_progress, now) or _describe_end(all_progress, now, done, total)
        return " · ".join(parts)


def _format_bar(done: int, total: int) -> str:
    filled = _BAR_WIDTH * done // total if total else _BAR_WIDTH
    return f"[{'#' * filled}{'-' * (_BAR_WIDTH - filled)}] {100 * done // total if total else 100}%"


def _describe_wait(all_progress: Sequence[RemoteProgress], now: datetime) -> list[str]:
    """Why nobody is called yet, or who waits for a later start."""
    idle = [progress for progress in all_progress if not progress.over and not progress.has_begun]
    begin_later = [progress for progress in idle if progress.starts_at and progress.starts_at > now]
    start = min((progress.starts_at for progress in begin_later if progress.starts_at), default=None)
    if any(progress.has_begun for progress in all_progress):
        waiting = humanize.people(sum(progress.waiting for progress in begin_later))
        return [f"calls to {waiting} begin at {humanize.when(start, now)}"] if start else []
    if not idle:
        return []
    return [
        f"calls begin at {humanize.when(start, now)}" if start else "nobody was called yet: the provider has not begun"
    ]


def _describe_end(all_progress: Sequence[RemoteProgress], now: datetime, done: int, total: int) -> list[str]:
    """When all calls are over, if they go on at the pace that they had so far."""
    start = min((progress.starts_at for progress in all_progress if progress.starts_at), default=None)
    if start is None or not done or done == total:
        return []
    time_left = (now - start) * ((total - done) / done)
    seconds_left = time_left.total_seconds()
    return (
        [f"over in about {humanize.elapsed_in_hours(seconds_left)}, at {humanize.when(now + time_left, now)}"]
        if seconds_left > 0
        else []
    )


def build_table(all_progress: Sequence[RemoteProgress], *, most_rows: int) -> Table:
    """Build a table with a row for each remote batch or call. Of more than `most_rows` those that are over go first,
    and the others are counted; several have a row of totals."""
    from rich.table import Column, Table
    from rich.text import Text

    names = _list_columns(all_progress)
    # Only the id may be shortened: it is the one column that a reader can do without.
    table = Table(Column("resource", no_wrap=True), "id", box=None, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)

    def add_row(title: str, remote_id: str, counts: Mapping[str, int]) -> None:
        table.add_row(Text(title), Text(remote_id), *(f"{counts[name]:,}" for name in names))

    shown = sorted(all_progress, key=lambda progress: progress.over)[:most_rows]
    hidden = [progress for progress in all_progress if progress not in shown]
    for progress in [progress for progress in all_progress if progress in shown]:
        add_row(progress.address, progress.remote_id, _add_up([progress], names))
    if hidden:
        add_row(f"and {len(hidden):,} more", "", _add_up(hidden, names))
    if len(all_progress) > 1:
        add_row("all", "", _add_up(all_progress, names))
    return table
