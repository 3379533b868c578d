"""The provider's side, seen without dialctl: what the sandbox records, how its clock, faults and limits are set, and
requests made by hand under the same key."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from declarative.sandbox import SANDBOX_KEY
from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.world import World, organisation_name

Rule = Mapping[str, Any]
CARTESIA = {"Cartesia-Version": "2026-03-01"}


class ClosingTransport(httpx.BaseTransport):
    """A transport that owns its sandbox: the client that gets it closes both."""

    def __init__(self, sandbox: EmbeddedSandbox, transport: httpx.BaseTransport) -> None:
        self._sandbox, self._transport = sandbox, transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._sandbox.close()


class StillSandbox(EmbeddedSandbox):
    """A sandbox for one client. Closing the client closes it too."""

    def transport(self) -> httpx.BaseTransport:
        return ClosingTransport(self, super().transport())


def still_sandbox(directory: Path) -> StillSandbox:
    """The sandbox that --sandbox keeps in a project. Its clock stands still until something waits or moves it."""
    home = directory / ".dialctl" / "sandbox"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    World(home, seed=0, speed=0.0).close()
    return StillSandbox(World(home))


class Outside:
    """One account of a sandbox. A subclass gives a client of the sandbox in `reached`, and the account's API key in
    `key`."""

    key: str = SANDBOX_KEY

    def reached(self) -> AbstractContextManager[httpx.Client]:
        """A client of the sandbox's root."""
        raise NotImplementedError

    def control(self, method: str, route: str, body: object = None) -> Any:
        return self._asked(method, f"/_sandbox/{route}", body)

    def cartesia(self, method: str, path: str, body: object = None) -> Any:
        """A request made without dialctl under the same key, as from the dashboard."""
        headers = {"Authorization": f"Bearer {self.key}", **CARTESIA}
        return self._asked(method, f"/cartesia{path}", body, headers)

    def advance(self, seconds: float) -> None:
        self.control("POST", "advance", {"seconds": seconds})

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.control("GET", "clock")["epoch"], UTC)

    def faults(self, *rules: Rule) -> None:
        self.control("PUT", "faults", list(rules))

    def limits(self, **changes: int | bool) -> None:
        self.control("POST", "organisation", {"key": self.key, **changes})

    def dials(self) -> list[dict[str, Any]]:
        """An entry for every time that a phone was called for this account."""
        ours = organisation_name(self.key)
        return [one for one in self.control("GET", "dials")["dials"] if one["organisation"] == ours]

    def calls(self) -> Counter[str]:
        """How often each phone was called so far."""
        return Counter(one["number"] for one in self.dials())

    def requests(self) -> list[dict[str, Any]]:
        """Every request that reached the sandbox, the oldest first, those of other accounts too."""
        return list(self.control("GET", "requests")["requests"])

    def batches(self) -> list[dict[str, Any]]:
        """Cartesia's batches of this account, newest first, each in full."""
        listed = self.cartesia("GET", "/agents/calls/batches?limit=100")["data"]
        return [self.cartesia("GET", f"/agents/calls/batches/{one['id']}") for one in listed]

    def campaign_names(self) -> list[str]:
        """The names of ElevenLabs' campaigns of this account."""
        path = "/elevenlabs/v1/convai/outbound-campaigns/campaigns?page_size=100"
        return [one["call_name"] for one in self._asked("GET", path, None, {"xi-api-key": self.key})["campaigns"]]

    def queued_calls(self, method: str = "GET", path: str = "Calls", **form: str) -> Any:
        """A request to Twilio made without dialctl under the same key, as from the console: its form, or its query."""
        key = b64encode(f"{self.key}:{self.key}".encode()).decode()
        url = f"/twilio/2010-04-01/Accounts/{self.key}/{path}.json"
        sent: dict[str, Any] = {"params": form} if method == "GET" else {"data": form}
        with self.reached() as client:
            answer = client.request(method, url, headers={"Authorization": f"Basic {key}"}, **sent)
            return answer.raise_for_status().json()

    def _asked(self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        with self.reached() as client:
            return client.request(method, path, json=body, headers=headers).raise_for_status().json()
