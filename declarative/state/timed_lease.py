"""A lease that ends by itself unless a thread renews it. Knows no place: a subclass says how its place renews, reads
and releases it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from declarative.errors import StateError
from declarative.state.base import Holder, lease_lost_error


def suspend_aware_seconds() -> float:
    """Seconds of a clock that goes on while the machine sleeps, so that a lease ends even under a closed lid."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, kw_only=True)
class LeaseTerms:
    """How long a lease lives, and by which clock."""

    duration: float = 60
    """Seconds that a lease lives without being renewed."""
    renew_interval: float = 15
    """Seconds between two renewals."""
    margin: float = 20
    """Seconds before its end at which the holder stops. It must cover a request under way."""
    clock: Callable[[], float] = suspend_aware_seconds
    """Seconds, from any start."""


class TimedLease(ABC):
    """A lease that a thread keeps alive until the `with` block ends.

    `since` is the time of `terms.clock` before the lease was taken: it lives from then on, at the least.
    """

    def __init__(self, location: str, holder: Holder, terms: LeaseTerms, since: float) -> None:
        self.holder = holder
        self._location = location
        self._terms = terms
        self._deadline = since + terms.duration - terms.margin
        self._lost_reason: str | None = None
        self._mutex = threading.RLock()
        self._ended = threading.Event()
        self._renewal_thread = threading.Thread(target=self._renew_until_ended, name="dialctl lease", daemon=True)

    def check(self) -> None:
        """Return only while the lease is certainly ours, by the clock and by its place. Raises LeaseLost."""
        # Protocol 11: the clock is not enough. A run that broke the lease may send from that moment on.
        with self._mutex:
            self.check_time()
            with suppress(StateError):  # no answer: before the deadline no other run can take it
                self._reread()
            self.check_time()

    def check_time(self) -> None:
        """Return only before the deadline, without a request to the place. Raises LeaseLost."""
        with self._mutex:
            if self._lost_reason is None and self._terms.clock() >= self._deadline:
                self._lost_reason = "it could not be renewed in time"
            if self._lost_reason is not None:
                raise lease_lost_error(self._location, self.holder, self._lost_reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._renewal_thread.is_alive():
            self._renewal_thread.join()
        with self._mutex, suppress(StateError):  # without an answer the lease ends by itself
            if self._lost_reason is None:
                self._lost_reason = "it was released"
                self._release()

    def start_renewal(self) -> None:
        """Start the thread that keeps the lease alive."""
        self._renewal_thread.start()

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(self._terms.renew_interval):
            with self._mutex, suppress(StateError):
                self._renew()
                if self._lost_reason is not None:
                    return

    def _lives_since(self, since: float) -> None:
        """Note that the lease was renewed by a request that began at `since`."""
        self._deadline = since + self._terms.duration - self._terms.margin

    @abstractmethod
    def _renew(self) -> None:
        """Let the lease begin anew and call `_lives_since`, or set `_lost_reason`. Raises StateError."""

    @abstractmethod
    def _reread(self) -> None:
        """Set `_lost_reason` where the place says that the lease is not ours any more. Raises StateError."""

    @abstractmethod
    def _release(self) -> None:
        """Let the next run have the lease. Raises StateError."""
