"""The database file: private, and named when it cannot be read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from declarative.errors import DialctlError
from declarative.sandbox.embedded import open_sandbox
from declarative.sandbox.world import World


def test_the_directory_and_its_database_are_private(tmp_path: Path) -> None:
    open_sandbox(tmp_path / "deep" / "sandbox").close()
    kept = tmp_path / "deep" / "sandbox"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept / "sandbox.sqlite3").stat().st_mode) == 0o600


def test_a_file_that_is_no_sandbox_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").write_text("garbage")
    with pytest.raises(DialctlError, match=r"sandbox\.sqlite3: ") as refused:
        World(tmp_path)
    assert "delete it" in refused.value.hint
