"""Under --sandbox, what comes from other packages finds no key and no network; afterwards all is as before."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from declarative.providers import quarantine

FAR = ("203.0.113.7", 443)


def try_to(connect: Callable[[], object]) -> str:
    try:
        connect()
    except PermissionError as problem:
        return "refused" if "--sandbox" in str(problem) else "other"
    except OSError:
        return "other"
    return "done"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    return "SOME_API_KEY"


def test_nothing_is_hidden_outside_of_a_sandbox(key: str) -> None:
    quarantine.close()
    assert not quarantine.is_open()
    assert os.environ[key] == "secret"


def test_nothing_is_hidden_before_a_plugin_is_run(key: str) -> None:
    with quarantine.hold_quarantine():
        assert quarantine.is_open()
        assert os.environ[key] == "secret"


def test_the_environment_comes_back_with_the_end_of_the_last_sandbox(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SET_MEANWHILE", raising=False)
    with quarantine.hold_quarantine():
        with quarantine.hold_quarantine():
            quarantine.close()
            assert key not in os.environ
            assert os.environ["PATH"]
        assert key not in os.environ
        monkeypatch.setenv("SET_MEANWHILE", "kept")
    assert (os.environ[key], os.environ["SET_MEANWHILE"]) == ("secret", "kept")


def test_only_this_machine_can_be_reached() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        with quarantine.hold_quarantine():
            quarantine.close()
            assert try_to(lambda: socket.create_connection(FAR, timeout=0.01)) == "refused"
            assert try_to(lambda: socket.getaddrinfo("api.example.com", 443)) == "refused"
            assert try_to(lambda: socket.gethostbyname("api.example.com")) == "refused"
            assert try_to(lambda: udp.sendto(b"x", FAR)) == "refused"
            assert try_to(lambda: socket.create_connection(server.getsockname()).close()) == "done"
            assert try_to(lambda: socket.getaddrinfo("localhost", 80)) == "done"
            first, second = socket.socketpair()
            first.close()
            second.close()
        # A datagram socket connects without sending anything.
        assert try_to(lambda: udp.connect(FAR)) != "refused"
    finally:
        server.close()
        udp.close()
