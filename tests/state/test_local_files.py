"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from declarative.errors import StateError
from declarative.state import local_files


def test_a_file_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "dialctl.lock"
    local_files.replace_file(path, b"old")
    local_files.replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["dialctl.lock"]


def test_a_file_that_cannot_be_replaced_is_named_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "dialctl.lock"
    path.mkdir()
    with pytest.raises(StateError, match=f"cannot write {path}: .* nothing more is sent") as refusal:
        local_files.replace_file(path, b"new")
    assert "writable" in refusal.value.hint
    assert [entry.name for entry in tmp_path.iterdir()] == ["dialctl.lock"]


def test_a_draft_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"")
    (tmp_path / ".dialctl.lock.draft").symlink_to(outside)
    with pytest.raises(StateError):
        local_files.replace_file(tmp_path / "dialctl.lock", b"new")
    assert outside.read_bytes() == b""


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert local_files.read_or_none(tmp_path / "absent") is None


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dialctl.lock")
    with pytest.raises(StateError, match=r"dialctl\.lock is no file"):
        local_files.read_or_none(tmp_path / "dialctl.lock")
