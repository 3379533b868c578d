"""A PostgreSQL database to which one statement is sent at a time. Knows no lock and no lease.

libpq finds the server as its own tools do: by the PG* variables, a service file and a password file.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from declarative.errors import StateError
from declarative.privacy import first_words
from declarative.state import postgres_tables as tables

if TYPE_CHECKING:
    import psycopg

REQUEST_TIMEOUT = 10
"""Seconds for a connection, and again for each statement."""
_PAUSES = (0.05, 0.5, 1.5)
"""Seconds before each repetition of a statement without an answer. A server that stopped at once is back by then."""
_CONFLICTS = 20
"""How often a statement is repeated at once that another one was in the way of. A role may make each transaction
serializable, and such a one fails where it would only have to wait."""

Rows = list[tuple[Any, ...]]


class Database:
    """The database of a state URL.

    Every method raises StateError when the server does not answer, or refuses. Safe to use from several threads.
    """

    def __init__(self, conninfo: str, location: str) -> None:
        self.location = location
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None
        self._mutex = threading.RLock()
        self._stays_open = False

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> Rows | None:
        """Run a statement as a transaction of its own, and return its rows. None: the tables do not exist.

        It may be run again where an answer is lost, so it must do nothing the second time.
        """
        import psycopg

        with self._mutex, self._translate_errors():
            for pause in _PAUSES:
                with suppress(psycopg.OperationalError):
                    return self._run_past_conflicts(statement, parameters)
                time.sleep(pause)
            return self._run_past_conflicts(statement, parameters)

    def run_or_create(self, statement: str, parameters: Mapping[str, object]) -> Rows:
        """Run a statement that writes, and make the tables before it where they do not exist."""
        rows = self.run(statement, parameters)
        if rows is None:
            self.run(tables.CREATE)
            rows = self.run(statement, parameters)
        if rows is None:
            raise StateError(f"{self.location}: the tables of the schema dialctl are gone again")
        return rows

    def stay_open(self) -> None:
        """Keep the connection between statements, until `close`. Nothing depends on its being the same one."""
        self._stays_open = True

    def close(self) -> None:
        """End the connection, if there is one. The next statement opens another for itself."""
        with self._mutex:
            self._stays_open = False
            self._disconnect()

    def _run_past_conflicts(self, statement: str, parameters: Mapping[str, object] | None) -> Rows | None:
        import psycopg

        for _ in range(_CONFLICTS):
            with suppress(psycopg.errors.SerializationFailure):
                return self._run_once(statement, parameters)
        return self._run_once(statement, parameters)

    def _run_once(self, statement: str, parameters: Mapping[str, object] | None) -> Rows | None:
        import psycopg

        connection = self._connection or self._connect()
        self._connection = connection
        finished = False
        try:
            with _time_limit(connection), connection.cursor(binary=parameters is not None) as cursor:
                cursor.execute(statement.encode(), parameters)
                rows = cursor.fetchall() if cursor.description else []
            finished = True
            return rows
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            finished = True
            return None
        finally:
            if not (finished and self._stays_open):
                self._disconnect()

    def _connect(self) -> psycopg.Connection:
        import psycopg

        defaults: dict[str, Any] = {"client_encoding": "utf8", "fallback_application_name": "dialctl"}
        if "connect_timeout" not in self._conninfo and "PGCONNECT_TIMEOUT" not in os.environ:
            defaults["connect_timeout"] = REQUEST_TIMEOUT
        return psycopg.connect(
            self._conninfo,
            autocommit=True,
            prepare_threshold=None,  # a prepared statement belongs to a session, and a pooler may give us another
            target_session_attrs="read-write",  # a standby may lag: what it does not show may have happened
            **defaults,
        )

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            import psycopg
        except ImportError:
            raise StateError(
                f"{self.location}: a state in PostgreSQL needs a library that is not installed",
                hint="pip install 'dialctl[postgres]'",
            ) from None
        try:
            yield
        except psycopg.errors.InsufficientPrivilege as error:
            raise StateError(
                f"{self.location}: the database refused: {first_words(error)}",
                hint="the role needs CREATE on the database for the first run, or the schema dialctl made by its owner",
            ) from error
        except psycopg.ProgrammingError as error:
            if error.sqlstate is None:  # what cannot be parsed may be a password, and libpq would quote it
                raise StateError(
                    f"{self.location}: PostgreSQL's client cannot read the rest of the state URL",
                    hint="percent-encode whatever else than letters and digits user and password hold",
                ) from None
            raise StateError(f"{self.location}: {first_words(error)}") from error
        except psycopg.OperationalError as error:
            raise StateError(
                f"{self.location}: {first_words(error)}",
                hint="check the server, the network, and PGHOST, PGUSER and PGPASSWORD (or PGPASSFILE, PGSERVICE)",
            ) from error
        except psycopg.Error as error:
            raise StateError(f"{self.location}: {first_words(error)}") from error


@contextmanager
def _time_limit(connection: psycopg.Connection) -> Iterator[None]:
    """Cut the connection if the block takes longer than REQUEST_TIMEOUT: an answer may never come."""
    timer = threading.Timer(REQUEST_TIMEOUT, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: psycopg.Connection) -> None:
    import psycopg

    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)
