"""The lock in an object store: one object, and one object for each line of its journal. Knows bytes only.

PREFIX/dialctl.lock    PREFIX/lease.json    PREFIX/clock    PREFIX/round.json
PREFIX/journal/<epoch>-<number>[-after-<epoch>-<number>].json
PREFIX/<name of a list>/<number>.json

The name of a line says which line its writer knew as the last. A line that no later line follows in this way was never
acted upon: its writer had no answer, or had lost its lease before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from declarative.errors import StateConflict, StateError
from declarative.state import objectstore_lease, objectstore_log
from declarative.state.base import Holder, Lease, Log, Sleep, StoredState, lease_lost_error
from declarative.state.objectstore_client import ObjectClient
from declarative.state.timed_lease import LeaseTerms

if TYPE_CHECKING:
    from obstore import UpdateVersion

LOCK_KEY = "dialctl.lock"
ROUND_KEY = "round.json"
JOURNAL_FOLDER = "journal"

_LINE_KEY = re.compile(rf"{JOURNAL_FOLDER}/(\d{{8}}-\d{{8}})(?:-after-(\d{{8}}-\d{{8}}))?\.json")
_MAX_READS = 20  # another run folds for an instant, and then we read again


class ObjectStoreBackend:
    """A prefix in a bucket as a backend. Tests give other `terms` of the lease."""

    def __init__(self, objects: ObjectClient, terms: LeaseTerms | None = None) -> None:
        self._objects = objects
        self._terms = terms or LeaseTerms()
        self._lease: objectstore_lease.ObjectStoreLease | None = None
        self._lock_version: UpdateVersion | None = None
        self._line_count = 0  # lines of the journal under this lease
        self._tail: str | None = None  # id of the last line, empty for none; None until it was read under this lease

    @property
    def location(self) -> str:
        return self._objects.location

    def load(self) -> StoredState:
        """Read all objects as of one moment: again, if another run folds in between."""
        for _ in range(_MAX_READS):
            folded = objectstore_lease.read_lease(self._objects).folded
            lock_object = self._objects.get(LOCK_KEY)
            chain = self._read_chain(folded)
            lines = [stored_object.body for stored_object in self._objects.get_many([*chain.values()]) if stored_object]
            reread = self._objects.get(LOCK_KEY)
            version = lock_object.version if lock_object else None
            if len(lines) == len(chain) and version == (reread.version if reread else None):
                self._lock_version = version
                self._tail = next(reversed(chain), "")
                return StoredState(lock_object.body if lock_object else None, tuple(lines))
        raise StateError(f"{self.location} changes all the time while it is read", hint="run again")

    def append(self, line: bytes) -> None:
        lease = self._check_lease()
        if self._tail is None:
            self._tail = next(reversed(self._read_chain(objectstore_lease.read_lease(self._objects).folded)), "")
        # Protocol 1: a number is never used twice, because a write that failed may still arrive.
        self._line_count += 1
        line_id = self._last_line_id(lease)
        # Protocol 11: the tail that we know goes into the name. A line that it leaves out, such as one of a run that
        # stood still until its lease was gone, is dead from now on.
        after = f"-after-{self._tail}" if self._tail else ""
        if self._objects.put(f"{JOURNAL_FOLDER}/{line_id}{after}.json", line, None) is None:
            raise lease_lost_error(self.location, lease.holder, "another run writes the journal under its number")
        self._tail = line_id
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
        self._tail = ""
        self._objects.delete([key for line_id, (key, _) in self._list_lines().items() if line_id <= last_line_id])

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        self._lease = objectstore_lease.acquire(self._objects, holder, wait, sleep, self._terms, self._newest_epoch)
        self._line_count = 0
        self._tail = None
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

    def read_lines(self, log: Log) -> tuple[bytes, ...]:
        return objectstore_log.read_lines(self._objects, log)

    def add_line(self, log: Log, line: bytes) -> None:
        objectstore_log.add_line(self._objects, log, line)

    def read_round(self) -> bytes | None:
        stored_object = self._objects.get(ROUND_KEY)
        return stored_object.body if stored_object else None

    def write_round(self, note: bytes) -> None:
        self._objects.replace(ROUND_KEY, note)

    def _check_lease(self) -> objectstore_lease.ObjectStoreLease:
        if self._lease is None:
            raise lease_lost_error(self.location, None, "it was never taken")
        self._lease.check()
        return self._lease

    def _last_line_id(self, lease: objectstore_lease.ObjectStoreLease) -> str:
        return f"{lease.epoch:08}-{self._line_count:08}"

    def _newest_epoch(self) -> int:
        """The epoch of the last line in the journal. 0: there is none."""
        return int(max(self._list_lines(), default="0").split("-")[0])

    def _read_chain(self, folded: str) -> dict[str, str]:
        """Id to key of the lines after `folded`, oldest first, without dead ones. Raises StateError if one is gone."""
        lines = {line_id: entry for line_id, entry in self._list_lines().items() if line_id > folded}
        chain: dict[str, str] = {}
        line_id = max(lines, default="")
        while line_id > folded:
            if line_id not in lines:
                raise StateError(
                    f"line {line_id} of the journal at {self.location} is gone",
                    hint="restore that object, from an older version of it if the bucket keeps any; without it run "
                    "dialctl state rebuild",
                )
            chain[line_id], line_id = lines[line_id]
        return dict(reversed(chain.items()))

    def _list_lines(self) -> Mapping[str, tuple[str, str]]:
        """Id to key, and to the id of the line before it (empty: none), in the order in which they were written.

        Raises StateError for an object that is no line: a console makes such markers for folders.
        """
        lines = {}
        for key in self._objects.list_keys(JOURNAL_FOLDER):
            match = _LINE_KEY.fullmatch(key)
            if match is None or match[1] <= (match[2] or ""):  # a line that follows itself would never end
                raise StateError(
                    f"{self.location}/{key} is no line of a journal", hint="delete that object: dialctl did not make it"
                )
            lines[match[1]] = (key, match[2] or "")
        return lines
