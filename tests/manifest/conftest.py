"""The project directory of a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from .house import House


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    (tmp_path / ".git").mkdir()  # nothing above the test's own directory is looked at
    monkeypatch.chdir(tmp_path)
    return House(tmp_path)
