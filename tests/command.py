"""The `dialctl` command, run in this process or in one of its own, and what it came to."""

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


def in_own_process(*arguments: str, directory: Path, variables: Mapping[str, str]) -> Ran:
    """Runs the command with no terminal, and with these variables alone."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def in_process(*arguments: str) -> Ran:
    """Runs the command here; it stands in a directory and listens to signals as if the process were its own."""
    out, err = io.StringIO(), io.StringIO()
    with _undisturbed(), redirect_stdout(out), redirect_stderr(err):
        code = run_command(list(arguments))
    return Ran(int(code), out.getvalue(), err.getvalue())


@contextmanager
def _undisturbed() -> Iterator[None]:
    where = Path.cwd()
    heard = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        os.chdir(where)
        for signum, handler in heard.items():
            signal.signal(signum, handler)


def start_server(*options: str) -> tuple[subprocess.Popen[str], str]:
    """`dialctl sandbox serve` in a process of its own, on a free port, and its URL once it answers."""
    command = [*PROGRAM, "sandbox", "serve", "--port", "0", *options]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(), cwd=ROOT
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip().rpartition(" ")[2]
    httpx.get(f"{url}/_sandbox/clock", trust_env=False).raise_for_status()
    return server, url


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """The URL of such a server, told to stop at the end, and ending well."""
    server, url = start_server(*options)
    with server:
        try:
            yield url
        finally:
            server.terminate()
        assert server.wait(20) == 0
