"""The lock in a real PostgreSQL: cut connections, a server that stops at once, and what others do to the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from declarative.errors import LeaseLost, StateConflict, StateError
from declarative.state.base import Log, StoredState
from declarative.state.postgres import PostgresBackend
from tests.postgres_server import VERSIONS, PostgresServer
from tests.state.samples import holder, no_sleep


@pytest.fixture
def lossy(postgres: PostgresServer) -> Iterator[PostgresServer]:
    yield postgres
    assert (postgres.lost_answers, postgres.lost_requests) == (0, 0), "a loss that was ordered did not come"


def prefix_of(url: str) -> str:
    return url.partition("prefix=")[2]


@pytest.mark.parametrize("loss", ["lost_answers", "lost_requests"])
def test_a_write_whose_connection_is_cut_is_there_once(lossy: PostgresServer, postgres_url: str, loss: str) -> None:
    backend = PostgresBackend(postgres_url)
    with backend.lease(holder(), 0, no_sleep) as lease:
        backend.load()
        setattr(lossy, loss, 1)
        lease.check()
        for line in (b"1", b"2"):
            setattr(lossy, loss, 1)
            backend.append(line)
        assert PostgresBackend(postgres_url).load() == StoredState(None, (b"1", b"2"))
        setattr(lossy, loss, 1)
        backend.fold(b"whole")
        setattr(lossy, loss, 1)
        backend.add_line(Log.HALTS, b'{"halt":1}')
        backend.append(b"3")
        setattr(lossy, loss, 1)
    fresh = PostgresBackend(postgres_url)
    assert fresh.load() == StoredState(b"whole", (b"3",))
    assert fresh.read_lines(Log.HALTS) == (b'{"halt":1}',)
    setattr(lossy, loss, 1)
    with fresh.lease(holder("bob"), 0, no_sleep):
        fresh.append(b"4")


def test_a_write_that_was_never_answered_is_an_error_and_cuts_off_no_later_one(
    postgres: PostgresServer, postgres_url: str
) -> None:
    backend = PostgresBackend(postgres_url)
    with backend.lease(holder(), 0, no_sleep) as lease:
        backend.load()
        lease.check = lambda: None  # type: ignore[method-assign]  # so that the losses meet the write
        postgres.lost_answers = 4
        with pytest.raises(StateError, match="closed the connection"):
            backend.append(b"1")
        # It is there, and the run does not know: what it writes next must not follow a line that it does not know.
        with pytest.raises(StateConflict, match="changed by another program"):
            backend.append(b"2")
    assert PostgresBackend(postgres_url).load().journal == (b"1",)


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """A server that a test may stop; of the oldest version that there is."""
    server = PostgresServer(VERSIONS[0])
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()


def test_a_server_that_stops_at_once_has_lost_nothing_that_was_answered(own_server: PostgresServer) -> None:
    url = "postgresql:///postgres?prefix=calls"
    # Somebody told this database that speed is worth more than what was answered.
    own_server.query("ALTER DATABASE postgres SET synchronous_commit = off")
    own_server.query("ALTER SYSTEM SET wal_writer_delay = '10s'")
    own_server.query("SELECT pg_reload_conf()")
    backend = PostgresBackend(url)
    with backend.lease(holder(), 0, no_sleep) as lease:
        backend.load()
        backend.fold(b"first")
        backend.append(b"1")
        backend.add_line(Log.HALTS, b'{"halt":1}')
        own_server.stop_at_once()
        with pytest.raises(StateError):
            backend.append(b"2")
        own_server.start_again()
        lease.check()
        assert PostgresBackend(url).load() == StoredState(b"first", (b"1",))
        assert PostgresBackend(url).read_lines(Log.HALTS) == (b'{"halt":1}',)
        backend.append(b"2")
        own_server.on_statement = lambda: _restart_once(own_server)
        backend.append(b"3")
    assert PostgresBackend(url).load() == StoredState(b"first", (b"1", b"2", b"3"))


def _restart_once(server: PostgresServer) -> None:
    server.on_statement = lambda: None
    server.stop_at_once()
    server.start_again()


def test_nothing_depends_on_a_session(postgres: PostgresServer, postgres_url: str) -> None:
    """A pooler gives every statement to another one. Here each session ends after its statement."""
    backend = PostgresBackend(postgres_url)
    everyone_else = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dialctl'"
    with backend.lease(holder(), 0, no_sleep):
        for number in range(8):  # after five a driver would prepare the statement
            backend.append(str(number).encode())
            postgres.query(everyone_else)
        backend.fold(b"whole")
    assert PostgresBackend(postgres_url).load() == StoredState(b"whole")


def test_a_lease_that_the_server_says_is_over_writes_nothing(postgres: PostgresServer, postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url)
    with backend.lease(holder(), 0, no_sleep) as lease:
        backend.load()
        lease.check = lambda: None  # type: ignore[method-assign]  # as if it had stood still after its check
        postgres.query(f"UPDATE dialctl.places SET ends_at = now() WHERE prefix = '{prefix_of(postgres_url)}'")
        for write in (backend.append, backend.fold):
            with pytest.raises(LeaseLost, match="over by the server's clock"):
                write(b"stale")
    assert PostgresBackend(postgres_url).load() == StoredState(None)


def test_lines_that_somebody_deleted_are_missed(postgres: PostgresServer, postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url)
    with backend.lease(holder(), 0, no_sleep):
        for line in (b"1", b"2", b"3"):
            backend.append(line)
    postgres.query(f"DELETE FROM dialctl.journal WHERE prefix = '{prefix_of(postgres_url)}' AND number = 2")
    with pytest.raises(StateError, match=r"lines of the journal .* are gone") as error:
        PostgresBackend(postgres_url).load()
    assert "dialctl state rebuild" in error.value.hint


def test_reading_makes_no_tables(own_server: PostgresServer, tmp_path: Path) -> None:
    backend = PostgresBackend("postgresql:///postgres?prefix=calls")
    assert backend.load() == StoredState(None)
    assert backend.holder() is None
    assert backend.read_lines(Log.HISTORY) == ()
    assert own_server.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'dialctl'") == ["0"]
