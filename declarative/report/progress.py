"""Shows that long work goes on: a spinner at a terminal, a line now and then elsewhere, nothing under -q. Writes to
stderr only."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

SHOW_AFTER = 0.5
"""Seconds of work before the spinner appears."""
LINE_INTERVAL = 5.0
"""Seconds between lines where stderr is not a terminal."""
REPEAT_AFTER = 12
"""Intervals of LINE_INTERVAL until the same activity is printed again."""


class ProgressLine:
    """Call it with an activity when that begins, and call `end` before anything else is printed.

    A thread of its own shows the latest activity, so that one long step is shown as well as many short ones.
    """

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
        """Take the spinner away and wait for the thread. The next call begins again."""
        self._end_event.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def silence(self) -> None:
        """Show nothing from now on, because something else writes to the terminal."""
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

        return Console(stderr=True).status(self._activity, spinner=choose_spinner())


def choose_spinner() -> str:
    """The name of a spinner that the terminal can show: of letters where its encoding has no others."""
    return "dots" if (sys.stderr.encoding or "").lower().startswith("utf") else "line"
