"""The provider's clock, from the `Date` headers of its answers, held against `created_at` in them. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock

from declarative.model.remote import EARLIEST_TIME
from declarative.providers.base import steady_seconds

LATEST_TIME = datetime(2200, 1, 1, tzinfo=UTC)
"""No answer is from then on. A later date is a mistake, and some would overflow in sums."""
SMALLEST_OFFSET = timedelta(seconds=5)
"""Less between `created_at` and `Date` is the time that the request took."""
LARGEST_OFFSET = timedelta(days=1)
"""More is no difference of two clocks: `created_at` means something else."""
SLEEP_TOLERANCE = 2.0
"""Seconds by which two local clocks may drift apart without counting as a suspended machine."""


def local_clock_offsets() -> tuple[float, float]:
    """Return by how much two clocks are ahead of the one that stops during suspend.

    Either moves when the machine slept, the second also when somebody sets the clock.
    """
    steady = time.monotonic()
    return steady_seconds() - steady, time.time() - steady


class Clock:
    """The last `Date` header and its arrival on the monotonic clock, which no one can set."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = steady_seconds,
        wall: Callable[[], float] = time.time,
        offsets: Callable[[], tuple[float, ...]] = local_clock_offsets,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._offsets = offsets
        self._lock = Lock()
        self._last_reading: tuple[datetime, float] | None = None
        self._last_offsets: tuple[float, ...] = ()
        self._skew: float | None = None
        self._creation_offset = timedelta()

    def record(self, headers: Mapping[str, str]) -> None:
        """Take the `Date` of an answer in the provider's own form. One from a cache (`Age`) is old, and ignored."""
        date = parse_http_date(headers.get("date"))
        if date is None or headers.get("age", "0") != "0":
            return
        with self._lock:
            self._last_reading = (date, self._monotonic())
            self._last_offsets = self._offsets()
            self._skew = date.timestamp() - self._wall()

    def record_creation(self, headers: Mapping[str, str], created_at: datetime | None) -> None:
        """Compare the `created_at` of what was just created with the `Date` of the same answer.

        `created_at` comes from the clock that also judges `scheduled_at`. The newest comparison counts.
        """
        date = parse_http_date(headers.get("date"))
        if date is None or created_at is None or abs(created_at - date) > LARGEST_OFFSET:
            return
        offset = created_at - date
        with self._lock:
            self._creation_offset = offset if abs(offset) > SMALLEST_OFFSET else timedelta()

    def now(self) -> datetime | None:
        """Return the earlier of the provider's two clocks: what it has reached has surely passed.

        Aware UTC, right to about a second; None while no answer had a date, and after the machine slept.
        """
        return self._read(min(self._creation_offset, timedelta()))

    def latest_now(self) -> datetime | None:
        """Return the later of the two clocks, for a time that must surely lie ahead. None as `now` is."""
        return self._read(max(self._creation_offset, timedelta()))

    def is_stale(self) -> bool:
        """Tell whether the machine slept, or its clock was set, since the last answer with a date."""
        with self._lock:
            before = self._last_offsets
        # Protocol 6: how long the machine slept is not known for sure, and a wrong time shortens the guard.
        return any(abs(now - then) > SLEEP_TOLERANCE for now, then in zip(self._offsets(), before, strict=False))

    def skew(self) -> float | None:
        """Return the seconds by which the provider's clock was ahead of this machine's at the last answer, or None."""
        with self._lock:
            return self._skew

    def _read(self, offset: timedelta) -> datetime | None:
        with self._lock:
            reading = self._last_reading
        if reading is None or self.is_stale():
            return None
        return reading[0] + timedelta(seconds=self._monotonic() - reading[1]) + offset


def parse_http_date(text: str | None) -> datetime | None:
    """Parse the date of an HTTP header into aware UTC; None where it is missing, unreadable or impossible."""
    try:
        date = parsedate_to_datetime(text or "")
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # Protocol 12: a time that cannot be true is no time.
    return date if EARLIEST_TIME <= date < LATEST_TIME else None
