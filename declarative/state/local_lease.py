"""One run at a time in one folder, by an OS lock: the kernel gives it back when the process dies, however it
dies. Knows nothing of what is written under it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from declarative.errors import StateError
from declarative.state.base import Holder, Sleep, held, lost, retry_until
from declarative.state.local_files import explained

_TRIES = 20  # against lookers, who hold the file shared for an instant
_WAIT_OR_END = "wait longer with --lock-timeout, or end that process: its lease ends with it"


class FolderLease:
    """An OS lock on an open file that the path still names: who removes the file takes the lease away."""

    def __init__(self, path: Path, fd: int, holder: Holder) -> None:
        self.holder = holder
        self._path = path
        self._fd: int | None = fd

    def check(self) -> None:
        if self._fd is None:
            raise lost(str(self._path), self.holder, "it was given back")
        if not _named(self._fd, self._path):
            raise lost(str(self._path), self.holder, "somebody removed the file or broke the lease")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            with suppress(OSError):  # emptied for those who look; the kernel's own word is what counts
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None


def take(path: Path, holder: Holder, wait: float, sleep: Sleep) -> FolderLease:
    """The lease of the folder that `path` lies in. Raises LeaseHeld, and StateError when the file cannot
    be."""
    with explained(path):
        path.parent.mkdir(exist_ok=True)
        lease = retry_until(lambda: _attempt(path, holder), wait, sleep)
    if lease is None:
        raise held(str(path.parent.parent), read_holder(path), hint=_WAIT_OR_END)
    return lease


def read_holder(path: Path) -> Holder | None:
    """Who holds the lease now; changes nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.pread(fd, 4096, 0)
        return Holder.of_json(text) if text and not _lock(fd, fcntl.LOCK_SH) else None
    finally:
        os.close(fd)


def break_lease(path: Path, lease_id: str) -> None:
    """Remove the file from under its holder, who finds out at the next check. Raises StateError."""
    holder = read_holder(path)
    if holder is None or holder.id != lease_id:
        now = f"held by {holder}, lease {holder.id}" if holder else "held by nobody"
        raise StateError(f"there is no lease {lease_id} on {path.parent.parent}: it is {now}")
    with explained(path):
        path.unlink(missing_ok=True)


def _attempt(path: Path, holder: Holder) -> FolderLease | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(_TRIES):
        fd = os.open(path, flags, 0o600)
        if _lock(fd, fcntl.LOCK_EX) and _named(fd, path):
            return _signed(path, fd, holder)
        looker_only = _lock(fd, fcntl.LOCK_SH)
        os.close(fd)
        if not looker_only:
            return None
    return None


def _signed(path: Path, fd: int, holder: Holder) -> FolderLease:
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, holder.to_json(), 0)
    except OSError:
        os.close(fd)
        raise
    return FolderLease(path, fd, holder)


def _lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    mine = os.fstat(fd)
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)
