"""Runs a command in a process of its own and measures it: processor seconds and peak memory, its children included."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.command import PROGRAM, ROOT, SECONDS, CommandResult, clean_environment

MOST_SECONDS = 10.0
"""Processor seconds that a command may take over hostile input."""
MOST_MEMORY = 1 << 30
"""Bytes that it may use."""


_MEASURE = """
import json, os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
figures = [os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, memory]
print("", json.dumps(figures), file=sys.stderr, sep="\\n")
"""
"""A small process that starts the command: Linux counts the memory of the parent as the child's until it has begun."""


@dataclass(frozen=True)
class Measured:
    """What a command came to, and what it took."""

    result: CommandResult
    """Exit code and output."""
    seconds: float
    """Processor seconds of all its processes."""
    memory: int
    """Bytes that the largest of them used at most."""


def run_measured(*arguments: str, directory: Path, **variables: str) -> Measured:
    """Run `dialctl` with no terminal."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURE, *PROGRAM, *arguments],
        cwd=directory,
        env=clean_environment(PYTHONPATH=str(ROOT), **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    err, _, figures = done.stderr.rstrip("\n").rpartition("\n")
    exit_code, seconds, memory = json.loads(figures)
    return Measured(CommandResult(exit_code, done.stdout, err), seconds, memory)


def assert_bounded(measured: Measured) -> None:
    """It ended by itself, with words that a person can use, in time and within the memory."""
    text = measured.result.text
    assert "has a bug" not in text, text
    assert "Traceback" not in text, text
    assert measured.result.exit in (0, 1, 3), text
    assert len(text) < 20_000, f"{len(text):,} characters"
    assert measured.seconds < MOST_SECONDS
    assert measured.memory < MOST_MEMORY
