"""Shows that long work goes on: a line that moves at a terminal, a line now and then elsewhere, nothing under -q.
Writes to stderr alone."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

QUICK = 0.5
"""Seconds of work that need no showing."""
NOW_AND_THEN = 5.0
"""Seconds between lines where nothing can move."""
AGAIN = 12
"""So many times as long until the same is said again."""


class Progress:
    """Call with what is being done, as it begins; call `end` before anything else is printed. What was said last is
    shown by a thread of its own, so that one long step shows itself as well as many short ones."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._moving = sys.stderr.isatty()
        self._doing = ""
        self._said = ""
        self._silent = 0
        self._ended = threading.Event()
        self._shower: threading.Thread | None = None

    def __call__(self, doing: str) -> None:
        self._doing = doing
        if self._quiet or self._shower is not None:
            return
        self._ended.clear()
        self._shower = threading.Thread(target=self._move if self._moving else self._tell, daemon=True)
        self._shower.start()

    def end(self) -> None:
        """Takes the moving line away."""
        self._ended.set()
        if self._shower is not None:
            self._shower.join()
            self._shower = None

    def hush(self) -> None:
        """Shows nothing from here on: something else has the terminal."""
        self.end()
        self._quiet = True

    def _tell(self) -> None:
        while not self._ended.wait(NOW_AND_THEN):
            self._silent += 1
            if self._doing != self._said or self._silent == AGAIN:
                self._said, self._silent = self._doing, 0
                print(f"{self._said} ...", file=sys.stderr, flush=True)

    def _move(self) -> None:
        if self._ended.wait(QUICK):
            return
        with self._status() as status:
            while not self._ended.wait(0.2):
                status.update(self._doing)

    def _status(self) -> Status:
        from rich.console import Console

        return Console(stderr=True).status(self._doing)
