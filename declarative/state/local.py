"""The lock beside the Project document: `dialctl.lock`, its journal, and the folder's lease. Knows bytes
only."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

import orjson

from declarative.errors import StateConflict
from declarative.state import local_files as files
from declarative.state import local_lease as oslock
from declarative.state.base import Holder, Lease, Sleep, Stored, lost

LOCK = "dialctl.lock"
JOURNAL = "dialctl.lock.journal"
LEASE = Path(".dialctl") / "apply.lock"

steps = logging.getLogger("dialctl.steps")


class Directory:
    """The folder of the Project document as a backend."""

    def __init__(self, directory: Path) -> None:
        self._lock = directory / LOCK
        self._journal = directory / JOURNAL
        self._turn = directory / LEASE
        self._lease: oslock.FolderLease | None = None
        self._seen: bytes | None = None
        self._end: int | None = None  # of the journal, once this lease has looked

    @property
    def where(self) -> str:
        return str(self._lock)

    def load(self) -> Stored:
        """Both files as of one moment: read again while somebody folds in between."""
        while True:
            lock = files.read(self._lock)
            journal = files.read(self._journal) or b""
            if files.read(self._lock) == lock:
                self._seen = lock
                return Stored(lock, tuple(journal.split(b"\n")[:-1]))  # what follows the last break is torn

    def append(self, line: bytes) -> None:
        steps.debug("append: %d bytes to %s", len(line), self._journal.name)
        self._check()  # as late as can be: a stale end cuts off what another run wrote
        with files.explained(self._journal):
            created = not self._journal.exists()
            fd = os.open(self._journal, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                end = self._sound_end(fd)
                self._write(fd, line + b"\n", end)
                self._end = end + len(line) + 1
            finally:
                os.close(fd)
            if created:
                files.sync_folder(self._journal.parent)
        steps.debug("appended: %s", self._journal.name)

    def fold(self, lock: bytes) -> None:
        self._check()
        if files.read(self._lock) != self._seen:
            raise StateConflict(
                f"{self._lock} was changed by somebody else during this run",
                hint=f"what this run did is safe in {self._journal.name}; look at the change, then run again",
            )
        steps.debug("fold: %d bytes to %s", len(lock), self._lock.name)
        self._check()
        files.replace(self._lock, lock)
        self._seen = lock
        steps.debug("replaced: %s", self._lock.name)
        self._check()  # a journal that stays is harmless, another run's that goes is not
        with files.explained(self._journal):
            with suppress(FileNotFoundError):
                self._journal.unlink()
            files.sync_folder(self._journal.parent)
        self._end = 0
        steps.debug("folded: %s", self._lock.name)

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._end = None
        self._lease = oslock.take(self._turn, holder, wait, sleep)
        return self._lease

    def holder(self) -> Holder | None:
        return oslock.read_holder(self._turn)

    def break_lease(self, lease_id: str) -> None:
        oslock.break_lease(self._turn, lease_id)

    def _check(self) -> None:
        if self._lease is None:
            raise lost(self.where, None, "it was never taken")
        self._lease.check()

    def _sound_end(self, fd: int) -> int:
        size = os.fstat(fd).st_size
        if self._end is None:
            return _sound_length(os.pread(fd, size, 0))
        if size < self._end:
            raise StateConflict(
                f"{self._journal} was removed or cut by somebody else during this run",
                hint="put it back if you can, or run dialctl state rebuild",
            )
        return self._end

    def _write(self, fd: int, data: bytes, end: int) -> None:
        os.ftruncate(fd, end)
        try:
            files.write_all(fd, data, end)
        except OSError:
            with suppress(OSError):  # if this fails too, the next append cuts it off
                os.ftruncate(fd, end)
            raise


def _sound_length(journal: bytes) -> int:
    """Where the last line ends that was written whole. A crash may leave half a line, or its length without
    its data: neither was ever durable."""
    end = journal.rfind(b"\n") + 1
    last = journal[journal.rfind(b"\n", 0, max(end - 1, 0)) + 1 : end]
    try:
        orjson.loads(last)
    except orjson.JSONDecodeError:
        return end - len(last)
    return end
