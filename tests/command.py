"""Runs the `dialctl` command, in this process or in one of its own, and serves the sandbox."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from declarative.cli.main import run_command

ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "declarative.cli.main")
SECONDS = 120.0
"""Time limit of a command. A command that reaches it hangs."""


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of one command."""

    exit: int
    """The exit code."""
    out: str
    """All of stdout."""
    err: str
    """All of stderr."""

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def verbs(self) -> dict[str, tuple[str, int]]:
        """Map `verb address` to reason and people, for a plan under --json. Actions that keep are left out."""
        actions = [one for one in self.json["actions"] if one["verb"] != "keep"]
        return {f"{one['verb']} {one['address']}": (one["reason"], one["people"]) for one in actions}


def clean_environment(**more: str) -> dict[str, str]:
    """Copy this process's variables without those that dialctl reads, and add `more`."""
    named = ("DIALCTL_", "CARTESIA_", "CALLINGBOX_", "NO_COLOR", "COLUMNS")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)} | more


def run_in_subprocess(*arguments: str, directory: Path, variables: Mapping[str, str]) -> CommandResult:
    """Run the command with no terminal and with only these variables."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def run_in_process(
    *arguments: str, directory: Path | None = None, variables: Mapping[str, str] | None = None
) -> CommandResult:
    """Run the command in this process, with no terminal: in a directory, and with only these variables, where they are
    named. Working directory, variables and signal handlers are restored afterwards."""
    out, err = io.StringIO(), io.StringIO()
    with _restored_process(), redirect_stdout(out), redirect_stderr(err):
        if variables is not None:
            os.environ.clear()
            os.environ.update(variables)
        if directory is not None:
            os.chdir(directory)
        code = run_command(list(arguments))
    return CommandResult(int(code), out.getvalue(), err.getvalue())


@contextmanager
def _restored_process() -> Iterator[None]:
    where, variables = Path.cwd(), dict(os.environ)
    heard = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(where)
        for signum, handler in heard.items():
            signal.signal(signum, handler)


def start_server(*options: str) -> tuple[subprocess.Popen[str], str]:
    """Start `dialctl sandbox serve` in a process of its own, on a free port. Returns it and its URL once it answers."""
    command = [*PROGRAM, "sandbox", "serve", "--port", "0", *options]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=clean_environment(), cwd=ROOT
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip().rpartition(" ")[2]
    httpx.get(f"{url}/_sandbox/clock", trust_env=False).raise_for_status()
    return server, url


@contextmanager
def served_sandbox(*options: str) -> Iterator[str]:
    """Serve a sandbox and yield its URL. At the end it is told to stop, and has to exit with 0."""
    server, url = start_server(*options)
    with server:
        try:
            yield url
        finally:
            server.terminate()
        assert server.wait(20) == 0
