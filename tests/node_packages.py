"""Finds the programs of the npm packages that some tests talk to."""

from __future__ import annotations

import shutil

import pytest

from tests.command import ROOT

INSTALL = "npm install --prefix tests/node"


def find_program(name: str) -> tuple[str, str]:
    """The command line of a program from `tests/node`. Skips the test where it is not installed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    program = ROOT / "tests" / "node" / "node_modules" / ".bin" / name
    if not program.exists():
        pytest.skip(f"needs {name}: {INSTALL}")
    return node, str(program)
