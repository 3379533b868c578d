"""Writes the journal of one run, line by line, and folds it into the lock. Knows no record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from declarative.state.base import Backend, Lease, StoredState
from declarative.state.codec import JsonObject, join_patches
from declarative.state.format import journal_line, read_checksum


class JournalWriter:
    """Works under the lease of one run. Raises LeaseLost, and StateError where the backend fails."""

    def __init__(self, backend: Backend, lease: Lease, stored: StoredState) -> None:
        self._backend = backend
        self._lease = lease
        self._checksum = read_checksum(stored.journal[-1]) if stored.journal else ""
        self._step: JsonObject | None = None  # what one_step() is to write

    @property
    def is_empty(self) -> bool:
        """Whether all that was written is in the lock."""
        return not self._checksum

    @contextmanager
    def one_step(self, lineage: str) -> Iterator[None]:
        """Write what is appended within it as one line, durable when this ends. Nothing where it breaks off."""
        self._step = {}
        try:
            yield
            patch = self._step
        finally:
            self._step = None
        if patch:
            self.append(lineage, patch)

    def append(self, lineage: str, patch: JsonObject) -> None:
        """Write one line, durable when this returns."""
        if self._step is not None:
            self._step = join_patches(self._step, patch)
            return
        # Protocol 11: a run that lost its lease does not write. Protocol 1: the line is durable before we return.
        self._lease.check()
        line = journal_line(lineage, patch, self._checksum)
        self._backend.append(line)
        self._checksum = read_checksum(line)

    def fold(self, lock: bytes) -> None:
        """Write the whole lock and drop the journal."""
        self._lease.check()
        self._backend.fold(lock)
        self._checksum = ""
