"""The lease of a folder: files that are removed, readers, and what a dead run left."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from declarative.errors import LeaseLost, StateError
from declarative.state.local import LocalBackend
from declarative.state.local_lease import write_turn
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


def test_a_lock_ends_at_once_though_a_program_that_was_started_meanwhile_has_its_file(tmp_path: Path) -> None:
    """Between fork and exec a new program holds every open file. `dialctl run` starts git in many threads."""
    backend = LocalBackend(tmp_path)
    ready, go = os.pipe(), os.pipe()
    with backend.lease(holder(), 0, no_sleep), write_turn(tmp_path / ".dialctl" / "apply.lock"):
        child = os.fork()
        if child == 0:
            os.write(ready[1], b".")
            os.read(go[0], 1)
            os._exit(0)
        os.read(ready[0], 1)
    try:
        for _ in range(2):
            with LocalBackend(tmp_path).lease(holder("bob"), 0, no_sleep) as lease:
                lease.check()
        with write_turn(tmp_path / ".dialctl" / "apply.lock"):
            pass
    finally:
        os.write(go[1], b".")
        os.waitpid(child, 0)
        for end in (*ready, *go):
            os.close(end)
