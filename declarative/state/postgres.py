"""The lock in a PostgreSQL database: one row, and one row for each line of its journal. Knows bytes only."""

from __future__ import annotations

import secrets

from declarative.errors import StateConflict, StateError
from declarative.state import postgres_lease
from declarative.state import postgres_tables as tables
from declarative.state.base import Holder, Lease, Log, Sleep, StoredState, lease_lost_error
from declarative.state.postgres_client import Database
from declarative.state.postgres_url import PostgresUrl
from declarative.state.timed_lease import LeaseTerms


class PostgresBackend:
    """A prefix in a database as a backend. Opens no connection yet. Tests give other `terms` of the lease.

    Raises UsageError for a URL that names no database or no prefix.
    """

    def __init__(self, url: str, terms: LeaseTerms | None = None) -> None:
        parsed = PostgresUrl.parse(url)
        self._database = Database(parsed.conninfo, parsed.location)
        self._prefix = parsed.prefix
        self._terms = terms or LeaseTerms()
        self._lease: postgres_lease.PostgresLease | None = None
        self._version = 0  # of the lock that was last loaded or folded; 0 where there is none
        self._tail: int | None = None  # number of the last line; None until it was read under this lease

    @property
    def location(self) -> str:
        return self._database.location

    def load(self) -> StoredState:
        rows = self._database.run(tables.LOAD, {"prefix": self._prefix})
        self._version, self._tail = 0, 0
        if not rows:
            return StoredState(None)
        (_, version, folded, tail, lock), *lines = rows
        if [number for number, *_ in rows] != [0, *range(folded + 1, tail + 1)]:
            raise StateError(
                f"lines of the journal at {self.location} are gone",
                hint="restore the table dialctl.journal from a backup; without one run dialctl state rebuild",
            )
        self._version, self._tail = version, tail
        return StoredState(lock, tuple(body for *_, body in lines))

    def append(self, line: bytes) -> None:
        lease = self._check_lease()
        tail = self._known_tail()
        if not self._database.run(tables.APPEND, self._fence(lease, tail=tail, line=line)):
            _, kept_tail, _, line_is_ours = self._read_standing(lease, line=line)
            # Protocol 1: the line is durable where only its answer was lost.
            if not (kept_tail == tail + 1 and line_is_ours):
                raise self._conflict("the journal")
        self._tail = tail + 1
        # Protocol 11: a write that took too long may have outlived the lease, and a request would follow it.
        lease.check_time()

    def fold(self, lock: bytes) -> None:
        lease = self._check_lease()
        fence = self._fence(lease, tail=self._known_tail(), lock=lock, version=self._version)
        if not self._database.run(tables.FOLD, fence):
            kept_version, kept_tail, lock_is_ours, _ = self._read_standing(lease, lock=lock)
            if not (kept_version == self._version + 1 and kept_tail == self._tail and lock_is_ours):
                raise self._conflict("the journal" if kept_version == self._version else "the lock")
        self._version += 1
        lease.check_time()

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._tail = None
        self._lease = postgres_lease.acquire(self._database, self._prefix, holder, wait, sleep, self._terms)
        return self._lease

    def holder(self) -> Holder | None:
        return postgres_lease.read_holder(self._database, self._prefix)

    def break_lease(self, lease_id: str) -> None:
        postgres_lease.break_lease(self._database, self._prefix, lease_id)

    def read_lines(self, log: Log) -> tuple[bytes, ...]:
        rows = self._database.run(tables.READ_LINES, {"prefix": self._prefix, "name": log.value})
        return tuple(line for (line,) in rows or [])

    def add_line(self, log: Log, line: bytes) -> None:
        parameters = {"prefix": self._prefix, "name": log.value, "id": secrets.token_hex(16), "line": line}
        self._database.run_or_create(tables.ADD_LINE, parameters)

    def read_round(self) -> bytes | None:
        rows = self._database.run(tables.READ_ROUND, {"prefix": self._prefix})
        return rows[0][0] if rows else None

    def write_round(self, note: bytes) -> None:
        self._database.run_or_create(tables.WRITE_ROUND, {"prefix": self._prefix, "note": note})

    def _check_lease(self) -> postgres_lease.PostgresLease:
        if self._lease is None:
            raise lease_lost_error(self.location, None, "it was never taken")
        self._lease.check()
        return self._lease

    def _known_tail(self) -> int:
        """The number of the last line. Reads it where nothing was loaded under this lease."""
        if self._tail is None:
            version = self._version
            self.load()
            self._version = version
        assert self._tail is not None
        return self._tail

    def _fence(self, lease: postgres_lease.PostgresLease, **values: object) -> dict[str, object]:
        return {"prefix": self._prefix, "token": lease.token, **values}

    def _read_standing(
        self, lease: postgres_lease.PostgresLease, *, lock: bytes | None = None, line: bytes | None = None
    ) -> tuple[int, int, bool, bool]:
        """Version of the lock, number of the last line, and whether each is the one given. Raises LeaseLost where the
        lease is over: then nothing was written."""
        rows = self._database.run(tables.STANDING, self._fence(lease, lock=lock, line=line))
        if not rows or not rows[0][0]:
            lease.check()
            raise lease_lost_error(self.location, lease.holder, "its time is over by the server's clock")
        _, version, tail, lock_is_ours, line_is_ours = rows[0]
        return version, tail, bool(lock_is_ours), bool(line_is_ours)

    def _conflict(self, part: str) -> StateConflict:
        return StateConflict(
            f"{part} at {self.location} was changed by another program during this run",
            hint="look at the change, then run again: what this run did is safe there",
        )
