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

EVERY = 15.0
"""Seconds between lines where nothing can move."""


@contextmanager
def display(*, quiet: bool) -> Iterator[Callable[[Sequence[RemoteProgress]], None]]:
    """What to call with the courses at every look."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.constrain import Constrain
        from rich.live import Live

        console = Console(stderr=True)
        room = console.width - len("^C")  # what the terminal writes there would go to another line
        with Live(console=console) as live:
            yield lambda courses: live.update(Constrain(table(courses), room))
    else:
        yield _Lines().show


class _Lines:
    def __init__(self) -> None:
        self._last = float("-inf")

    def show(self, courses: Sequence[RemoteProgress]) -> None:
        done = all(course.over for course in courses)
        if not done and time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        sums = {name: sum(getattr(course, name) for course in courses) for name in _COLUMNS}
        click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sums.items()), err=True)


_COLUMNS = ("reached", "unreached", "in_flight", "waiting")


def table(courses: Sequence[RemoteProgress]) -> Table:
    from rich.table import Column, Table
    from rich.text import Text

    # Where all do not fit, what is shortened is the id.
    table = Table(Column("resource", no_wrap=True), "id", box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for course in courses:
        counts = (f"{getattr(course, name):,}" for name in _COLUMNS)
        table.add_row(Text(course.address), Text(course.remote_id), *counts)
    return table
