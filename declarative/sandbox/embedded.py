"""The sandbox inside this process: an httpx transport that runs the application without a socket or an event loop."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
from starlette.types import ASGIApp, Message

from declarative.sandbox.app import create_app
from declarative.sandbox.world import World


class EmbeddedSandbox:
    """A world, and the transport that reaches it. Use as a context manager, or close it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = create_app(world)

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for `httpx.Client(transport=...)`. Several threads may share it; any base URL will do."""
        return _EmbeddedTransport(self._app)

    def now(self) -> datetime:
        """Read the sandbox's clock: aware, in UTC."""
        return datetime.fromtimestamp(self._world.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError for a negative number."""
        self._world.advance(seconds)

    def close(self) -> None:
        """Close the world. Transports that were handed out cannot be used any more."""
        self._world.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sandbox(directory: Path) -> EmbeddedSandbox:
    """Open the world kept in `directory` (0700, its database 0600), or create it. The caller closes it."""
    return EmbeddedSandbox(World(directory))


class _EmbeddedTransport(httpx.BaseTransport):
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        connection = _EmbeddedConnection(request)
        _run_without_loop(self._app(_asgi_scope(request, connection), connection.receive, connection.send))
        return connection.response()


def _asgi_scope(request: httpx.Request, connection: _EmbeddedConnection) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
        "state": {"connection": connection},
    }


def _run_without_loop(coroutine: Awaitable[None]) -> None:
    """Run the application to its end. It waits for nothing but this connection, which is always ready."""
    steps = coroutine.__await__()
    try:
        next(steps)
    except StopIteration:
        return
    raise RuntimeError("the sandbox application waited for an event loop")


class _EmbeddedConnection:
    """One request and its answer. `hang_up` and `pause` make it a HostConnection of the application."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._body = request.read()
        self._unread, self._closed = True, False
        self._start: Message | None = None
        self._sent: list[bytes | float] = []

    async def receive(self) -> Message:
        if self._unread and not self._closed:
            self._unread = False
            return {"type": "http.request", "body": self._body, "more_body": False}
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._sent.append(message.get("body", b""))

    def hang_up(self) -> None:
        self._closed = True

    async def pause(self, seconds: float) -> None:
        if self._start is None:
            _wait_for_answer(self._request, seconds)
        else:
            self._sent.append(seconds)  # waited when the client reads the body

    def is_open(self) -> bool:
        return not self._closed

    def response(self) -> httpx.Response:
        """Return the answer. Raises httpx.RemoteProtocolError when the connection was closed without one."""
        if self._start is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=self._request)
        stream = _ResponseStream(self._request, self._sent, cut=self._closed)
        return httpx.Response(self._start["status"], headers=self._start["headers"], stream=stream)


def _wait_for_answer(request: httpx.Request, seconds: float) -> None:
    """Wait in real time. Raises httpx.ReadTimeout if that takes longer than the client waits."""
    timeout = request.extensions.get("timeout", {}).get("read")
    if timeout is not None and timeout < seconds:
        time.sleep(timeout)
        raise httpx.ReadTimeout("timed out", request=request)
    time.sleep(seconds)


class _ResponseStream(httpx.SyncByteStream):
    def __init__(self, request: httpx.Request, parts: list[bytes | float], *, cut: bool) -> None:
        self._request, self._parts, self._cut = request, parts, cut

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                _wait_for_answer(self._request, part)
        if self._cut:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
