"""One run at a time at an object store, by an object that says who holds the lease. Conditional writes take it and keep
it alive.

    {"epoch": 4, "folded": "00000003-00000017", "beat": 9, "holder": {...}}

A lease is over when its object was not written for `LeaseTerms.duration` by the store's own clock. Its holder stops
`LeaseTerms.margin` before that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from declarative.errors import StateError
from declarative.state.base import (
    Holder,
    Sleep,
    lease_held_error,
    lease_unknown_error,
    retry_until,
)
from declarative.state.objectstore_client import ObjectClient
from declarative.state.timed_lease import LeaseTerms, TimedLease

if TYPE_CHECKING:
    from obstore import UpdateVersion

LEASE_KEY = "lease.json"
_OBEDIENT: set[str] = set()
"""Places whose store was found to obey conditions. `dialctl run` takes many leases, and a test is three writes."""


@dataclass(frozen=True, kw_only=True)
class LeaseObject:
    """What the lease object says. The fields are its JSON keys."""

    epoch: int = 0
    """Times that the lease was taken or broken. It begins the names of the holder's journal lines."""
    folded: str = ""
    """The last journal line that the lock has taken in. Lines up to it are dead, even one that arrives late."""
    beat: int = 0
    """Renewals since the lease was taken. It makes each of them a different text."""
    holder: Holder | None = None
    """Who holds the lease. None: no run holds it."""

    @classmethod
    def from_json(cls, text: bytes, where: str) -> LeaseObject:
        """Read the text of the object at `where`. Raises StateError for any other text."""
        try:
            values = orjson.loads(text)
            holder = values.pop("holder")
            return cls(**values, holder=Holder.from_json(orjson.dumps(holder)) if holder else None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{where}/{LEASE_KEY} is not a lease", hint="if no run is under way, delete that object"
            ) from error

    def to_json(self) -> bytes:
        """The JSON text that `from_json` reads."""
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def is_same_acquisition(self, other: LeaseObject) -> bool:
        """Whether both were written under one taking of the lease."""
        return self.epoch == other.epoch and self.holder == other.holder


class ObjectStoreLease(TimedLease):
    """A lease that is an object in the store."""

    def __init__(
        self, objects: ObjectClient, lease_object: LeaseObject, version: UpdateVersion, terms: LeaseTerms, since: float
    ) -> None:
        assert lease_object.holder is not None
        super().__init__(objects.location, lease_object.holder, terms, since)
        self._objects = objects
        self._lease_object = lease_object
        self._version = version

    @property
    def epoch(self) -> int:
        """The epoch that this lease began."""
        return self._lease_object.epoch

    def note_folded(self, line: str) -> None:
        """Declare the journal lines up to `line` dead. Raises LeaseLost."""
        with self._mutex:
            while self._lease_object.folded != line:
                self._write(replace(self._lease_object, folded=line))
                self.check_time()

    def check_conditional_writes(self) -> None:
        """Test that the store obeys conditions, once in this process. Raises StateError."""
        if self._location in _OBEDIENT:
            return
        with self._mutex:
            stale_version = self._version
            self._renew()
            if not self._objects.enforces_conditions(LEASE_KEY, self._lease_object.to_json(), stale_version):
                raise StateError(
                    f"{self._objects.location}: this store ignores conditional writes (If-None-Match, If-Match), so "
                    "two runs at the same time could call the same people",
                    hint="use a store that obeys them, or keep the lock in the project's folder",
                )
        _OBEDIENT.add(self._location)

    def _renew(self) -> None:
        self._write(self._lease_object)

    def _write(self, lease_object: LeaseObject) -> None:
        since = self._terms.clock()
        lease_object = replace(lease_object, beat=lease_object.beat + 1)
        version = self._objects.put(LEASE_KEY, lease_object.to_json(), self._version)
        if version is None:
            self._reread()
            return
        self._lease_object, self._version = lease_object, version
        self._lives_since(since)

    def _reread(self) -> None:
        stored_object = self._objects.get(LEASE_KEY)
        lease_object = (
            LeaseObject.from_json(stored_object.body, self._objects.location) if stored_object else LeaseObject()
        )
        if stored_object is None or not lease_object.is_same_acquisition(self._lease_object):
            self._lost_reason = f"it is held by {lease_object.holder}" if lease_object.holder else "it was broken"
        else:  # perhaps our own renewal, whose answer was lost
            self._lease_object, self._version = lease_object, stored_object.version

    def _release(self) -> None:
        released_object = replace(self._lease_object, holder=None, beat=self._lease_object.beat + 1)
        self._objects.put(LEASE_KEY, released_object.to_json(), self._version)


def acquire(
    objects: ObjectClient, holder: Holder, wait: float, sleep: Sleep, terms: LeaseTerms, min_epoch: Callable[[], int]
) -> ObjectStoreLease:
    """Take the lease within `wait` seconds, test the store and keep the lease alive. Raises LeaseHeld.

    `min_epoch` gives the epoch that the new one must exceed where there is no lease object. Raises StateError where
    the store ignores conditions.
    """
    lease = retry_until(lambda: _try_acquire_object(objects, holder, terms, min_epoch), wait, sleep, pause=2)
    if lease is None:
        lease_object = read_lease(objects)
        current_holder = lease_object.holder
        hint = (
            f"if that run is certainly gone: dialctl force-unlock {current_holder.id}"
            if current_holder
            else "run again"
        )
        raise lease_held_error(objects.location, current_holder, hint=f"wait longer with --lock-timeout; {hint}")
    try:
        lease.check_conditional_writes()
    except StateError:
        lease.__exit__(None, None, None)
        raise
    lease.start_renewal()
    return lease


def read_lease(objects: ObjectClient) -> LeaseObject:
    """What the lease object says now. Where there is none, an empty LeaseObject."""
    stored_object = objects.get(LEASE_KEY)
    return LeaseObject.from_json(stored_object.body, objects.location) if stored_object else LeaseObject()


def break_lease(objects: ObjectClient, lease_id: str) -> None:
    """Take the lease from its holder. Raises StateError when no run holds it under this id."""
    stored_object = objects.get(LEASE_KEY)
    lease_object = LeaseObject.from_json(stored_object.body, objects.location) if stored_object else LeaseObject()
    if stored_object is None or lease_object.holder is None or lease_object.holder.id != lease_id:
        raise lease_unknown_error(objects.location, lease_id, lease_object.holder)
    freed_object = replace(lease_object, epoch=lease_object.epoch + 1, holder=None)
    if objects.put(LEASE_KEY, freed_object.to_json(), stored_object.version) is None:
        raise StateError(
            f"the lease on {objects.location} was renewed or released just now", hint="run the command again"
        )


def _try_acquire_object(
    objects: ObjectClient, holder: Holder, terms: LeaseTerms, min_epoch: Callable[[], int]
) -> ObjectStoreLease | None:
    stored_object = objects.get(LEASE_KEY)
    lease_object = (
        LeaseObject.from_json(stored_object.body, objects.location) if stored_object else LeaseObject(epoch=min_epoch())
    )
    # Protocol 11: only a lease that is over is taken. The store rounds to whole seconds, so one more must pass.
    if (
        stored_object
        and lease_object.holder
        and objects.store_time() - stored_object.modified_at <= timedelta(seconds=terms.duration + 1)
    ):
        return None
    since = terms.clock()
    new_lease_object = LeaseObject(epoch=lease_object.epoch + 1, folded=lease_object.folded, holder=holder)
    version = objects.put(LEASE_KEY, new_lease_object.to_json(), stored_object.version if stored_object else None)
    return ObjectStoreLease(objects, new_lease_object, version, terms, since) if version is not None else None
