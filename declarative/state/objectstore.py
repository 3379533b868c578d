"""The lock in an object store: one object, and one object for each line of its journal. Knows bytes only.

PREFIX/dialctl.lock    PREFIX/lease.json    PREFIX/clock    PREFIX/journal/<epoch>-<number>.json
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from declarative.errors import StateConflict
from declarative.state import objectstore_lease as storelease
from declarative.state.base import Holder, Lease, Sleep, Stored, lost
from declarative.state.objectstore_client import Objects

if TYPE_CHECKING:
    from obstore import UpdateVersion

LOCK = "dialctl.lock"
JOURNAL = "journal"


class ObjectStore:
    """A prefix in a bucket as a backend. `terms` of the lease are for those who know their store."""

    def __init__(self, objects: Objects, terms: storelease.LeaseTerms | None = None) -> None:
        self._objects = objects
        self._terms = terms or storelease.LeaseTerms()
        self._lease: storelease.StoreLease | None = None
        self._seen: UpdateVersion | None = None
        self._lines = 0  # written under this lease

    @property
    def where(self) -> str:
        return self._objects.where

    def load(self) -> Stored:
        """All objects as of one moment: read again while somebody folds in between."""
        while True:
            folded = storelease.read(self._objects).folded
            lock = self._objects.get(LOCK)
            names = [name for name in self._objects.names(JOURNAL) if _line(name) > folded]
            lines = [found.body for found in self._objects.get_many(names) if found]
            again = self._objects.get(LOCK)
            version = lock.version if lock else None
            if len(lines) == len(names) and version == (again.version if again else None):
                self._seen = version
                return Stored(lock.body if lock else None, tuple(lines))

    def append(self, line: bytes) -> None:
        lease = self._checked()
        self._lines += 1  # never used twice: a write that failed may still arrive
        if self._objects.put(f"{JOURNAL}/{self._last(lease)}.json", line, None) is None:
            raise lost(self.where, lease.holder, "another run writes the journal under its number")
        lease.check_time()

    def fold(self, lock: bytes) -> None:
        lease = self._checked()
        version = self._objects.put(LOCK, lock, self._seen)
        if version is None:
            raise StateConflict(
                f"{self.where}/{LOCK} was changed by somebody else during this run",
                hint="what this run did is safe in the journal beside it; look at the change, then run again",
            )
        self._seen = version
        last = self._last(lease)
        lease.note_folded(last)
        self._objects.delete([name for name in self._objects.names(JOURNAL) if _line(name) <= last])

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._lease = storelease.take(self._objects, holder, wait, sleep, self._terms, self._newest_epoch)
        self._lines = 0
        return self._lease

    def holder(self) -> Holder | None:
        """By this machine's clock whether it is over: good enough to show, not to take it."""
        found = self._objects.get(storelease.KEY)
        if found is None or datetime.now(UTC) - found.written > timedelta(seconds=self._terms.duration):
            return None
        return storelease.LeaseObject.of_json(found.body, self.where).holder

    def break_lease(self, lease_id: str) -> None:
        storelease.break_lease(self._objects, lease_id)

    def _checked(self) -> storelease.StoreLease:
        if self._lease is None:
            raise lost(self.where, None, "it was never taken")
        self._lease.check()
        return self._lease

    def _last(self, lease: storelease.StoreLease) -> str:
        return f"{lease.epoch:08}-{self._lines:08}"

    def _newest_epoch(self) -> int:
        names = self._objects.names(JOURNAL)
        return int(_line(names[-1]).split("-")[0]) if names else 0


def _line(name: str) -> str:
    return name.removeprefix(f"{JOURNAL}/").removesuffix(".json")
