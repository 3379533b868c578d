"""The lock in the project's folder: `dialctl.lock`, its journal, and the lease of the folder. Knows bytes only."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

import orjson

from declarative import atomicfile
from declarative.errors import StateConflict
from declarative.state import local_files, local_lease
from declarative.state.base import Holder, Lease, Sleep, StoredState, lease_lost_error

LOCK_FILE = "dialctl.lock"
JOURNAL_FILE = "dialctl.lock.journal"
LEASE_FILE = Path(".dialctl") / "apply.lock"

steps = logging.getLogger("dialctl.steps")
"""Tells each step of a write as it happens, with file names and sizes only."""


class LocalBackend:
    """A folder as a backend."""

    def __init__(self, directory: Path) -> None:
        self._lock_path = directory / LOCK_FILE
        self._journal_path = directory / JOURNAL_FILE
        self._lease_path = directory / LEASE_FILE
        self._lease: local_lease.LocalLease | None = None
        self._loaded_lock: bytes | None = None
        self._journal_end: int | None = None  # bytes; None until this lease has written a line

    @property
    def location(self) -> str:
        return str(self._lock_path)

    def load(self) -> StoredState:
        """Read both files as of one moment: again, if another run folds in between."""
        while True:
            lock = local_files.read_or_none(self._lock_path)
            journal = local_files.read_or_none(self._journal_path) or b""
            if local_files.read_or_none(self._lock_path) == lock:
                self._loaded_lock = lock
                return StoredState(lock, tuple(journal.split(b"\n")[:-1]))  # after the last line break it is torn

    def append(self, line: bytes) -> None:
        steps.debug("append: %d bytes to %s", len(line), self._journal_path.name)
        # Protocol 11: checked as late as possible, because a stale end would cut off what another run wrote.
        self._check_lease()
        with local_files.translate_os_errors(self._journal_path):
            created = not self._journal_path.exists()
            fd = os.open(self._journal_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                end = self._find_journal_end(fd)
                self._write_line(fd, line + b"\n", end)
                self._journal_end = end + len(line) + 1
            finally:
                os.close(fd)
            if created:
                atomicfile.sync_folder(self._journal_path.parent)
        steps.debug("appended: %s", self._journal_path.name)

    def fold(self, lock: bytes) -> None:
        self._check_lease()
        if local_files.read_or_none(self._lock_path) != self._loaded_lock:
            raise StateConflict(
                f"{self._lock_path} was changed by another program during this run",
                hint=f"what this run did is safe in {self._journal_path.name}; look at the change, then run again",
            )
        steps.debug("fold: %d bytes to %s", len(lock), self._lock_path.name)
        self._check_lease()
        local_files.replace_file(self._lock_path, lock)
        self._loaded_lock = lock
        steps.debug("replaced: %s", self._lock_path.name)
        # Protocol 11: a journal that stays is harmless, but the journal of another run must not go.
        self._check_lease()
        with local_files.translate_os_errors(self._journal_path):
            with suppress(FileNotFoundError):
                self._journal_path.unlink()
            atomicfile.sync_folder(self._journal_path.parent)
        self._journal_end = 0
        steps.debug("folded: %s", self._lock_path.name)

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._journal_end = None
        self._lease = local_lease.acquire(self._lease_path, holder, wait, sleep)
        return self._lease

    def holder(self) -> Holder | None:
        return local_lease.read_holder(self._lease_path)

    def break_lease(self, lease_id: str) -> None:
        local_lease.break_lease(self._lease_path, lease_id)

    def _check_lease(self) -> None:
        if self._lease is None:
            raise lease_lost_error(self.location, None, "it was never taken")
        self._lease.check()

    def _find_journal_end(self, fd: int) -> int:
        """Where the next line goes. Raises StateConflict where the file is shorter than we left it."""
        size = os.fstat(fd).st_size
        if self._journal_end is None:
            return _intact_length(os.pread(fd, size, 0))
        if size < self._journal_end:
            raise StateConflict(
                f"{self._journal_path} was removed or cut by another program during this run",
                hint="put it back if you can, or run dialctl state rebuild",
            )
        return self._journal_end

    def _write_line(self, fd: int, data: bytes, end: int) -> None:
        """Write at `end`, over everything that follows it. If that fails, the journal ends there."""
        os.ftruncate(fd, end)
        try:
            atomicfile.write_all(fd, data, end)
        except OSError:
            with suppress(OSError):  # if this fails too, the next append cuts it off
                os.ftruncate(fd, end)
            raise


def _intact_length(journal: bytes) -> int:
    """Bytes up to the end of the last line that was written whole.

    A crash may leave half a line, or a line with its length and without its data. Neither was ever durable.
    """
    end = journal.rfind(b"\n") + 1
    last_line = journal[journal.rfind(b"\n", 0, max(end - 1, 0)) + 1 : end]
    try:
        orjson.loads(last_line)
    except orjson.JSONDecodeError:
        return end - len(last_line)
    return end
