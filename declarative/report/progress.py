"""Shows that long work goes on: a line that moves at a terminal, a line now and then elsewhere, nothing under -q.
Writes to stderr alone."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

QUICK = 0.5
"""Seconds of work that need no showing."""
NOW_AND_THEN = 5.0


class Progress:
    """Call with what is being done; call `end` when it is over."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._last = self._began
        self._moving = sys.stderr.isatty()
        self._status: Status | None = None

    def __call__(self, doing: str) -> None:
        now = time.monotonic()
        if self._quiet or now - self._began < QUICK:
            return
        if self._moving:
            self._show(doing)
        elif now - self._last >= NOW_AND_THEN:
            self._last = now
            print(f"{doing} ...", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
        self._began = time.monotonic()

    def _show(self, doing: str) -> None:
        if self._status is None:
            from rich.console import Console

            self._status = Console(stderr=True).status(doing)
            self._status.start()
        self._status.update(doing)
