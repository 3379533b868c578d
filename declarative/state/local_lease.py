"""One run at a time in one folder, by an OS lock. The kernel releases it when the process dies, however it dies.

Knows nothing of what is written under it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from declarative.errors import NEEDS_POSIX, StateError
from declarative.state.base import (
    Holder,
    Sleep,
    lease_held_error,
    lease_lost_error,
    lease_unknown_error,
    retry_until,
)
from declarative.state.local_files import make_folder, refuse_link, translate_os_errors

try:
    import fcntl
except ImportError as error:
    raise ImportError(NEEDS_POSIX) from error

WRITE_LOCK_NAME = "write.lock"
"""File beside that of the lease, locked for each write."""

_MAX_TRIES = 20  # a reader holds a shared lock for an instant, and then we try again
_HELD_HINT = "wait longer with --lock-timeout, or end that process: its lease ends with it"


class LocalLease:
    """An OS lock on an open file that its path still names. To remove the file is to take the lease away."""

    def __init__(self, path: Path, fd: int, holder: Holder) -> None:
        self.holder = holder
        self._path = path
        self._fd: int | None = fd

    def check(self) -> None:
        # Protocol 11: called before every send and every write.
        if self._fd is None:
            raise lease_lost_error(str(self._path), self.holder, "it was released")
        try:
            is_ours = _is_same_file(self._fd, self._path)
        except OSError as error:
            reason = f"its file cannot be read: {error.strerror or error}"
            raise lease_lost_error(str(self._path), self.holder, reason) from error
        if not is_ours:
            raise lease_lost_error(str(self._path), self.holder, "the file was removed or the lease was broken")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            with suppress(OSError):  # empty for readers; the lock of the kernel is what counts
                os.ftruncate(self._fd, 0)
            close_locked(self._fd)
            self._fd = None


def acquire(path: Path, holder: Holder, wait: float, sleep: Sleep) -> LocalLease:
    """Take the lease whose file is `path`, within `wait` seconds. Raises LeaseHeld.

    Raises StateError when the file cannot be written.
    """
    make_folder(path.parent)
    with translate_os_errors(path):
        lease = retry_until(lambda: _try_acquire_file(path, holder), wait, sleep)
    if lease is None:
        raise lease_held_error(str(path.parent.parent), read_holder(path), hint=_HELD_HINT)
    return lease


def read_holder(path: Path) -> Holder | None:
    """Who holds the lease now. None: no run holds it. Changes nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.pread(fd, 4096, 0)
        return Holder.from_json(text) if text and not _try_flock(fd, fcntl.LOCK_SH) else None
    finally:
        close_locked(fd)


def break_lease(path: Path, lease_id: str) -> None:
    """Remove the file of the lease. Its holder finds out at the next check.

    Raises StateError when no run holds the lease under this id, and while its holder is in the middle of a write.
    """
    holder = read_holder(path)
    if holder is None or holder.id != lease_id:
        raise lease_unknown_error(str(path.parent.parent), lease_id, holder)
    with write_turn(path), translate_os_errors(path):
        path.unlink(missing_ok=True)


@contextmanager
def write_turn(lease_path: Path) -> Iterator[None]:
    """Hold off every other write to the folder until the end of the block, whoever holds the lease.

    Protocol 11: a run can stand still between its check of the lease and its write, lose the lease meanwhile, and go
    on. So both happen in one turn, and no lease is broken within it. Raises StateError while another run has its turn.
    """
    refuse_link(lease_path.parent)
    path = lease_path.with_name(WRITE_LOCK_NAME)
    with translate_os_errors(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with translate_os_errors(path):
            has_turn = _try_flock(fd, fcntl.LOCK_EX)
        if not has_turn:
            raise _write_under_way_error(lease_path)
        yield
    finally:
        close_locked(fd)


def try_exclusive(fd: int) -> bool:
    """Lock an open file for this process alone, until it is closed. False: another process has locked it."""
    return _try_flock(fd, fcntl.LOCK_EX)


def close_locked(fd: int) -> None:
    """Close a file that may be locked, and end its lock now. A program that another thread starts has the file open for
    an instant, and its lock would last as long."""
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def _write_under_way_error(lease_path: Path) -> StateError:
    holder = read_holder(lease_path)
    process = f"process {holder.pid} on {holder.host}" if holder else "a process that held the lease before"
    return StateError(
        f"{process} is in the middle of a write to {lease_path.parent.parent}, and nothing else may be written there",
        hint="run again; if it stands still, end that process (kill -9): its lease and its write end with it",
    )


def _try_acquire_file(path: Path, holder: Holder) -> LocalLease | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(_MAX_TRIES):
        fd = os.open(path, flags, 0o600)
        if _try_flock(fd, fcntl.LOCK_EX) and _is_same_file(fd, path):
            return _write_holder(path, fd, holder)
        only_readers = _try_flock(fd, fcntl.LOCK_SH)
        close_locked(fd)
        if not only_readers:
            return None
    return None


def _write_holder(path: Path, fd: int, holder: Holder) -> LocalLease:
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, holder.to_json(), 0)
    except OSError:
        os.close(fd)
        raise
    return LocalLease(path, fd, holder)


def _try_flock(fd: int, operation: int) -> bool:
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(fd: int, path: Path) -> bool:
    try:
        path_stat = path.stat()
    except FileNotFoundError:
        return False
    fd_stat = os.fstat(fd)
    return (path_stat.st_dev, path_stat.st_ino) == (fd_stat.st_dev, fd_stat.st_ino)
