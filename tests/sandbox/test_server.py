"""The sandbox served by a process of its own."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from declarative.sandbox.server import open_listener
from tests.command import start_server

from .account import Account, open_account
from .request_bodies import ADA, BATCHES, batch_body


def test_a_server_killed_in_the_middle_leaves_a_readable_world(tmp_path: Path) -> None:
    server, url = start_server("--directory", str(tmp_path))
    with server, Account(url, None, key="sk_kept") as account:
        account.at_cartesia().post(BATCHES, json=batch_body())
        server.kill()
    with open_account(tmp_path) as reopened:
        assert reopened.calls()[ADA] == 1


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_server_told_to_stop_ends_well(signum: signal.Signals) -> None:
    server, url = start_server()
    with server, httpx.Client(base_url=url) as client:
        assert client.get("/").status_code == 200
        server.send_signal(signum)
        assert server.wait(10) == 0


def test_its_connections_send_without_waiting_for_the_client() -> None:
    with open_listener("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
