"""SIGINT and SIGTERM: noticed between two requests, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from declarative.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Remembers that SIGINT or SIGTERM asked the run to stop. A second signal gets the system's default handler and
    ends the process at once, which is as safe as a crash. `on_signal` is called inside the signal handler."""

    def __init__(self, on_signal: Callable[[], None] = lambda: None) -> None:
        self._requested = threading.Event()
        self._signum = 0
        self.on_signal = on_signal

    def listen(self) -> None:
        """Installs the handlers. Works in the main thread only."""
        for signum in _SIGNALS:
            signal.signal(signum, self._request_stop)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Lets a signal end the block at once, for the time that a person is asked something: no request is under way
        then. A signal that came before the block ends it too. Raises Interrupted."""
        handlers = {signum: signal.signal(signum, self._interrupt) for signum in _SIGNALS}
        try:
            if self.requested:
                raise _interruption(self._signum, "nothing was sent")
            yield
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    @property
    def requested(self) -> bool:
        return self._requested.is_set()

    def check(self) -> None:
        """Raises Interrupted once a signal came."""
        if self._requested.is_set():
            raise _interruption(self._signum, "what was sent is recorded")

    def sleep(self, seconds: float) -> None:
        """Sleeps in real time, and wakes when asked to stop."""
        self._requested.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Sleeps while no request is under way. Raises Interrupted when asked to stop."""
        self.sleep(seconds)
        self.check()

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._signum = signum
        self._requested.set()
        signal.signal(signum, signal.SIG_DFL)
        self.on_signal()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        raise _interruption(signum, "nothing was sent")


def _interruption(signum: int, detail: str) -> Interrupted:
    terminated = signum == signal.SIGTERM
    return Interrupted(f"stopped by {'SIGTERM' if terminated else 'Ctrl-C'}; {detail}", terminated=terminated)
