"""The lease of a folder: files that are removed, readers, and what a dead run left."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from declarative.errors import LeaseLost, StateError
from declarative.state.local import LocalBackend
from tests.state.samples import holder, no_sleep


def test_a_lease_whose_folder_was_removed_is_lost(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path)
    with backend.lease(holder(), 0, no_sleep) as lease:
        (tmp_path / ".dialctl" / "apply.lock").unlink()
        (tmp_path / ".dialctl").rmdir()
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_reader_does_not_keep_a_run_from_starting(tmp_path: Path) -> None:
    with LocalBackend(tmp_path).lease(holder(), 0, no_sleep):
        pass
    fd = os.open(tmp_path / ".dialctl" / "apply.lock", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    try:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            fcntl.flock(fd, fcntl.LOCK_UN)

        with LocalBackend(tmp_path).lease(holder(), 1, sleep) as lease:
            lease.check()
        assert len(slept) == 1
    finally:
        os.close(fd)


def test_what_a_dead_run_left_in_its_lease_is_no_holder(tmp_path: Path) -> None:
    (tmp_path / ".dialctl").mkdir()
    (tmp_path / ".dialctl" / "apply.lock").write_bytes(holder("ghost").to_json())
    backend = LocalBackend(tmp_path)
    assert backend.holder() is None
    with backend.lease(holder("ada"), 0, no_sleep):
        assert backend.holder() == holder("ada")


def test_a_place_that_cannot_hold_a_lease_is_named(tmp_path: Path) -> None:
    (tmp_path / ".dialctl").write_bytes(b"a file in the way")
    with pytest.raises(StateError, match=r"\.dialctl"):
        LocalBackend(tmp_path).lease(holder(), 0, no_sleep)
