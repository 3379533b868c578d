"""What only a real connection shows: resets, cut bodies, refused and foreign ports, no reuse for a dial."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from declarative.model.resource import ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import Ambiguous, Channel, ConnectOptions, Done, NotSent, Outcome, Provider
from declarative.providers.cartesia.errors import parse_structured_error
from declarative.providers.cartesia.type import CARTESIA
from declarative.providers.http import endpoint
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer
from tests.providers.scripted_provider import MARK, environment, pages_of, submission

Script = Callable[[socket.socket], None]


BODY = f'{{"id": "acb_1", "name": "March {MARK}"}}'.encode()


OK = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Server:
    """One script for every connection; counts them."""

    def __init__(self, script: Script) -> None:
        self.connections = 0
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        # Closing a listener does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(5)
                self._script(connection)


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    server = Server(script)
    try:
        yield server
    finally:
        server.close()


def receive(connection: socket.socket) -> bytes:
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return data


def answer(connection: socket.socket) -> None:
    receive(connection)
    connection.sendall(OK)


def reset(connection: socket.socket) -> None:
    receive(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    receive(connection)


def cut_by_length(connection: socket.socket) -> None:
    receive(connection)
    connection.sendall(OK[:-5])


def cut_without_length(connection: socket.socket) -> None:
    receive(connection)
    connection.sendall(b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n" + BODY[:-5])


def cut_in_the_head(connection: socket.socket) -> None:
    receive(connection)
    connection.sendall(b"HTTP/1.1 201 Cre")


def redirect(connection: socket.socket) -> None:
    receive(connection)
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def connected(url: str) -> Iterator[Provider]:
    around = ConnectOptions(environment=environment(CARTESIA_BASE_URL=url), sleep=lambda _: None)
    provider = catalog.connect(ProviderSpec("main", "cartesia"), around)
    try:
        yield provider
    finally:
        provider.close()


@contextmanager
def batches(server: Server) -> Iterator[Channel]:
    with connected(f"http://127.0.0.1:{server.port}") as provider:
        yield provider.channels[Route.BATCH]


@pytest.mark.parametrize("script", [reset, hang_up, cut_by_length, cut_without_length, cut_in_the_head, redirect])
def test_a_connection_that_breaks_after_sending_is_ambiguous_and_used_once(script: Script) -> None:
    with serving(script) as server, batches(server) as channel:
        assert isinstance(channel.submit(submission()), Ambiguous)
        assert server.connections == 1
        assert isinstance(channel.retry("acb_1"), Ambiguous)
        assert server.connections == 2


def test_every_dial_has_a_connection_of_its_own() -> None:
    def keep_open(connection: socket.socket) -> None:
        answer(connection)
        assert connection.recv(1) == b"", "the client closes; it sends no second request"

    with serving(keep_open) as server, batches(server) as channel:
        assert all(isinstance(channel.submit(submission()), Done) for _ in range(3))
        assert server.connections == 3


def test_a_refused_connection_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with connected(f"http://127.0.0.1:{port}") as provider:
        assert isinstance(provider.channels[Route.BATCH].submit(submission()), NotSent)


def test_tls_to_a_plain_port_sends_nothing() -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(plain) as server, connected(f"https://127.0.0.1:{server.port}") as provider:
        assert isinstance(provider.channels[Route.BATCH].submit(submission()), NotSent)


def test_a_host_that_does_not_exist_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with connected("https://nowhere.invalid") as provider:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        found = provider.channels[Route.BATCH].submit(submission())
    assert isinstance(found, NotSent)
    assert "Name or service not known" in found.message


def test_an_answer_that_does_not_come_in_time_is_ambiguous() -> None:
    released = threading.Event()
    heard: list[object] = []

    def silent(connection: socket.socket) -> None:
        heard.append(receive(connection))
        released.wait(5)

    def accepted(_: Answer) -> Outcome:
        raise AssertionError("nothing was answered")

    with serving(silent) as server:
        variables = environment(CARTESIA_BASE_URL=f"http://127.0.0.1:{server.port}")
        found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, variables)
        wire = HttpClient(found, parse_structured_error, dial_timeout=0.05)
        outcome = wire.post_once("/", b"{}", accepted)
        released.set()
        wire.close()
    assert outcome == Ambiguous("gave no answer in time")
    assert len(heard) == 1


def connect_to(server: Server, **options: float) -> HttpClient:
    variables = environment(CARTESIA_BASE_URL=f"http://127.0.0.1:{server.port}")
    found = endpoint.from_environment(ProviderSpec("main", "cartesia"), CARTESIA, variables)
    return HttpClient(found, parse_structured_error, sleep=lambda _: None, **options)


@pytest.mark.parametrize(
    "opening", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n{"], ids=["in the head", "in the body"]
)
def test_an_answer_of_one_byte_at_a_time_ends_in_time(opening: bytes) -> None:
    """Each byte comes well within the time for a byte."""
    released = threading.Event()

    def dribble(connection: socket.socket) -> None:
        receive(connection)
        with contextlib.suppress(OSError):
            connection.sendall(opening)
            for _ in range(500):
                if released.wait(0.01):
                    return
                connection.sendall(b"H" if not opening else b" ")

    started = time.monotonic()
    with serving(dribble) as server:
        client = connect_to(server, answer_timeout=0.2)
        outcome = client.post_once("/", b"{}", lambda _: NotSent("read in full"))
        released.set()
        client.close()
    assert isinstance(outcome, Ambiguous)
    assert time.monotonic() - started < 3


def gzipped(pieces: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join(packer.compress(piece) for piece in pieces) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "make_body", "told"),
    [
        (b"gzip", lambda: gzipped(b" " * 1_000_000 for _ in range(80)), "more than 67,108,864 bytes"),
        (b"gzip", lambda: gzipped(b"[]," * 300_000 for _ in range(20)), "more than 5,000,000 values"),
        (b"gzip, gzip", lambda: gzipped(iter([gzipped(iter([b"{}"]))])), "an encoding that was not asked for"),
        (b"gzip", lambda: b"no gzip", "cannot be decoded"),
    ],
    ids=["bytes", "values", "twice", "damaged"],
)
def test_an_answer_that_unpacks_into_more_than_the_memory_is_refused(
    encoding: bytes, make_body: Callable[[], bytes], told: str
) -> None:
    body = make_body()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))

    def bomb(connection: socket.socket) -> None:
        receive(connection)
        with contextlib.suppress(OSError):
            connection.sendall(head + body)

    with serving(bomb) as server:
        client = connect_to(server)
        outcome = client.post_once("/", b"{}", lambda _: NotSent("read in full"))
        client.close()
    assert isinstance(outcome, Ambiguous)
    assert told in outcome.message


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(answer) as server, batches(server) as channel:
        assert isinstance(channel.submit(submission()), Done)


def test_eight_threads_read_at_once() -> None:
    page = b'{"data": [], "has_more": false}'

    def list_once(connection: socket.socket) -> None:
        receive(connection)
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(page) + page)

    with serving(list_once) as server, batches(server) as channel:
        found: list[object] = []
        threads = [threading.Thread(target=lambda: found.append(pages_of(channel, []))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [[[]]] * 8
