"""The lock in the project's folder: `dialctl.lock`, its journal, and the lease of the folder. Knows bytes only."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from declarative import atomicfile
from declarative.errors import StateConflict
from declarative.state import local_files, local_lease, local_log
from declarative.state.base import Holder, Lease, Log, Sleep, StoredState, lease_lost_error

LOCK_FILE = "dialctl.lock"
JOURNAL_FILE = "dialctl.lock.journal"
LEASE_FILE = Path(".dialctl") / "apply.lock"
ROUND_FILE = Path(".dialctl") / "round.json"

steps = logging.getLogger("dialctl.steps")
"""Tells each step of a write as it happens, with file names and sizes only."""


@dataclass(frozen=True)
class _JournalTail:
    """How the journal ended when it was last read or written."""

    size: int
    """Bytes in the file."""
    end: int
    """Bytes up to the end of the last line that was written whole. A torn line may follow it."""
    last_line: bytes
    """That line, without its line break."""

    @classmethod
    def from_bytes(cls, journal: bytes) -> _JournalTail:
        lines = _split_lines(journal)
        return cls(len(journal), sum(len(line) + 1 for line in lines), lines[-1] if lines else b"")

    def followed_by(self, line: bytes) -> _JournalTail:
        """The end of the journal after one more line."""
        size = self.end + len(line) + 1
        return _JournalTail(size, size, line)

    def fits(self, fd: int) -> bool:
        """Whether the open file still ends so. Only its size and its last line are read."""
        line_start = self.end - len(self.last_line) - 1
        is_empty = self.end == 0
        return os.fstat(fd).st_size == self.size and (
            is_empty or os.pread(fd, len(self.last_line), line_start) == self.last_line
        )


class LocalBackend:
    """A folder as a backend."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock_path = directory / LOCK_FILE
        self._journal_path = directory / JOURNAL_FILE
        self._lease_path = directory / LEASE_FILE
        self._lease: local_lease.LocalLease | None = None
        self._loaded_lock: bytes | None = None
        self._tail: _JournalTail | None = None  # None until the journal was read under this lease

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
                self._tail = _JournalTail.from_bytes(journal)
                return StoredState(lock, tuple(_split_lines(journal)))

    def append(self, line: bytes) -> None:
        steps.debug("append: %d bytes to %s", len(line), self._journal_path.name)
        self._check_lease()
        with local_lease.write_turn(self._lease_path):
            # Protocol 11: checked within the turn, because a stale end would cut off what another run wrote.
            self._check_lease()
            with local_files.translate_os_errors(self._journal_path):
                self._append_line(line)
        steps.debug("appended: %s", self._journal_path.name)

    def fold(self, lock: bytes) -> None:
        self._check_lease()
        steps.debug("fold: %d bytes to %s", len(lock), self._lock_path.name)
        with local_lease.write_turn(self._lease_path):
            # Protocol 11: neither the lock nor the journal of another run must go.
            self._check_lease()
            with local_files.translate_os_errors(self._journal_path):
                self._check_journal()
            self._replace_lock(lock)
            with local_files.translate_os_errors(self._journal_path):
                with suppress(FileNotFoundError):
                    self._journal_path.unlink()
                atomicfile.sync_folder(self._journal_path.parent)
            self._tail = _JournalTail.from_bytes(b"")
        steps.debug("folded: %s", self._lock_path.name)

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._tail = None
        self._lease = local_lease.acquire(self._lease_path, holder, wait, sleep)
        return self._lease

    def holder(self) -> Holder | None:
        return local_lease.read_holder(self._lease_path)

    def break_lease(self, lease_id: str) -> None:
        local_lease.break_lease(self._lease_path, lease_id)

    def read_lines(self, log: Log) -> tuple[bytes, ...]:
        return local_log.read_lines(self._directory / log)

    def add_line(self, log: Log, line: bytes) -> None:
        steps.debug("add: %d bytes to %s", len(line), log)
        local_log.add_line(self._directory / log, line)
        steps.debug("added: %s", log)

    def read_round(self) -> bytes | None:
        return local_files.read_or_none(self._directory / ROUND_FILE)

    def write_round(self, note: bytes) -> None:
        path = self._directory / ROUND_FILE
        local_files.make_folder(path.parent)
        with local_files.translate_os_errors(path):
            atomicfile.write_private(path, note)

    def _check_lease(self) -> None:
        if self._lease is None:
            raise lease_lost_error(self.location, None, "it was never taken")
        self._lease.check()

    def _append_line(self, line: bytes) -> None:
        created = not self._journal_path.exists()
        fd = os.open(self._journal_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            tail = self._check_tail(fd)
            try:
                os.ftruncate(fd, tail.end)
                atomicfile.write_all(fd, line + b"\n", tail.end)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(fd, tail.end)
                self._tail = replace(tail, size=os.fstat(fd).st_size)
                raise
            self._tail = tail.followed_by(line)
        finally:
            os.close(fd)
        if created:
            atomicfile.sync_folder(self._journal_path.parent)

    def _check_journal(self) -> None:
        """Raise StateConflict where the journal that is to be dropped holds lines that we do not know."""
        with suppress(FileNotFoundError):
            fd = os.open(self._journal_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                self._check_tail(fd)
            finally:
                os.close(fd)

    def _check_tail(self, fd: int) -> _JournalTail:
        """The end of the open journal. Raises StateConflict where it is not the one that we know."""
        tail = self._tail or _JournalTail.from_bytes(os.pread(fd, os.fstat(fd).st_size, 0))
        if not tail.fits(fd):
            raise StateConflict(
                f"{self._journal_path} was written, cut or removed by another program during this run",
                hint="look at the change, and put the file back if it is gone; then run again. If it is lost: "
                "dialctl state rebuild",
            )
        return tail

    def _replace_lock(self, lock: bytes) -> None:
        if local_files.read_or_none(self._lock_path) != self._loaded_lock:
            raise StateConflict(
                f"{self._lock_path} was changed by another program during this run",
                hint=f"what this run did is safe in {self._journal_path.name}; look at the change, then run again",
            )
        local_files.replace_file(self._lock_path, lock)
        self._loaded_lock = lock
        steps.debug("replaced: %s", self._lock_path.name)


def _split_lines(journal: bytes) -> list[bytes]:
    """The lines of a journal without a last one that a crash tore, for that one was never durable.

    A crash leaves a line without its end, or with its length and without all its data. Everything else that is no
    line is damage. It is kept, and format.py refuses it.
    """
    *lines, rest = journal.split(b"\n")
    if rest and not _is_beginning_of_line(rest):
        lines.append(rest)
    elif lines and not rest and b"\0\0" in lines[-1]:
        lines.pop()
    return lines


def _is_beginning_of_line(text: bytes) -> bool:
    """Whether a text that no line break ends can be the first part of a line. It cannot if it goes on after a line."""
    decoded = text.decode(errors="replace")
    try:
        _, end = JSONDecoder().raw_decode(decoded)
    except JSONDecodeError:
        return True
    return end == len(decoded)
