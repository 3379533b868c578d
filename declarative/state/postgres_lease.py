"""One run at a time at a row of a database, by the server's clock. Knows nothing of what is written under it."""

from __future__ import annotations

import secrets
from types import TracebackType

from declarative.state import postgres_tables as tables
from declarative.state.base import (
    Holder,
    Sleep,
    lease_held_error,
    lease_unknown_error,
    retry_until,
)
from declarative.state.postgres_client import Database
from declarative.state.timed_lease import LeaseTerms, TimedLease


class PostgresLease(TimedLease):
    """A lease that is a row of a database. Its connection stays open as long as it does."""

    def __init__(
        self, database: Database, prefix: str, token: str, holder: Holder, terms: LeaseTerms, since: float
    ) -> None:
        super().__init__(database.location, holder, terms, since)
        self.token = token
        self._database = database
        self._prefix = prefix
        database.stay_open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._database.close()

    def _renew(self) -> None:
        since = self._terms.clock()
        parameters = {"prefix": self._prefix, "token": self.token, "duration": self._terms.duration}
        if self._database.run(tables.RENEW, parameters):
            self._lives_since(since)
        else:
            self._reread()

    def _reread(self) -> None:
        holder, token = _read_holder(self._database, self._prefix)
        if token != self.token:
            self._lost_reason = f"it is held by {holder}" if holder else "it was broken, or not renewed in time"

    def _release(self) -> None:
        self._database.run(tables.RELEASE, {"prefix": self._prefix, "token": self.token})


def acquire(
    database: Database, prefix: str, holder: Holder, wait: float, sleep: Sleep, terms: LeaseTerms
) -> PostgresLease:
    """Take the lease within `wait` seconds and keep it alive. Makes the tables where there are none. Raises
    LeaseHeld."""
    lease = retry_until(lambda: _try_acquire(database, prefix, holder, terms), wait, sleep, pause=2)
    if lease is None:
        current_holder = read_holder(database, prefix)
        hint = (
            f"if that run is certainly gone: dialctl force-unlock {current_holder.id}"
            if current_holder
            else "run again"
        )
        raise lease_held_error(database.location, current_holder, hint=f"wait longer with --lock-timeout; {hint}")
    lease.start_renewal()
    return lease


def read_holder(database: Database, prefix: str) -> Holder | None:
    """Who holds the lease by the server's clock."""
    return _read_holder(database, prefix)[0]


def break_lease(database: Database, prefix: str, lease_id: str) -> None:
    """Take the lease from its holder. Raises StateError when no run holds it under this id."""
    if not database.run(tables.BREAK, {"prefix": prefix, "lease_id": lease_id}):
        raise lease_unknown_error(database.location, lease_id, read_holder(database, prefix))


def _read_holder(database: Database, prefix: str) -> tuple[Holder | None, str | None]:
    rows = database.run(tables.HOLDER, {"prefix": prefix})
    return (Holder.from_json(rows[0][0]), rows[0][1]) if rows else (None, None)


def _try_acquire(database: Database, prefix: str, holder: Holder, terms: LeaseTerms) -> PostgresLease | None:
    since = terms.clock()
    token = secrets.token_hex(16)
    parameters = {
        "prefix": prefix,
        "token": token,
        "lease_id": holder.id,
        "holder": holder.to_json(),
        "duration": terms.duration,
    }
    rows = database.run_or_create(tables.TAKE, parameters)
    return PostgresLease(database, prefix, token, holder, terms, since) if rows else None
