"""A provider that takes its time: passes requests on, and every answer back after a while. It measures how long the
creates took together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CREATE = b"POST /agents/calls/batches HTTP"


@dataclass
class SlowProvider:
    """What was seen of the creates so far."""

    host: str
    """Where requests are passed on to."""
    port: int
    """Its port."""
    seconds: float
    """How long each answer takes."""
    url: str = ""
    """The URL to ask instead."""
    began: list[float] = field(default_factory=list)
    """When each create was sent."""
    ended: list[float] = field(default_factory=list)
    """When each of them was answered."""

    @property
    def creating_took(self) -> float:
        """Seconds from the first create to the answer of the last."""
        return max(self.ended) - min(self.began)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        served_reader, served_writer = await asyncio.open_connection(self.host, self.port)
        asked = asyncio.Event()
        is_create = False

        async def pass_requests() -> None:
            nonlocal is_create
            while data := await reader.read(65_536):
                if data.startswith(_CREATE):
                    is_create = True
                    self.began.append(time.monotonic())
                asked.set()
                served_writer.write(data)
                await served_writer.drain()

        requests = asyncio.create_task(pass_requests())
        try:
            while data := await served_reader.read(65_536):
                if asked.is_set():
                    asked.clear()
                    await asyncio.sleep(self.seconds)
                writer.write(data)
                await writer.drain()
                if is_create:
                    self.ended.append(time.monotonic())
        except asyncio.CancelledError:
            pass  # the measuring is over; Python 3.11 would print it
        finally:
            requests.cancel()
            for end in (writer, served_writer):
                end.close()


@contextmanager
def slow_provider(url: str, seconds: float) -> Iterator[SlowProvider]:
    """Serve on loopback what `url` serves, each answer so many seconds later."""
    parts = urlsplit(url)
    provider, is_ready = SlowProvider(parts.hostname or "", parts.port or 80, seconds), threading.Event()
    end = asyncio.Event()

    async def serve() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(provider.pass_on, "127.0.0.1", 0) as server:
            provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            is_ready.set()
            await end.wait()

    loop: asyncio.AbstractEventLoop
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    is_ready.wait(10)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
