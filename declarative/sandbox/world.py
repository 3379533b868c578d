"""The world of one sandbox: its clock, its organisations, one transaction for each request. It knows no HTTP."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import orjson

from declarative.errors import DialctlError
from declarative.sandbox import damage, store

LAST_MOMENT = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""End of the clock. Dates end with the year 9999, and calls and expiries after now need dates too."""

FASTEST = 1_000_000
"""Most sandbox seconds in a real second: a month takes three."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The world at one instant, inside one transaction."""

    db: sqlite3.Connection
    """The connection that holds the transaction."""
    now: float
    """Seconds since the epoch, by the sandbox's clock."""
    seed: int
    """Decides the outcomes of dials."""
    lifelike: bool
    """Adds rare outcomes: errors, refusals, unknown words."""

    def with_time(self, now: float) -> Moment:
        return replace(self, now=now)


@dataclass(frozen=True, slots=True)
class Organisation:
    """An account: what one API key sees, at every provider."""

    id: int
    """Row of the organisation."""
    name: str
    """`org_` and a digest of the key, so that no key is stored."""
    agent_call_limit: int
    """Most calls of batches at once, over all batches."""
    balance_cents: int
    """Money paid in at CallingBox."""
    spent_millicents: int
    """Money charged by CallingBox so far, in thousandths of a cent."""
    usage_limited: bool
    """Cartesia refuses new calls with 402."""
    settled_at: float
    """Until when admissions have been computed, in seconds since the epoch."""


def organisation_name(key: str) -> str:
    return f"org_{sha256(key.encode()).hexdigest()[:12]}"


def open_organisation(moment: Moment, key: str) -> Organisation:
    """Return the account of a key. The first request creates it."""
    name = organisation_name(key)
    row = moment.db.execute("SELECT * FROM organisation WHERE name = ?", (name,)).fetchone()
    if row is None:
        moment.db.execute("INSERT INTO organisation (name, settled_at) VALUES (?, ?)", (name, moment.now))
        return open_organisation(moment, key)
    return _organisation_from_row(row)


def list_organisations(moment: Moment) -> list[Organisation]:
    return [_organisation_from_row(row) for row in moment.db.execute("SELECT * FROM organisation ORDER BY id")]


def _organisation_from_row(row: sqlite3.Row) -> Organisation:
    return Organisation(**{**dict(row), "usage_limited": bool(row["usage_limited"])})


class World:
    """A database and a clock. Use as a context manager, or close it.

    Safe for threads (a lock) and for several processes on one directory (SQLite's write lock).
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        seed: int | None = None,
        speed: float | None = None,
        lifelike: bool | None = None,
    ) -> None:
        if speed is not None and not 0 <= speed <= FASTEST:
            raise ValueError(f"the speed is from 0 to {FASTEST:,}")
        self._lock = threading.RLock()
        self._directory, self._file = directory, store.database_file(directory)
        self._given = (seed, speed, lifelike)
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._db = store.open_database(self._directory)
        try:
            with self._transaction():
                self._initialize(*self._given)
        except BaseException:
            self.close()
            raise

    def _initialize(self, seed: int | None, speed: float | None, lifelike: bool | None) -> None:
        seed_setting = self._read_setting("seed")
        if seed is not None or seed_setting is None:
            self._write_setting("seed", str(seed or 0))  # of any size
        if lifelike is not None:
            self._write_setting("lifelike", int(lifelike))
        if self._read_setting("anchor_real") is None:
            self._anchor_clock(time.time(), 1.0)
        if speed is not None:
            self._anchor_clock(self._clock_time(), speed)

    def _read_setting(self, name: str) -> Any:
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _write_setting(self, name: str, value: object) -> None:
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def _anchor_clock(self, now: float, speed: float) -> None:
        for name, value in (("anchor_real", time.time()), ("anchor", now), ("speed", speed), ("latest", now)):
            self._write_setting(name, value)

    def _clock_time(self) -> float:
        rows = self._db.execute("SELECT name, value FROM setting")
        settings: dict[str, Any] = {row[0]: row[1] for row in rows}
        try:
            ahead = settings["anchor"] + (time.time() - settings["anchor_real"]) * settings["speed"]
            # The machine's clock may step back; the sandbox's clock never does.
            return min(max(float(ahead), float(settings["latest"])), LAST_MOMENT)
        except (KeyError, TypeError, ValueError):
            raise store.DamagedDatabase(self._file, "its clock cannot be read") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, store.errors_with_file(self._file):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException as failure:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                self._raise_damage(failure)
                raise
            self._db.execute("COMMIT")

    def _raise_damage(self, failure: BaseException) -> None:
        """Raise DamagedDatabase where a failure is due to the file, and not to a mistake in the sandbox."""
        if isinstance(failure, DialctlError | sqlite3.Error) or not isinstance(failure, Exception):
            return
        if (found := damage.find_damage(self._db)) is not None:
            raise store.DamagedDatabase(self._file, found) from failure

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """Open a transaction. Everything done with the Moment is kept, or nothing if an exception leaves the block."""
        with self._transaction():
            clock_time = self._clock_time()
            # Without a new anchor the clock would stand still for as long as the machine's clock stepped back.
            self._anchor_clock(clock_time, float(self._read_setting("speed")))
            lifelike = bool(self._read_setting("lifelike"))
            yield Moment(self._db, clock_time, int(self._read_setting("seed")), lifelike)

    def now(self) -> float:
        """Read the clock, in seconds since the epoch."""
        with self._lock, store.errors_with_file(self._file):
            return self._clock_time()

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return its time.

        Raises ValueError for anything but a finite number of seconds >= 0, and for a time after LAST_MOMENT.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError("time only goes forward")
        with self._transaction():
            if self._clock_time() + seconds > LAST_MOMENT:
                raise ValueError("the sandbox's clock ends with the year 8999")
            self._anchor_clock(self._clock_time() + seconds, float(self._read_setting("speed")))
            return self._clock_time()

    def reset(self) -> None:
        """Delete everything but the clock, the seed and the fault rules. The counters of the rules start again.

        A damaged file is deleted as a whole, and a new world begins as this one was opened.
        """
        with self._lock:
            try:
                self._delete_data()
                is_damaged = damage.find_damage(self._db) is not None
            except store.DamagedDatabase:
                is_damaged = True
            if is_damaged and self._directory is not None:
                self._db.close()
                store.delete_database(self._directory)
                self._open()

    def _delete_data(self) -> None:
        with self.moment():
            orjson.loads(self._read_setting("faults") or b"[]")  # kept, so it must be readable
            for table in store.DATA_TABLES:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM setting WHERE name = 'faults_seen'")

    def close(self) -> None:
        with self._lock:
            self._db.close()
