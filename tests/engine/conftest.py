"""A run against a sandbox of its own, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.sandbox_run import SandboxRun, open_run


@pytest.fixture
def run(tmp_path: Path) -> Iterator[SandboxRun]:
    with open_run(tmp_path) as opened:
        yield opened
