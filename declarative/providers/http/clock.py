"""The provider's clock, from the `Date` headers of its answers. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock


class Clock:
    """The last `Date` header and its arrival on the monotonic clock, which no one can set."""

    def __init__(
        self, *, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._lock = Lock()
        self._last_reading: tuple[datetime, float] | None = None
        self._skew: float | None = None

    def record(self, headers: Mapping[str, str]) -> None:
        """Take the `Date` of an answer. Ignores an answer from a cache (`Age`): its date is old."""
        date = parse_http_date(headers.get("date"))
        if date is None or headers.get("age", "0") != "0":
            return
        with self._lock:
            self._last_reading = (date, self._monotonic())
            self._skew = date.timestamp() - self._wall()

    def now(self) -> datetime | None:
        """Return aware UTC, right to about a second; None while no answer had a date."""
        with self._lock:
            reading = self._last_reading
        return None if reading is None else reading[0] + timedelta(seconds=self._monotonic() - reading[1])

    def skew(self) -> float | None:
        """Return the seconds by which the provider's clock was ahead of this machine's at the last answer, or None."""
        with self._lock:
            return self._skew


def parse_http_date(text: str | None) -> datetime | None:
    """Parse the date of an HTTP header into aware UTC; None where it is missing or unreadable."""
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
