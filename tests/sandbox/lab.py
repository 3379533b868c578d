"""How tests reach a sandbox, and the requests they send."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

ROOT = Path(__file__).parents[2]
ADA = "+14155550100"
CALLINGBOX_AGENT = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"


@dataclass
class Lab:
    """A sandbox, seen by one organisation of its own, over one of the two ways to reach it."""

    base_url: str
    transport: httpx.BaseTransport | None
    key: str = field(default_factory=lambda: f"sk_{uuid4().hex}")
    _clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        made = httpx.Client(base_url=self.base_url, transport=self.transport, headers=headers, timeout=5)
        self._clients.append(made)
        return made

    def cartesia(self, version: str = "2026-03-01", key: str | None = None) -> httpx.Client:
        bearer = f"Bearer {key or self.key}"
        return self.client(**{"Authorization": bearer, "Cartesia-Version": version})

    def callingbox(self, key: str | None = None) -> httpx.Client:
        return self.client(Authorization=f"Bearer {key or self.key}")

    def control(self, method: str, route: str, body: object = None) -> Any:
        response = self.client().request(method, f"/_sandbox/{route}", json=body)
        response.raise_for_status()
        return response.json()

    def advance(self, seconds: float) -> None:
        self.control("POST", "advance", {"seconds": seconds})

    def later(self, seconds: float) -> str:
        """The sandbox's time so many seconds from now, as RFC 3339."""
        return datetime.fromtimestamp(self.control("GET", "clock")["epoch"] + seconds, UTC).isoformat()

    def faults(self, *rules: dict[str, Any]) -> None:
        self.control("PUT", "faults", list(rules))

    def limits(self, **changes: int | bool) -> None:
        self.control("POST", "organisation", {"key": self.key, **changes})

    def rings(self, number: str) -> int:
        own = self.control("POST", "organisation", {"key": self.key})["organisation"]
        dials = self.control("GET", f"dials?number=%2B{number[1:]}")["dials"]
        return sum(one["organisation"] == own for one in dials)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._clients:
            one.close()


def start_server(*options: str) -> tuple[subprocess.Popen[str], str]:
    """`dialctl sandbox serve` in a process of its own, on a free port, and its URL."""
    program = "from declarative.cli.sandbox import sandbox; sandbox(prog_name='sandbox')"
    started = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert started.stdout is not None
    return started, started.stdout.readline().removeprefix("listening on ").strip()


def stop_server(started: subprocess.Popen[str]) -> int:
    started.terminate()
    code = started.wait(timeout=10)
    assert started.stdout is not None
    started.stdout.close()
    return code


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
