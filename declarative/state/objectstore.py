"""The lock in an object store: one object, and one object for each line of its journal. Knows bytes only.

PREFIX/dialctl.lock    PREFIX/lease.json    PREFIX/clock    PREFIX/journal/<epoch>-<number>.json
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from declarative.errors import StateConflict
from declarative.state import objectstore_lease
from declarative.state.base import Holder, Lease, Sleep, StoredState, lease_lost_error
from declarative.state.objectstore_client import ObjectClient

if TYPE_CHECKING:
    from obstore import UpdateVersion

LOCK_KEY = "dialctl.lock"
JOURNAL_FOLDER = "journal"


class ObjectStoreBackend:
    """A prefix in a bucket as a backend. Tests give other `terms` of the lease."""

    def __init__(self, objects: ObjectClient, terms: objectstore_lease.LeaseTerms | None = None) -> None:
        self._objects = objects
        self._terms = terms or objectstore_lease.LeaseTerms()
        self._lease: objectstore_lease.ObjectStoreLease | None = None
        self._lock_version: UpdateVersion | None = None
        self._line_count = 0  # lines of the journal under this lease

    @property
    def location(self) -> str:
        return self._objects.location

    def load(self) -> StoredState:
        """Read all objects as of one moment: again, if another run folds in between."""
        while True:
            folded = objectstore_lease.read_lease(self._objects).folded
            lock_object = self._objects.get(LOCK_KEY)
            keys = [key for key in self._objects.list_keys(JOURNAL_FOLDER) if _line_id(key) > folded]
            lines = [stored_object.body for stored_object in self._objects.get_many(keys) if stored_object]
            reread = self._objects.get(LOCK_KEY)
            version = lock_object.version if lock_object else None
            if len(lines) == len(keys) and version == (reread.version if reread else None):
                self._lock_version = version
                return StoredState(lock_object.body if lock_object else None, tuple(lines))

    def append(self, line: bytes) -> None:
        lease = self._check_lease()
        # Protocol 1: a number is never used twice, because a write that failed may still arrive.
        self._line_count += 1
        if self._objects.put(f"{JOURNAL_FOLDER}/{self._last_line_id(lease)}.json", line, None) is None:
            raise lease_lost_error(self.location, lease.holder, "another run writes the journal under its number")
        # Protocol 11: a write that took too long may have outlived the lease, and a request would follow it.
        lease.check_time()

    def fold(self, lock: bytes) -> None:
        lease = self._check_lease()
        version = self._objects.put(LOCK_KEY, lock, self._lock_version)
        if version is None:
            raise StateConflict(
                f"{self.location}/{LOCK_KEY} was changed by another program during this run",
                hint="what this run did is safe in the journal beside it; look at the change, then run again",
            )
        self._lock_version = version
        last_line_id = self._last_line_id(lease)
        # Noted before the lines are deleted: a line that arrives late is dead then, and a crash here is harmless.
        lease.note_folded(last_line_id)
        self._objects.delete([key for key in self._objects.list_keys(JOURNAL_FOLDER) if _line_id(key) <= last_line_id])

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._lease = objectstore_lease.acquire(self._objects, holder, wait, sleep, self._terms, self._newest_epoch)
        self._line_count = 0
        return self._lease

    def holder(self) -> Holder | None:
        """Who holds the lease now. This machine's clock says whether it is over: enough to show it, not to take it."""
        stored_object = self._objects.get(objectstore_lease.LEASE_KEY)
        if stored_object is None or datetime.now(UTC) - stored_object.modified_at > timedelta(
            seconds=self._terms.duration
        ):
            return None
        return objectstore_lease.LeaseObject.from_json(stored_object.body, self.location).holder

    def break_lease(self, lease_id: str) -> None:
        objectstore_lease.break_lease(self._objects, lease_id)

    def _check_lease(self) -> objectstore_lease.ObjectStoreLease:
        if self._lease is None:
            raise lease_lost_error(self.location, None, "it was never taken")
        self._lease.check()
        return self._lease

    def _last_line_id(self, lease: objectstore_lease.ObjectStoreLease) -> str:
        return f"{lease.epoch:08}-{self._line_count:08}"

    def _newest_epoch(self) -> int:
        """The epoch of the last line in the journal. 0: there is none."""
        keys = self._objects.list_keys(JOURNAL_FOLDER)
        return int(_line_id(keys[-1]).split("-")[0]) if keys else 0


def _line_id(key: str) -> str:
    """`<epoch>-<number>`, which sorts as the lines were written."""
    return key.removeprefix(f"{JOURNAL_FOLDER}/").removesuffix(".json")
