"""The sandbox on a socket: uvicorn, with a protocol that can close a connection in the middle of an answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from declarative.sandbox.app import create_app
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
    with socket.create_server((host, port)) as listener:
        bound_port = listener.getsockname()[1]
        config = uvicorn.Config(
            create_app(world),
            http=_ClosableProtocol,
            lifespan="off",
            date_header=False,
            server_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config, lambda: on_listening(host, bound_port))
        server.run(sockets=[listener])
