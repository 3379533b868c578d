"""What stands between a run and its database: a real pooler (PgBouncer), and roles with settings of their own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from declarative.errors import LeaseHeld
from declarative.state.base import Log
from declarative.state.postgres import PostgresBackend
from declarative.testing import check_backend
from tests.postgres_server import PostgresServer
from tests.protocol.replicas import until
from tests.state.samples import holder, no_sleep

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
SETTINGS = """\
[databases]
postgres = host=127.0.0.1 port={server} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = 2
pidfile = {folder}/pid
"""


@pytest.fixture(params=["transaction", "statement"])
def pooler(
    postgres_server: PostgresServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """PgBouncer in front of the server, with less sessions than it has clients. The value is its mode."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free, tempfile.TemporaryDirectory(dir="/tmp") as name:
        port, folder = free.getsockname()[1], Path(name)
        free.close()
        folder.chmod(0o777)  # it does not run as root
        (folder / "users").write_text('"postgres" ""\n')
        server = postgres_server.environment
        text = SETTINGS.format(server=server["PGPORT"], port=port, folder=folder, mode=request.param)
        (folder / "pgbouncer.ini").write_text(text)
        for variable, value in {**server, "PGPORT": str(port)}.items():
            monkeypatch.setenv(variable, value)
        with run_program([PROGRAM, "-q", "-u", "nobody", str(folder / "pgbouncer.ini")], port):
            yield request.param


@contextmanager
def run_program(command: list[str], port: int) -> Iterator[None]:
    """Run a program that listens at a port."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until(lambda: is_listening(port), "the program listens")
        yield
    finally:
        process.terminate()
        process.wait()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_pooler_that_gives_each_statement_to_another_session_changes_nothing(pooler: str) -> None:
    check_backend(lambda name: PostgresBackend(f"postgresql:///postgres?prefix={pooler}-{name}"))


def test_transactions_that_are_serializable_by_default_fail_for_nobody(postgres: PostgresServer) -> None:
    postgres.query("CREATE DATABASE strict")
    postgres.query("ALTER DATABASE strict SET default_transaction_isolation = 'serializable'")
    url = "postgresql:///strict?prefix=calls"

    def work(name: str) -> int:
        taken = 0
        for number in range(12):
            backend = PostgresBackend(url)
            backend.add_line(Log.HISTORY, f'{{"{name}":{number}}}'.encode())
            try:
                with backend.lease(holder(name), 0, no_sleep):
                    backend.load()
                    backend.append(b"1")
                    taken += 1
            except LeaseHeld:
                continue
        return taken

    with ThreadPoolExecutor(max_workers=6) as pool:
        taken = sum(pool.map(work, ["ada", "ben", "cay", "dan", "eve", "fay"]))
    backend = PostgresBackend(url)
    assert len(backend.load().journal) == taken > 0
    assert len(backend.read_lines(Log.HISTORY)) == 72
    postgres.query("DROP DATABASE strict WITH (FORCE)")
