"""A project in a directory with the embedded sandbox under it, run through the real command line in this process.
Knows the provider's side only by the sandbox's record of dials and by raw API calls."""

from __future__ import annotations

import io
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from declarative.cli.main import run
from declarative.sandbox import SANDBOX_KEY
from declarative.sandbox.embedded import open_sandbox
from declarative.sandbox.world import World
from tests.e2e.bench import Ran

Rule = Mapping[str, Any]
Json = Any
VERSION = "2026-03-01"


class Ground:
    """Time stands still here unless somebody waits or `advance` is called."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        home = directory / ".dialctl" / "sandbox"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        World(home, seed=0, speed=0.0).close()
        self.sandbox = open_sandbox(home)
        self._client = httpx.Client(base_url="http://sandbox", transport=self.sandbox.transport())

    def close(self) -> None:
        self._client.close()
        self.sandbox.close()

    def write(self, text: str) -> None:
        (self.directory / "dial.yaml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with _undisturbed(), redirect_stdout(out), redirect_stderr(err):
            code = run(["--sandbox", "--no-color", "-C", str(self.directory), *arguments])
        return Ran(code, out.getvalue(), err.getvalue())

    def apply(self, *arguments: str) -> Ran:
        return self.run("apply", "-y", *arguments)

    def advance(self, seconds: float) -> None:
        self.sandbox.advance(seconds)

    def faults(self, *rules: Rule) -> None:
        self._asked("PUT", "/_sandbox/faults", list(rules))

    def limits(self, **changes: int | bool) -> None:
        self._asked("POST", "/_sandbox/organisation", changes)

    def dials(self) -> list[dict[str, Any]]:
        """The sandbox's record: an entry for every time that a phone rang."""
        found: list[dict[str, Any]] = self._asked("GET", "/_sandbox/dials")["dials"]
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far, the oldest first: operation, status, at."""
        found: list[dict[str, Any]] = self._asked("GET", "/_sandbox/requests")["requests"]
        return found

    def now(self) -> datetime:
        return self.sandbox.now()

    @contextmanager
    def tried(self) -> Iterator[Ground]:
        """The same manifests in a world of their own, to see what would come."""
        with TemporaryDirectory() as directory:
            other = Ground(Path(directory))
            other.write((self.directory / "dial.yaml").read_text(encoding="utf-8"))
            yield other
            other.close()

    def rings(self) -> Counter[str]:
        return Counter(one["number"] for one in self.dials())

    def cartesia(self, method: str, path: str, body: object = None) -> Json:
        """A raw request of somebody else under the same key, as from the dashboard."""
        return self._asked(method, f"/cartesia{path}", body, **{"Cartesia-Version": VERSION})

    def batches(self) -> list[dict[str, Any]]:
        """Every batch, newest first, read in full."""
        listed = self.cartesia("GET", "/agents/calls/batches?limit=100")["data"]
        return [self.cartesia("GET", f"/agents/calls/batches/{one['id']}") for one in listed]

    def lock(self) -> dict[str, Any]:
        """The lock as the command shows it; {} before the first apply."""
        shown = self.run("state", "show")
        return shown.json if shown.exit == 0 else {}

    def record(self, address: str) -> dict[str, Any]:
        return dict(self.lock().get("resources", {}).get(address, {}))

    def lock_files(self) -> list[tuple[str, bytes]]:
        home = self.directory / ".dialctl" / "sandbox"
        return [(path.name, path.read_bytes()) for path in sorted(home.glob("dialctl.lock*"))]

    def _asked(self, method: str, path: str, body: object = None, **headers: str) -> Json:
        common = {"Authorization": f"Bearer {SANDBOX_KEY}", **headers}
        response = self._client.request(method, path, json=body, headers=common)
        response.raise_for_status()
        return response.json()


def resolve_like_a_person(ground: Ground) -> list[Ran]:
    """Settles every open intent by the truth, as somebody does who looks it up at the provider."""
    said = []
    for address, record in ground.lock().get("resources", {}).items():
        for intent in record.get("intents", {}).values():
            verdict = "--placed" if happened(ground, intent) else "--not-placed"
            whom = f"#{intent['person']}" if "person" in intent else ""
            said.append(ground.run("resolve", f"{address}{whom}", verdict))
    return said


def happened(ground: Ground, intent: Mapping[str, Any]) -> bool:
    """Whether the request of an intent took effect, by the provider's side alone."""
    if intent["request"] == "retry":
        [batch] = [one for one in ground.batches() if one["id"] == intent["remote"]]
        return bool(batch["retry_count"] > intent["retry_count"])
    if intent["route"] == "batch":
        return any(one["name"].endswith(intent["mark"]) for one in ground.batches())
    return any((one["metadata"] or {}).get("dialctl") == intent["mark"] for one in ground.dials())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The command stands in a directory and listens to signals as if the process were its own."""
    where = Path.cwd()
    heard = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        os.chdir(where)
        for signum, handler in heard.items():
            signal.signal(signum, handler)
