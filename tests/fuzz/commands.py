"""What holds of every command, whatever it was given."""

from __future__ import annotations

import json
import os
import re

import click

from tests.command import CommandResult, run_in_process

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MOST_LINES = 300


def run_told(*arguments: str, exits: tuple[int, ...] = (0, 1, 2, 3)) -> CommandResult:
    """Run the command. Fails for a crash, an exit code that means something else, or output that no reader can use."""
    result = run_in_process(*arguments)
    assert "has a bug" not in result.text, next(line for line in result.text.splitlines() if "has a bug" in line)
    assert "Traceback" not in result.text, result.text
    assert result.exit in exits, f"exit {result.exit}: {result.text[:500]}"
    if "--json" in arguments:
        json.loads(result.out)
    text = click.unstyle(result.err) if os.environ.get("DIALCTL_COLOR") else result.err  # colors that were asked for
    assert not _CONTROLS.search(text), repr(text[:500])
    assert result.err.count("\n") <= _MOST_LINES, "floods the terminal"
    return result
