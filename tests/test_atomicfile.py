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


@raising
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


@pytest.mark.parametrize("write", [atomicfile.write_private, atomicfile.write_cache])
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


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    """A file in the cache of a checkout."""
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    return tmp_path / "checkout" / "calls" / ".dialctl" / "cache" / "file"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path / "home"


def test_a_cache_is_read_back_and_is_its_owners_only(cache_file: Path) -> None:
    umask = os.umask(0)
    try:
        atomicfile.write_cache(cache_file, b"counts")
    finally:
        os.umask(umask)
    assert atomicfile.read_cache(cache_file) == b"counts"
    assert mode(cache_file) == 0o600
    assert [mode(folder) for folder in (cache_file.parent, cache_file.parent.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("umask", [0o077, 0o022, 0, 0o777])
def test_a_folder_of_dialctls_own_is_closed_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    (tmp_path / ".dialctl").mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        atomicfile.make_private_folder(tmp_path / ".dialctl")
        atomicfile.make_private_folder(tmp_path / "new")
    finally:
        os.umask(before)
    assert (mode(tmp_path / ".dialctl"), mode(tmp_path / "new")) == (0o700, 0o700)


def test_a_cache_that_another_user_or_machine_wrote_is_not_believed(cache_file: Path, home: Path) -> None:
    """As one that a commit brings along."""
    atomicfile.write_cache(cache_file, b"nobody was called")
    planted = cache_file.read_bytes()
    (home / ".cache" / "dialctl" / "signing.key").unlink()
    assert atomicfile.read_cache(cache_file) is None
    atomicfile.write_cache(cache_file, b"two were called")
    assert atomicfile.read_cache(cache_file) == b"two were called"
    cache_file.write_bytes(planted)
    assert atomicfile.read_cache(cache_file) is None


def test_a_cache_in_the_place_of_another_is_not_believed(cache_file: Path) -> None:
    atomicfile.write_cache(cache_file, b"of an older state")
    cache_file.rename(cache_file.with_name("other"))
    assert atomicfile.read_cache(cache_file.with_name("other")) is None


@pytest.mark.parametrize("place", range(40))
def test_a_damaged_cache_is_not_believed(cache_file: Path, place: int) -> None:
    atomicfile.write_cache(cache_file, b"12345678")
    whole = cache_file.read_bytes()
    cache_file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert atomicfile.read_cache(cache_file) is None
    cache_file.write_bytes(whole[:place])
    assert atomicfile.read_cache(cache_file) is None


def test_a_key_that_a_commit_or_another_user_could_have_written_signs_nothing(
    cache_file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomicfile.write_cache(cache_file, b"1")
    (home / ".cache" / "dialctl" / "signing.key").chmod(0o640)
    assert atomicfile.read_cache(cache_file) is None
    checkout = cache_file.parents[3]
    for name in (str(checkout / ".cache"), ".cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", name)
        monkeypatch.setenv("HOME", str(checkout))
        atomicfile.write_cache(cache_file, b"2")
        assert atomicfile.read_cache(cache_file) is None
    assert not (checkout / ".cache").exists()


def test_a_cache_that_cannot_be_kept_costs_time_alone(cache_file: Path, home: Path) -> None:
    with full_disk():
        atomicfile.write_cache(cache_file, b"x" * 100)
    assert atomicfile.read_cache(cache_file) is None
    cache_file.parent.rmdir() if cache_file.parent.exists() else cache_file.parents[1].mkdir(parents=True)
    cache_file.parent.touch()
    atomicfile.write_cache(cache_file, b"new")
    assert atomicfile.read_cache(cache_file) is None


def test_a_pipe_in_the_place_of_a_cache_is_not_waited_for(cache_file: Path) -> None:
    atomicfile.write_cache(cache_file, b"1")
    cache_file.unlink()
    os.mkfifo(cache_file)
    assert atomicfile.read_cache(cache_file) is None


@pytest.mark.parametrize("linked", [".dialctl", "cache", "file"])
def test_a_link_is_not_followed_to_a_cache(cache_file: Path, tmp_path: Path, linked: str) -> None:
    atomicfile.write_cache(cache_file, b"1")
    path = {".dialctl": cache_file.parents[1], "cache": cache_file.parent, "file": cache_file}[linked]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").rglob("*"))
    assert atomicfile.read_cache(cache_file) is None
    atomicfile.write_cache(cache_file, b"2")
    assert sorted((tmp_path / "elsewhere").rglob("*")) == before


@pytest.mark.parametrize("offset", [0, 4])
def test_write_all_writes_everything_at_its_offset(tmp_path: Path, offset: int) -> None:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        atomicfile.write_all(fd, b"x" * 100_000, offset)
        assert os.pread(fd, 200_000, offset) == b"x" * 100_000
    finally:
        os.close(fd)
