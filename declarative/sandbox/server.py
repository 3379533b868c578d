"""The sandbox on a socket: uvicorn, with a protocol that can close a connection in the middle of an answer."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from declarative.errors import DialctlError
from declarative.sandbox.app import create_app
from declarative.sandbox.refusals import RefusingApp
from declarative.sandbox.world import World


class _SocketConnection:
    """The HostConnection of a socket."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def hang_up(self) -> None:
        """Send what was written, then close, even in the middle of an answer."""
        self._transport.close()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def is_open(self) -> bool:
        return not self._transport.is_closing()


class _ClosableProtocol(H11Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        closable = cast("asyncio.Transport", transport)
        super().connection_made(closable)
        self.app_state: dict[str, Any] = {**self.app_state, "connection": _SocketConnection(closable)}


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_listening()


def run_server(world: World, host: str, port: int, on_listening: Callable[[str, int], None]) -> None:
    """Serve until SIGINT or SIGTERM. `on_listening` gets host and port once connections are accepted.

    Port 0 takes any free one. Raises OSError when the address cannot be bound.
    """
    app = create_app(world)
    app.add_exception_handler(DialctlError, _handle_error)
    app.add_exception_handler(Exception, _handle_bug)
    with open_listener(host, port) as listener:
        bound_port = listener.getsockname()[1]
        config = uvicorn.Config(
            RefusingApp(app),
            http=_ClosableProtocol,
            ws="none",
            lifespan="off",
            date_header=False,
            server_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config, lambda: on_listening(host, bound_port))
        server.run(sockets=[listener])


def open_listener(host: str, port: int) -> socket.socket:
    """Listen for connections that send at once. Raises OSError when the address cannot be bound."""
    listener = socket.create_server((host, port))
    # Its connections inherit this. asyncio sets it only where a socket names its protocol, and without it every answer
    # but the first of a connection waits 40 ms for the client's acknowledgment.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _handle_error(request: Request, problem: Exception) -> Response:
    """Answer what a command would print: the file of the world cannot be read or written."""
    message = str(problem)
    if isinstance(problem, DialctlError) and problem.hint:
        message = f"{message}; {problem.hint}"
    return Response(orjson.dumps({"error": message, "message": message}), 500, media_type="application/json")


async def _handle_bug(request: Request, problem: Exception) -> Response:
    """Answer a mistake of the sandbox's own as one. The traceback goes to stderr."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    message = f"the sandbox has a bug: {type(problem).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    return Response(orjson.dumps({"error": message, "message": message}), 500, media_type="application/json")
