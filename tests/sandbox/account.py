"""One account of a sandbox, as tests reach it: embedded by a transport, or served at a URL."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx

from declarative.sandbox.embedded import open_sandbox
from tests.outside import Outside

TWILIO_ACCOUNT = "AC00000000000000000000000000000001"
TWILIO = f"/2010-04-01/Accounts/{TWILIO_ACCOUNT}"


@dataclass
class Account(Outside):
    """An organisation of its own. Use as a context manager: it closes the clients that it made."""

    base_url: str
    """Root of the sandbox."""
    transport: httpx.BaseTransport | None
    """The embedded sandbox; None for a served one."""
    key: str = field(default_factory=lambda: f"sk_{uuid4().hex}")
    """API key at every provider."""
    _clients: list[httpx.Client] = field(default_factory=list)
    """Made so far, to be closed."""

    def client(self, **headers: str) -> httpx.Client:
        client = httpx.Client(base_url=self.base_url, transport=self.transport, headers=headers, timeout=5)
        self._clients.append(client)
        return client

    def at_cartesia(self, version: str = "2026-03-01", key: str | None = None) -> httpx.Client:
        bearer = f"Bearer {key or self.key}"
        return self.client(**{"Authorization": bearer, "Cartesia-Version": version})

    def at_callingbox(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def at_elevenlabs(self, key: str | None = None) -> httpx.Client:
        return self.client(**{"xi-api-key": key or self.key})

    def at_telnyx(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def at_vapi(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def at_retell(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def at_twilio(self, key: str | None = None) -> httpx.Client:
        token = b64encode(f"{TWILIO_ACCOUNT}:{key or self.key}".encode()).decode()
        return self.client(Authorization=f"Basic {token}")

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self.client())

    def later(self, seconds: float) -> str:
        """The sandbox's time so many seconds from now, as RFC 3339."""
        return (self.now() + timedelta(seconds=seconds)).isoformat()

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def open_account(directory: Path) -> Iterator[Account]:
    """The account of the key `sk_kept` in the sandbox kept in a directory."""
    with open_sandbox(directory) as embedded, Account("http://sandbox", embedded.transport(), key="sk_kept") as account:
        yield account
