"""The display of `apply --wait`: a table that moves at a terminal, a line now and then elsewhere. Writes to stderr."""

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
"""Seconds between lines where nothing can move."""


@contextmanager
def show_live(*, quiet: bool) -> Iterator[Callable[[Sequence[RemoteProgress]], None]]:
    """What to call with the courses at every look."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.constrain import Constrain
        from rich.live import Live

        console = Console(stderr=True)
        available_width = console.width - len("^C")  # what the terminal writes there would go to another line
        with Live(console=console) as live:
            yield lambda all_progress: live.update(Constrain(build_table(all_progress), available_width))
    else:
        yield _LinePrinter().show


class _LinePrinter:
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
    from rich.table import Column, Table
    from rich.text import Text

    # Where all do not fit, what is shortened is the id.
    table = Table(Column("resource", no_wrap=True), "id", box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for progress in all_progress:
        counts = (f"{getattr(progress, name):,}" for name in _COLUMNS)
        table.add_row(Text(progress.address), Text(progress.remote_id), *counts)
    return table
