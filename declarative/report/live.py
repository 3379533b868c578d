"""The display of `apply --wait`: a live table at a terminal, a line now and then elsewhere. Writes to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from declarative import humanize
from declarative.app.watch import RemoteProgress

if TYPE_CHECKING:
    from rich.table import Table

_BAR_WIDTH = 20
LINE_INTERVAL = 15.0
"""Seconds between lines where stderr is not a terminal."""


@contextmanager
def show_live(*, quiet: bool) -> Iterator[Callable[[Sequence[RemoteProgress]], None]]:
    """Yield a function that shows the progress of all remote batches and calls. Call it after every poll."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console, Group
        from rich.constrain import Constrain
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True)
        timeline = Timeline()
        # The terminal echoes Ctrl-C as ^C at the end of the table. Without room for it the table would wrap.
        available_width = console.width - len("^C")
        with Live(console=console) as live:
            yield lambda all_progress: live.update(
                Constrain(Group(build_table(all_progress), Text(timeline.describe(all_progress))), available_width)
            )
    else:
        yield _LinePrinter().show


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
        totals = {name: sum(getattr(progress, name) for progress in all_progress) for name in _COLUMNS}
        counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items())
        timeline = "" if done else f" ({self._timeline.describe(all_progress)})"
        click.echo(f"{counts}{timeline}", err=True)


_COLUMNS = ("reached", "unreached", "in_flight", "waiting")


class Timeline:
    """Says how far all calls have come, why nothing happens yet, and when the end is to be expected."""

    def __init__(self) -> None:
        self._first_seen: datetime | None = None

    def describe(self, all_progress: Sequence[RemoteProgress]) -> str:
        """Describe one reading: `[####------] 40% · 2m so far · over in about 3m`."""
        total = sum(
            progress.reached + progress.unreached + progress.in_flight + progress.waiting for progress in all_progress
        )
        done = sum(progress.reached + progress.unreached for progress in all_progress)
        now = max((progress.seen_at for progress in all_progress if progress.seen_at), default=None)
        self._first_seen = self._first_seen or now
        parts = [_format_bar(done, total)]
        if now is not None and self._first_seen is not None:
            parts += [f"{_format_seconds((now - self._first_seen).total_seconds())} so far"]
            parts += _describe_wait(all_progress, now) or _describe_end(all_progress, now, done, total)
        return " · ".join(parts)


def _format_bar(done: int, total: int) -> str:
    filled = _BAR_WIDTH * done // total if total else _BAR_WIDTH
    return f"[{'#' * filled}{'-' * (_BAR_WIDTH - filled)}] {100 * done // total if total else 100}%"


def _describe_wait(all_progress: Sequence[RemoteProgress], now: datetime) -> list[str]:
    """Why nobody is called yet, if that is so."""
    if any(progress.reached or progress.unreached or progress.in_flight for progress in all_progress):
        return []
    start = min((progress.starts_at for progress in all_progress if progress.starts_at), default=None)
    if start is None or start <= now:
        return ["nobody was called yet: the provider has not begun"]
    return [f"calls begin at {humanize.when(start, now)}"]


def _describe_end(all_progress: Sequence[RemoteProgress], now: datetime, done: int, total: int) -> list[str]:
    """When all calls are over, if they go on at the pace that they had so far."""
    start = min((progress.starts_at for progress in all_progress if progress.starts_at), default=None)
    if start is None or not done or done == total:
        return []
    seconds_left = (now - start).total_seconds() * (total - done) / done
    return [f"over in about {_format_seconds(seconds_left)}"] if seconds_left > 0 else []


def _format_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def build_table(all_progress: Sequence[RemoteProgress]) -> Table:
    """Build a table with a row for each remote batch or call."""
    from rich.table import Column, Table
    from rich.text import Text

    # Only the id may be shortened: it is the one column that a reader can do without.
    table = Table(Column("resource", no_wrap=True), "id", box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for progress in all_progress:
        counts = (f"{getattr(progress, name):,}" for name in _COLUMNS)
        table.add_row(Text(progress.address), Text(progress.remote_id), *counts)
    return table
