"""What a served sandbox refuses: foreign host names, a browser's cross-site requests, huge bodies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from declarative.sandbox.refusals import LARGEST_BODY, is_loopback_host

from .account import Account
from .request_bodies import ADA, BATCHES, batch_body

MEGABYTE = b" " * 1024 * 1024


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8787", "127.9.9.9", "[::1]:1", "a.localhost"])
def test_loopback_names_are_answered(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "0.0.0.0", "10.0.0.1:80", "[::1", "localhost@evil", "[::]:80"],
)
def test_other_names_are_not(host: str) -> None:
    assert not is_loopback_host(host)


@pytest.mark.parametrize("path", ["/_sandbox/dials", BATCHES, "/"])
def test_a_name_that_was_pointed_here_is_refused(served: Account, path: str) -> None:
    answer = served.client(Host="evil.example").get(path)
    assert (answer.status_code, "evil.example" in answer.json()["error"]) == (421, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_call_anybody(served: Account, headers: dict[str, str]) -> None:
    client = served.client(Authorization=f"Bearer {served.key}", **{"Cartesia-Version": "2026-03-01"}, **headers)
    assert client.post(BATCHES, json=batch_body()).status_code == 403
    assert client.post("/_sandbox/reset").status_code == 403
    served.advance(60)
    assert served.calls()[ADA] == 0


def test_a_browser_may_look_at_the_sandbox_itself(served: Account) -> None:
    typed = served.client(**{"Sec-Fetch-Site": "none"}).get("/_sandbox/clock")
    own = served.client(**{"Sec-Fetch-Site": "same-origin", "Origin": served.base_url}).get("/_sandbox/clock")
    assert (typed.status_code, own.status_code) == (200, 200)


def test_a_huge_body_is_refused_before_it_is_sent(served: Account) -> None:
    url = httpx.URL(served.base_url)
    head = f"POST {BATCHES} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=5) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", [BATCHES, "/_sandbox/faults"])
def test_a_huge_body_of_unknown_length_is_refused_on_the_way(served: Account, path: str) -> None:
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1
            yield MEGABYTE

    with suppress(httpx.WriteError):  # the connection may close before the answer is read
        assert served.client().post(path, content=parts()).status_code == 413
    assert 32 < sent < 200
    assert served.client().get("/").status_code == 200


def test_a_large_body_within_the_limit_is_read(served: Account) -> None:
    answer = served.at_cartesia().post(BATCHES, content=MEGABYTE * 32)
    assert (answer.status_code, "JSON" in answer.json()["message"]) == (400, True)
