"""A project in a directory, driven through the installed command in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from declarative.sandbox import SANDBOX_KEY
from tests.command import PROGRAM, ROOT, Ran, environment, in_own_process
from tests.outside import Outside, still_sandbox

EXAMPLES = ROOT / "examples"


@dataclass
class Bench(Outside):
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
        return in_own_process(*self.flags, *arguments, directory=self.directory, variables=self.environment)

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

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self.world)


def embedded(directory: Path) -> Bench:
    """A project under `--sandbox`; its clock moves only when somebody waits or moves it."""
    world = httpx.Client(base_url="http://sandbox", transport=still_sandbox(directory).transport())
    return Bench(directory, world, flags=("--sandbox",))


def served(directory: Path, url: str, key: str) -> Bench:
    """A project that calls at a real host, as far as it knows: the served sandbox, an account of its own."""
    urls = {"CARTESIA_BASE_URL": url, "CALLINGBOX_BASE_URL": url}
    keys = {"CARTESIA_API_KEY": key, "CALLINGBOX_API_KEY": key}
    world = httpx.Client(base_url=url, trust_env=False)
    return Bench(directory, world, key=key, environment=environment(**urls, **keys))


def numbers(area: int, count: int, *, without: Sequence[int] = ()) -> list[str]:
    """Fictional ones of one area code, in order; `without` leaves endings out."""
    free = [ending for ending in range(100) if ending not in without]
    assert count <= len(free)
    return [f"+1{area}55501{ending:02}" for ending in free[:count]]
