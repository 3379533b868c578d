"""Shows that long work goes on: a line that moves at a terminal, a line now and then elsewhere, nothing under -q.
Writes to stderr alone."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

SHOW_AFTER = 0.5
"""Seconds of work that need no showing."""
LINE_INTERVAL = 5.0
"""Seconds between lines where nothing can move."""
REPEAT_AFTER = 12
"""So many times as long until the same is said again."""


class ProgressLine:
    """Call with what is being done, as it begins; call `end` before anything else is printed. What was said last is
    shown by a thread of its own, so that one long step shows itself as well as many short ones."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty()
        self._activity = ""
        self._last_printed = ""
        self._silent_intervals = 0
        self._end_event = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, activity: str) -> None:
        self._activity = activity
        if self._quiet or self._thread is not None:
            return
        self._end_event.clear()
        self._thread = threading.Thread(
            target=self._run_spinner if self._is_terminal else self._print_lines, daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Takes the moving line away."""
        self._end_event.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def silence(self) -> None:
        """Shows nothing from here on: something else has the terminal."""
        self.end()
        self._quiet = True

    def _print_lines(self) -> None:
        while not self._end_event.wait(LINE_INTERVAL):
            self._silent_intervals += 1
            if self._activity != self._last_printed or self._silent_intervals == REPEAT_AFTER:
                self._last_printed, self._silent_intervals = self._activity, 0
                print(f"{self._last_printed} ...", file=sys.stderr, flush=True)

    def _run_spinner(self) -> None:
        if self._end_event.wait(SHOW_AFTER):
            return
        with self._new_spinner() as status:
            while not self._end_event.wait(0.2):
                status.update(self._activity)

    def _new_spinner(self) -> Status:
        from rich.console import Console

        return Console(stderr=True).status(self._activity)
