"""The display of `apply --wait`: a live table at a terminal, a line now and then elsewhere. Writes to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from declarative.app.watch import RemoteProgress

if TYPE_CHECKING:
    from rich.table import Table

LINE_INTERVAL = 15.0
"""Seconds between lines where stderr is not a terminal."""


@contextmanager
def show_live(*, quiet: bool) -> Iterator[Callable[[Sequence[RemoteProgress]], None]]:
    """Yield a function that shows the progress of all remote batches and calls. Call it after every poll."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.constrain import Constrain
        from rich.live import Live

        console = Console(stderr=True)
        # The terminal echoes Ctrl-C as ^C at the end of the table. Without room for it the table would wrap.
        available_width = console.width - len("^C")
        with Live(console=console) as live:
            yield lambda all_progress: live.update(Constrain(build_table(all_progress), available_width))
    else:
        yield _LinePrinter().show


class _LinePrinter:
    """Prints totals every LINE_INTERVAL seconds, and once more when everything is over."""

    def __init__(self) -> None:
        self._last_time = float("-inf")

    def show(self, all_progress: Sequence[RemoteProgress]) -> None:
        done = all(progress.over for progress in all_progress)
        if not done and time.monotonic() - self._last_time < LINE_INTERVAL:
            return
        self._last_time = time.monotonic()
        totals = {name: sum(getattr(progress, name) for progress in all_progress) for name in _COLUMNS}
        click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items()), err=True)


_COLUMNS = ("reached", "unreached", "in_flight", "waiting")


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
