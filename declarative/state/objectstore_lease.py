"""One run at a time at an object store: an object that says who holds it, taken and kept alive by conditional
writes.

    {"epoch": 4, "folded": "00000003-00000017", "beat": 9, "holder": {...}}

`epoch` grows with each taking and names the journal lines of that holder. `folded` is the last journal line
that the lock has taken in: lines up to it are dead, even one that arrives late. A lease is over when its
object was not written for `Terms.duration` by the store's own clock; its holder stops `Terms.margin` before
that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

import orjson

from declarative.errors import StateError
from declarative.state.base import Holder, Sleep, held, lost, retry_until
from declarative.state.objectstore_client import Objects

if TYPE_CHECKING:
    from obstore import UpdateVersion

KEY = "lease.json"


def elapsed() -> float:
    """Seconds of a clock that goes on while the machine sleeps, so that a lease does not outlive a closed
    lid."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, kw_only=True)
class LeaseTerms:
    """Seconds: how long a lease lives unrenewed, how often it is renewed, and how long before its end its
    holder stops, which must cover a request under way."""

    duration: float = 60
    beat: float = 15
    margin: float = 20
    elapsed: Callable[[], float] = elapsed


@dataclass(frozen=True, kw_only=True)
class LeaseObject:
    """What the lease object says."""

    epoch: int = 0
    folded: str = ""
    beat: int = 0
    holder: Holder | None = None

    @classmethod
    def of_json(cls, text: bytes, where: str) -> LeaseObject:
        try:
            known = orjson.loads(text)
            holder = known.pop("holder")
            return cls(**known, holder=Holder.of_json(orjson.dumps(holder)) if holder else None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"{where}/{KEY} cannot be understood", hint="if no run is under way, delete that object"
            ) from error

    def to_json(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def same_taking(self, other: LeaseObject) -> bool:
        return self.epoch == other.epoch and self.holder == other.holder


class StoreLease:
    """A lease that a thread keeps alive until the `with` block ends."""

    def __init__(
        self, objects: Objects, entry: LeaseObject, version: UpdateVersion, terms: LeaseTerms, since: float
    ) -> None:
        self._objects = objects
        self._entry = entry
        self._version = version
        self._terms = terms
        self._deadline = since + terms.duration - terms.margin
        self._why_lost: str | None = None
        self._mutex = threading.RLock()
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="dialctl lease", daemon=True)

    @property
    def holder(self) -> Holder:
        assert self._entry.holder is not None
        return self._entry.holder

    @property
    def epoch(self) -> int:
        return self._entry.epoch

    def check(self) -> None:
        """Asks the store, too: whoever broke the lease may send from that moment on."""
        with self._mutex:
            self.check_time()
            with suppress(StateError):  # no answer: until the deadline nobody else can have taken it
                self._look()
            self.check_time()

    def check_time(self) -> None:
        """Raises LeaseLost once it may be gone; asks nobody."""
        with self._mutex:
            if self._why_lost is None and self._terms.elapsed() >= self._deadline:
                self._why_lost = "it could not be renewed in time"
            if self._why_lost is not None:
                raise lost(self._objects.where, self.holder, self._why_lost)

    def note_folded(self, line: str) -> None:
        """Declare all journal lines up to `line` dead. Raises LeaseLost."""
        with self._mutex:
            while self._entry.folded != line:
                self._renew(replace(self._entry, folded=line))
                self.check_time()

    def prove(self) -> None:
        """Find out whether the store keeps to conditions at all. Raises StateError."""
        with self._mutex:
            first = self._version
            self._renew(self._entry)
            if not self._objects.obeys(KEY, self._entry.to_json(), first):
                raise StateError(
                    f"{self._objects.where}: this store ignores conditional writes (If-None-Match, If-Match), so two "
                    "runs at once could ring the same people",
                    hint="use a store that has them, or keep the lock in the project's folder",
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._heart.is_alive():
            self._heart.join()
        with self._mutex, suppress(StateError):  # where the store does not answer, the lease ends by itself
            if self._why_lost is None:
                self._why_lost = "it was given back"
                released = replace(self._entry, holder=None, beat=self._entry.beat + 1)
                self._objects.put(KEY, released.to_json(), self._version)

    def keep_alive(self) -> None:
        self._heart.start()

    def _beat(self) -> None:
        while not self._ended.wait(self._terms.beat):
            with self._mutex, suppress(StateError):
                self._renew(self._entry)
                if self._why_lost is not None:
                    return

    def _renew(self, entry: LeaseObject) -> None:
        since = self._terms.elapsed()
        entry = replace(entry, beat=entry.beat + 1)
        version = self._objects.put(KEY, entry.to_json(), self._version)
        if version is None:
            self._look()
            return
        self._entry, self._version = entry, version
        self._deadline = since + self._terms.duration - self._terms.margin

    def _look(self) -> None:
        found = self._objects.get(KEY)
        entry = LeaseObject.of_json(found.body, self._objects.where) if found else LeaseObject()
        if found is None or not entry.same_taking(self._entry):
            self._why_lost = f"it is held by {entry.holder}" if entry.holder else "somebody broke it"
        else:  # perhaps a renewal of our own whose answer was lost
            self._entry, self._version = entry, found.version


def take(
    objects: Objects, holder: Holder, wait: float, sleep: Sleep, terms: LeaseTerms, least_epoch: Callable[[], int]
) -> StoreLease:
    """The lease of the store, proven and kept alive. `least_epoch` tells the epoch to begin after where there
    is no lease object. Raises LeaseHeld, and StateError."""
    lease = retry_until(lambda: _attempt(objects, holder, terms, least_epoch), wait, sleep, pause=2)
    if lease is None:
        found = read(objects)
        by = found.holder
        hint = f"if that run is surely gone: dialctl force-unlock {by.id}" if by else "run again"
        raise held(objects.where, by, hint=f"wait longer with --lock-timeout; {hint}")
    try:
        lease.prove()
    except StateError:
        lease.__exit__(None, None, None)
        raise
    lease.keep_alive()
    return lease


def read(objects: Objects) -> LeaseObject:
    """What the lease object says now; an empty entry where there is none."""
    found = objects.get(KEY)
    return LeaseObject.of_json(found.body, objects.where) if found else LeaseObject()


def break_lease(objects: Objects, lease_id: str) -> None:
    """Take the lease from its holder. Raises StateError when nobody holds it under this id."""
    found = objects.get(KEY)
    entry = LeaseObject.of_json(found.body, objects.where) if found else LeaseObject()
    if found is None or entry.holder is None or entry.holder.id != lease_id:
        now = f"held by {entry.holder}, lease {entry.holder.id}" if entry.holder else "held by nobody"
        raise StateError(f"there is no lease {lease_id} on {objects.where}: it is {now}")
    freed = replace(entry, epoch=entry.epoch + 1, holder=None)
    if objects.put(KEY, freed.to_json(), found.version) is None:
        raise StateError(f"the lease on {objects.where} was renewed or given back just now", hint="look again")


def _attempt(objects: Objects, holder: Holder, terms: LeaseTerms, least_epoch: Callable[[], int]) -> StoreLease | None:
    found = objects.get(KEY)
    entry = LeaseObject.of_json(found.body, objects.where) if found else LeaseObject(epoch=least_epoch())
    if found and entry.holder and objects.now() - found.written <= timedelta(seconds=terms.duration + 1):
        return None  # the store tells whole seconds: one more, to be sure
    since = terms.elapsed()
    mine = LeaseObject(epoch=entry.epoch + 1, folded=entry.folded, holder=holder)
    version = objects.put(KEY, mine.to_json(), found.version if found else None)
    return StoreLease(objects, mine, version, terms, since) if version is not None else None
