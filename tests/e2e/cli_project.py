"""A project in a directory, used through the `dialctl` command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from declarative.sandbox import SANDBOX_KEY
from tests.command import PROGRAM, ROOT, CommandResult, clean_environment, run_in_process, run_in_subprocess
from tests.outside import Outside, still_sandbox

EXAMPLES = ROOT / "examples"


@dataclass
class CliProject(Outside):
    """A project directory and the sandbox that its commands call at."""

    directory: Path
    """Where every command runs."""
    sandbox: httpx.Client
    """A client of the sandbox's root."""
    flags: tuple[str, ...] = ()
    """Global flags before every command."""
    key: str = SANDBOX_KEY
    """The API key of the account whose dials count."""
    environment: dict[str, str] = field(default_factory=clean_environment)
    """All variables that the commands get."""
    apart: bool = False
    """Whether each command is a process of its own, as a user's is. That takes ten times as long as a call in this one:
    only what depends on it asks for it."""

    def run(self, *arguments: str, exits: int = 0) -> CommandResult:
        """Run `dialctl` here, with no terminal. Fails unless it exits with `exits`."""
        ran = self.run_unchecked(*arguments)
        assert ran.exit == exits, f"dialctl {' '.join(arguments)}: exit {ran.exit}, not {exits}\n{ran.text}"
        return ran

    def run_unchecked(self, *arguments: str) -> CommandResult:
        run = run_in_subprocess if self.apart else run_in_process
        return run(*self.flags, *arguments, directory=self.directory, variables=self.environment)

    def command(self, *arguments: str) -> list[str]:
        return [*PROGRAM, *self.flags, *arguments]

    def plan(self, *arguments: str, exits: int = 0) -> CommandResult:
        return self.run("plan", "--json", *arguments, exits=exits)

    def apply(self, *arguments: str, exits: int = 0) -> CommandResult:
        return self.run("apply", "--auto-approve", *arguments, exits=exits)

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = (self.directory / name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not say {old!r}"
        self.write(name, text.replace(old, new))

    def results(self, *arguments: str) -> list[dict[str, Any]]:
        shown = self.run("results", "--show-numbers", "--format", "jsonl", *arguments).out
        return [json.loads(line) for line in shown.splitlines()]

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self.sandbox)


def open_embedded(directory: Path) -> CliProject:
    """Make a project under `--sandbox`. Its clock moves only when a command waits or a test moves it."""
    world = httpx.Client(base_url="http://sandbox", transport=still_sandbox(directory).transport())
    return CliProject(directory, world, flags=("--sandbox",))


def open_served(directory: Path, url: str, key: str) -> CliProject:
    """Make a project at the served sandbox, which looks like a real host to it, with an account of its own."""
    urls = {"CARTESIA_BASE_URL": url, "CALLINGBOX_BASE_URL": url}
    keys = {"CARTESIA_API_KEY": key, "CALLINGBOX_API_KEY": key}
    world = httpx.Client(base_url=url, trust_env=False)
    return CliProject(directory, world, key=key, environment=clean_environment(**urls, **keys))


def numbers(area: int, count: int, *, without: Sequence[int] = ()) -> list[str]:
    """List fictional numbers of one area code, in order. `without` names endings to leave out."""
    free = [ending for ending in range(100) if ending not in without]
    assert count <= len(free)
    return [f"+1{area}55501{ending:02}" for ending in free[:count]]
