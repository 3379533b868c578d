"""The lock in a folder: torn lines, file modes, and files that another program changes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import FrameType

import pytest

from declarative.errors import StateConflict, StateError
from declarative.state.base import StoredState
from declarative.state.local import LocalBackend
from tests.state.samples import holder, no_sleep

LINES = (b'{"step":1}', b'{"step":22}')
JOURNAL = b"".join(line + b"\n" for line in LINES)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "dialctl.lock.journal"


@pytest.mark.parametrize("end", range(len(JOURNAL) + 1))
def test_a_line_torn_by_a_crash_is_cut_off_before_the_next(tmp_path: Path, journal: Path, end: int) -> None:
    journal.write_bytes(JOURNAL[:end])
    whole = LINES[: JOURNAL[:end].count(b"\n")]
    backend = LocalBackend(tmp_path)
    assert backend.load().journal == whole
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b'{"step":3}')
    assert backend.load().journal == (*whole, b'{"step":3}')


@pytest.mark.parametrize("tail", [b"\0\0\0\0\0\n", b'{"step":\0\0\n', b"\0" * 100 + b"\n"])
def test_a_last_line_whose_data_never_came_is_cut_off(tmp_path: Path, journal: Path, tail: bytes) -> None:
    journal.write_bytes(JOURNAL + tail)
    backend = LocalBackend(tmp_path)
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b'{"step":3}')
    assert backend.load().journal == (*LINES, b'{"step":3}')


def test_reading_changes_nothing(tmp_path: Path, journal: Path) -> None:
    journal.write_bytes(JOURNAL + b"torn")
    backend = LocalBackend(tmp_path)
    backend.load()
    backend.holder()
    assert journal.read_bytes() == JOURNAL + b"torn"
    assert [path.name for path in tmp_path.iterdir()] == [journal.name]


def test_a_reader_sees_both_files_as_of_one_moment(tmp_path: Path) -> None:
    writer = LocalBackend(tmp_path)
    opened = 0

    def fold_before_the_journal_is_read(frame: FrameType, event: str, called: object) -> None:
        nonlocal opened
        if event == "c_call" and called is io.open:
            opened += 1
            if opened == 2:
                sys.setprofile(None)
                writer.fold(b"with the line")

    with writer.lease(holder(), 0, no_sleep):
        writer.fold(b"without")
        writer.append(LINES[0])
        sys.setprofile(fold_before_the_journal_is_read)
        try:
            assert LocalBackend(tmp_path).load() == StoredState(b"with the line")
        finally:
            sys.setprofile(None)
    assert opened == 2


def test_a_journal_removed_during_a_run_is_noticed(tmp_path: Path, journal: Path) -> None:
    backend = LocalBackend(tmp_path)
    with backend.lease(holder(), 0, no_sleep):
        backend.append(LINES[0])
        journal.unlink()
        with pytest.raises(StateConflict, match="cut or removed"):
            backend.append(LINES[1])


def test_the_lock_is_for_everyone_to_read_and_the_journal_is_not(tmp_path: Path, journal: Path) -> None:
    backend = LocalBackend(tmp_path)
    umask = os.umask(0o022)
    try:
        with backend.lease(holder(), 0, no_sleep):
            backend.fold(b"lock")
            backend.append(LINES[0])
    finally:
        os.umask(umask)
    assert (tmp_path / "dialctl.lock").stat().st_mode & 0o777 == 0o644
    assert journal.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".dialctl" / "apply.lock").stat().st_mode & 0o777 == 0o600


def test_a_lock_keeps_the_mode_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "dialctl.lock"
    path.write_bytes(b"old")
    path.chmod(0o600)
    backend = LocalBackend(tmp_path)
    backend.load()
    with backend.lease(holder(), 0, no_sleep):
        backend.fold(b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_that_leads_elsewhere_is_not_followed(tmp_path: Path, journal: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    journal.symlink_to(elsewhere)
    backend = LocalBackend(tmp_path)
    with backend.lease(holder(), 0, no_sleep), pytest.raises(StateError, match=journal.name):
        backend.append(LINES[0])
    assert elsewhere.read_bytes() == b""


def test_a_lock_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "dialctl.lock").mkdir()
    with pytest.raises(StateError, match=r"cannot read .*dialctl\.lock"):
        LocalBackend(tmp_path).load()
