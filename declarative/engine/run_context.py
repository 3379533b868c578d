"""What every acting module needs at hand in a run that writes: the ledger under its lease, the providers, the limits.
Makes no request of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from declarative.errors import Interrupted
from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.resource import Project, Resource, Route
from declarative.providers.base import Provider
from declarative.state.base import Lease
from declarative.state.ledger import Ledger


class StopSignal:
    """The wish to stop, by SIGINT or SIGTERM: heard between two requests, never within one. A second signal falls back
    to the system's own way, which is as safe as a crash. `heard` is called from within the signal's handler."""

    def __init__(self, heard: Callable[[], None] = lambda: None) -> None:
        self._asked = threading.Event()
        self._signum = 0
        self.heard = heard

    def listen(self) -> None:
        for signum in _SIGNALS:
            signal.signal(signum, self._hear)

    @contextmanager
    def at_a_prompt(self) -> Iterator[None]:
        """While somebody is asked, no request is under way, and a signal ends the waiting at once, as does one that
        came before. Raises Interrupted."""
        handlers = {signum: signal.signal(signum, self._leave) for signum in _SIGNALS}
        try:
            if self.asked:
                raise _interrupted(self._signum, "nothing was sent")
            yield
        finally:
            for signum, handler in handlers.items():
                signal.signal(signum, handler)

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def check(self) -> None:
        """Raises Interrupted once a signal came."""
        if self._asked.is_set():
            raise _interrupted(self._signum, "what was sent is recorded")

    def sleep(self, seconds: float) -> None:
        """Sleeps in real time, and wakes when asked to stop."""
        self._asked.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Sleeps where nothing is under way. Raises Interrupted when asked to stop."""
        self.sleep(seconds)
        self.check()

    def _hear(self, signum: int, frame: FrameType | None) -> None:
        self._signum = signum
        self._asked.set()
        signal.signal(signum, signal.SIG_DFL)
        self.heard()

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        raise _interrupted(signum, "nothing was sent")


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _interrupted(signum: int, so_far: str) -> Interrupted:
    terminated = signum == signal.SIGTERM
    return Interrupted(f"stopped by {'SIGTERM' if terminated else 'Ctrl-C'}; {so_far}", terminated=terminated)


@dataclass
class DialBudget:
    """How many people may still be rung in this run; None is no limit. Counted before each send, by the mark of the
    request, and given back once it is known not to have been done."""

    left: int | None = None
    _taken: dict[str, int] = field(default_factory=dict)

    def covers(self, people: int) -> bool:
        return self.left is None or people <= self.left

    def take(self, mark: str, people: int) -> None:
        if self.left is not None:
            self.left -= people
            self._taken[mark] = people

    def give_back(self, mark: str) -> None:
        """Of a request that was not made in this run there is nothing to give back."""
        if self.left is not None:
            self.left += self._taken.pop(mark, 0)


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """`sleep` in seconds, by real time or by the sandbox's clock; `say` shows progress."""

    ledger: Ledger
    lease: Lease
    project: Project
    providers: Mapping[str, Provider]
    abilities: Callable[[str, Route], Capabilities]
    key: PersonKey
    stop: StopSignal
    budget: DialBudget
    sleep: Callable[[float], None]
    report: Callable[[str], None] = lambda _: None

    def gate(self) -> None:
        """Passed before every request that dials. Raises Interrupted or LeaseLost."""
        self.stop.check()
        self.lease.check()

    def pause(self, seconds: float) -> None:
        """Waits, and stops waiting when asked to stop. Raises Interrupted."""
        self.sleep(seconds)
        self.stop.check()

    def provider(self, resource: Resource) -> Provider:
        return self.providers[resource.provider]
