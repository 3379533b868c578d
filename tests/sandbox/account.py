"""How tests reach a sandbox, and the requests they send."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.outside import Outside

ADA = "+14155550100"
CALLINGBOX_AGENT = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"


@dataclass
class Lab(Outside):
    """A sandbox, seen by one organisation of its own, over one of the two ways to reach it."""

    base_url: str
    transport: httpx.BaseTransport | None
    key: str = field(default_factory=lambda: f"sk_{uuid4().hex}")
    _clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        made = httpx.Client(base_url=self.base_url, transport=self.transport, headers=headers, timeout=5)
        self._clients.append(made)
        return made

    def at_cartesia(self, version: str = "2026-03-01", key: str | None = None) -> httpx.Client:
        bearer = f"Bearer {key or self.key}"
        return self.client(**{"Authorization": bearer, "Cartesia-Version": version})

    def at_callingbox(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self.client())

    def later(self, seconds: float) -> str:
        """The sandbox's time so many seconds from now, as RFC 3339."""
        return (self.now() + timedelta(seconds=seconds)).isoformat()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._clients:
            one.close()


def batch_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for a batch of these numbers (one, if none is given); None takes a field out."""
    body: dict[str, Any] = {
        "name": "reminders",
        "agent_id": "agent_A",
        "from_number_id": "ap_A",
        "recipients": [{"to_number": number} for number in numbers or (ADA,)],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def calls_body(*numbers: str, **changes: Any) -> dict[str, Any]:
    """A request for single calls at Cartesia."""
    items = [{"to_number": number} for number in numbers or (ADA,)]
    return {"agent_id": "agent_A", "from_number_id": "ap_A", "outbound_calls": items} | changes


def box_body(number: str = ADA, **changes: Any) -> dict[str, Any]:
    """A request for a call at CallingBox."""
    return {"agent_id": CALLINGBOX_AGENT, "to": number} | changes
