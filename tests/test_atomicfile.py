"""Files are written whole or not at all, and a failure leaves what was there."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from declarative import atomicfile

Write = Callable[[Path, bytes], None]
raising = pytest.mark.parametrize("write", [atomicfile.write_durable, atomicfile.write_private])
every_writer = pytest.mark.parametrize(
    "write", [atomicfile.write_durable, atomicfile.write_private, atomicfile.write_best_effort]
)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 10 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@every_writer
@pytest.mark.parametrize("before", [None, b"", b"much longer than what follows"])
def test_the_whole_content_is_replaced(write: Write, tmp_path: Path, before: bytes | None) -> None:
    file = tmp_path / "file"
    if before is not None:
        file.write_bytes(before)
    write(file, b"new")
    assert file.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@raising
def test_a_full_disk_raises_and_leaves_the_old_file_whole(write: Write, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with full_disk(), pytest.raises(OSError, match="too large"):
        write(file, b"x" * 100)
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@raising
def test_a_folder_that_is_not_there_raises(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "file", b"new")


def test_best_effort_makes_folders_and_ignores_a_full_disk(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "members" / "file"
    with full_disk():
        atomicfile.write_best_effort(file, b"x" * 100)
    assert names(file.parent) == []
    assert mode(file.parent) == 0o700


def test_best_effort_ignores_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    atomicfile.write_best_effort(tmp_path / "cache" / "file", b"new")
    assert names(tmp_path) == ["cache"]


@pytest.mark.parametrize("write", [atomicfile.write_private, atomicfile.write_best_effort])
def test_private_files_are_their_owners_only_even_over_a_file_that_was_not(write: Write, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o644)
    write(file, b"new")
    assert mode(file) == 0o600


def test_a_durable_file_keeps_its_mode_and_a_new_one_gets_what_the_umask_allows(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.touch()
    kept.chmod(0o640)
    umask = os.umask(0o027)
    try:
        atomicfile.write_durable(kept, b"new")
        atomicfile.write_durable(new, b"new")
    finally:
        os.umask(umask)
    assert (mode(kept), mode(new)) == (0o640, 0o640)


def test_a_draft_left_by_a_crash_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".file.draft").write_bytes(b"half of something longer")
    atomicfile.write_durable(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]


def test_a_link_in_the_drafts_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"of somebody else")
    (tmp_path / ".file.draft").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        atomicfile.write_durable(tmp_path / "file", b"new")
    assert elsewhere.read_bytes() == b"of somebody else"


@pytest.mark.parametrize("offset", [0, 4])
def test_write_all_writes_everything_at_its_offset(tmp_path: Path, offset: int) -> None:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        atomicfile.write_all(fd, b"x" * 100_000, offset)
        assert os.pread(fd, 200_000, offset) == b"x" * 100_000
    finally:
        os.close(fd)
