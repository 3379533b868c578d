"""`dialctl state rm` forgets only what a person agreed to forget."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.command import run_in_process


def test_without_a_terminal_and_without_the_flag_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    result = run_in_process("-C", str(tmp_path), "state", "rm", "batch/march")
    assert (result.exit, result.out) == (1, "")
    assert "no one can answer the question here" in result.err
    assert "--yes-forget-who-was-called" in result.err
