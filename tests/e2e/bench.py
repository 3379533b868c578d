"""A project in a directory, driven through the installed command in a process of its own. Knows the
provider's side only by what the sandbox tells any client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from declarative.sandbox import SANDBOX_KEY
from declarative.sandbox.embedded import open_sandbox
from declarative.sandbox.world import World, organisation_name

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAM = (sys.executable, "-m", "declarative.cli.main")
SECONDS = 120.0
"""Longer than any command takes: what runs into it hangs."""


@dataclass(frozen=True)
class Ran:
    """What one command came to."""

    exit: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def verbs(self) -> dict[str, tuple[str, int]]:
        """Of a plan without its keeps: `verb address` to reason and people."""
        actions = [one for one in self.json["actions"] if one["verb"] != "keep"]
        return {f"{one['verb']} {one['address']}": (one["reason"], one["people"]) for one in actions}


def environment(**more: str) -> dict[str, str]:
    """This process's, without anything that dialctl reads."""
    named = ("DIALCTL_", "CARTESIA_", "CALLINGBOX_", "NO_COLOR", "COLUMNS")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)} | more


@dataclass
class Bench:
    """`flags` come before every command; `key` says whose dials count."""

    directory: Path
    world: httpx.Client
    flags: tuple[str, ...] = ()
    key: str = SANDBOX_KEY
    environment: dict[str, str] = field(default_factory=environment)

    def run(self, *arguments: str, exits: int = 0) -> Ran:
        """Runs `dialctl` here, with no terminal; fails unless it exits with `exits`."""
        ran = self.anyhow(*arguments)
        assert ran.exit == exits, f"dialctl {' '.join(arguments)}: exit {ran.exit}, not {exits}\n{ran.text}"
        return ran

    def anyhow(self, *arguments: str) -> Ran:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def command(self, *arguments: str) -> list[str]:
        return [*PROGRAM, *self.flags, *arguments]

    def plan(self, *arguments: str, exits: int = 0) -> Ran:
        return self.run("plan", "--json", *arguments, exits=exits)

    def apply(self, *arguments: str, exits: int = 0) -> Ran:
        return self.run("apply", "--auto-approve", *arguments, exits=exits)

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces text that must be there."""
        text = (self.directory / name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not say {old!r}"
        self.write(name, text.replace(old, new))

    def results(self, *arguments: str) -> list[dict[str, Any]]:
        shown = self.run("results", "--show-numbers", "--format", "jsonl", *arguments).out
        return [json.loads(line) for line in shown.splitlines()]

    def advance(self, seconds: float) -> None:
        self._asked("POST", "advance", {"seconds": seconds})

    def dials(self) -> list[dict[str, Any]]:
        """The sandbox's record: an entry for every time that a phone rang for this project's account."""
        ours = organisation_name(self.key)
        return [one for one in self._asked("GET", "dials")["dials"] if one["organisation"] == ours]

    def rings(self) -> Counter[str]:
        return Counter(one["number"] for one in self.dials())

    def requests(self) -> list[dict[str, Any]]:
        """Every request that reached the sandbox, those of other accounts too."""
        return list(self._asked("GET", "requests")["requests"])

    def faults(self, *rules: Mapping[str, Any]) -> None:
        self._asked("PUT", "faults", list(rules))

    def limits(self, **changes: int | bool) -> None:
        self._asked("POST", "organisation", {"key": self.key, **changes})

    def batches(self) -> list[dict[str, Any]]:
        """Cartesia's batches of this account, newest first, each in full."""
        listed = self.cartesia("GET", "/agents/calls/batches?limit=100")["data"]
        return [self.cartesia("GET", f"/agents/calls/batches/{one['id']}") for one in listed]

    def cartesia(self, method: str, path: str, body: object = None) -> Any:
        """A request of somebody else under the same key, as from the dashboard."""
        headers = {"Authorization": f"Bearer {self.key}", "Cartesia-Version": "2026-03-01"}
        answer = self.world.request(method, f"/cartesia{path}", json=body, headers=headers)
        return answer.raise_for_status().json()

    def _asked(self, method: str, route: str, body: object = None) -> Any:
        return self.world.request(method, f"/_sandbox/{route}", json=body).raise_for_status().json()


def embedded(directory: Path) -> Bench:
    """A project under `--sandbox`; its clock moves only when somebody waits or moves it."""
    home = directory / ".dialctl" / "sandbox"
    home.mkdir(parents=True, mode=0o700)
    World(home, seed=0, speed=0.0).close()
    world = httpx.Client(base_url="http://sandbox", transport=open_sandbox(home).transport())
    return Bench(directory, world, flags=("--sandbox",))


def served(directory: Path, url: str, key: str) -> Bench:
    """A project that rings at a real host, as far as it knows: the served sandbox, an account of its own."""
    urls = {"CARTESIA_BASE_URL": url, "CALLINGBOX_BASE_URL": url}
    keys = {"CARTESIA_API_KEY": key, "CALLINGBOX_API_KEY": key}
    world = httpx.Client(base_url=url, trust_env=False)
    return Bench(directory, world, key=key, environment=environment(**urls, **keys))


def numbers(area: int, count: int, *, without: Sequence[int] = ()) -> list[str]:
    """Fictional ones of one area code, in order; `without` leaves endings out."""
    free = [ending for ending in range(100) if ending not in without]
    assert count <= len(free)
    return [f"+1{area}55501{ending:02}" for ending in free[:count]]
