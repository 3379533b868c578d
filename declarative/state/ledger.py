"""What an apply writes through: every step is durable before it returns and costs one short line. Knows no
backend by name, no provider and no plan."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, TypeVar, Unpack, cast

from declarative.errors import StateError
from declarative.model.lock import Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_records
from declarative.model.resource import Json
from declarative.state.base import Backend, Lease
from declarative.state.codec import Document, difference, encode
from declarative.state.format import line_of, parse, patch_of_update, render

_Part = TypeVar("_Part", RemoteRecord, Intent)


class Fields(TypedDict, total=False):
    """The fields of a Record other than its remotes and intents."""

    generation: int
    provider: str
    settings: Mapping[str, Json]
    settings_digest: str
    count: int
    numbers: str
    payloads: str
    tombstone: bool
    placed: tuple[str, ...]
    unseen: tuple[str, ...]
    also: tuple[str, ...]
    revoked: tuple[str, ...]
    quiet: str | None


class Ledger:
    """The lock while it is written. `lock` is always current: its mappings, and those of its records, are
    changed in place by the ledger and by nobody else, so that a step costs the same whatever the size.
    Whoever needs a lock that stands still parses it again. Safe to use from several threads.

    Every method that writes raises LeaseLost, or StateError where the backend fails; nothing is changed then.
    """

    def __init__(self, backend: Backend, lease: Lease, lock: Lock | None, *, unfolded: bool = False) -> None:
        self._backend = backend
        self._lease = lease
        self._lock = _owned(lock) if lock else None
        self._unfolded = unfolded
        self._mutex = threading.RLock()

    @classmethod
    def open(cls, backend: Backend, lease: Lease) -> Ledger:
        """The ledger of what is kept now, read under the lease. Raises StateError as `parse` does."""
        stored = backend.load()
        return cls(backend, lease, parse(stored), unfolded=bool(stored.journal))

    @property
    def lock(self) -> Lock:
        """Raises StateError before `start`, where no lock was ever begun."""
        if self._lock is None:
            raise StateError("there is no lock yet", hint="dialctl apply begins one")
        return self._lock

    def record(self, address: str) -> ResourceRecord:
        """What is remembered of an address; an empty record of one that nothing is known of."""
        return self.lock.resources.get(address) or ResourceRecord()

    @property
    def started(self) -> bool:
        return self._lock is not None

    def start(self, lock: Lock) -> None:
        """Begin with this lock in the place of whatever was loaded last."""
        with self._mutex:
            self._lease.check()
            self._backend.fold(render(lock))
            self._lock = _owned(lock)
            self._unfolded = False

    def update(
        self,
        address: str,
        *,
        remotes: Mapping[str, RemoteRecord | None] | None = None,
        intents: Mapping[str, Intent | None] | None = None,
        **fields: Unpack[Fields],
    ) -> None:
        """Set these fields of an address, these remotes by id and these intents by mark (None drops one), in
        one line. Nothing is written where nothing changes."""
        remotes, intents = remotes or {}, intents or {}
        with self._mutex:
            before = self.lock.resources.get(address)
            after = replace(before or ResourceRecord(), **fields)
            self._append(patch_of_update(address, before, after, fields.keys(), remotes, intents))
            _assign(cast(dict[str, RemoteRecord], after.remotes), remotes)
            _assign(cast(dict[str, Intent], after.intents), intents)
            self._resources[address] = after

    def forget(self, address: str) -> None:
        """Forget what was done under an address, but not how far its generations came: what its provider still shows
        is its own then, and no later run's. Marks that must never ring stay so, and those of lost answers are from now
        on. Raises KeyError where nothing is known of it."""
        with self._mutex:
            known = self.lock.resources[address]
            lost = {intent.mark for intent in known.intents.values() if intent.request is RequestKind.SUBMIT}
            kept = ResourceRecord(
                generation=known.generation,
                provider=known.provider,
                tombstone=known.tombstone,
                revoked=tuple(sorted({*known.revoked, *lost})),
            )
            self._append({"resources": {address: difference(encode(known), encode(kept))}})
            self._resources[address] = _owned_record(kept)

    def rename(self, old: str, new: str) -> None:
        """Make what was done under `old` the new address's own, besides what is known of that already. Raises
        KeyError where nothing is known of `old`."""
        with self._mutex:
            moved, there = self.lock.resources[old], self.lock.resources.get(new)
            record = join_records(moved, there) if there else moved
            patch = difference(encode(there) if there else {}, encode(record))
            self._append({"resources": {old: None, new: patch}})
            del self._resources[old]
            self._resources[new] = _owned_record(record)

    def set_host(self, provider: str, host: str) -> None:
        """Remember the host name that a provider was reached at."""
        with self._mutex:
            if self.lock.hosts.get(provider) != host:
                self._append({"hosts": {provider: host}})
                cast(dict[str, str], self.lock.hosts)[provider] = host

    def fold(self) -> None:
        """Write the whole lock and drop the journal, at the end of a run. Nothing is written where nothing
        changed."""
        with self._mutex:
            if self._unfolded:
                self._lease.check()
                self._backend.fold(render(self.lock))
                self._unfolded = False

    @property
    def _resources(self) -> dict[str, ResourceRecord]:
        return cast(dict[str, ResourceRecord], self.lock.resources)

    def _append(self, patch: Document) -> None:
        if patch:
            self._lease.check()
            self._backend.append(line_of(self.lock.lineage, patch))
            self._unfolded = True


def _owned(lock: Lock) -> Lock:
    records = {address: _owned_record(record) for address, record in lock.resources.items()}
    return replace(lock, hosts=dict(lock.hosts), resources=records)


def _owned_record(record: ResourceRecord) -> ResourceRecord:
    return replace(record, remotes=dict(record.remotes), intents=dict(record.intents))


def _assign(into: dict[str, _Part], changes: Mapping[str, _Part | None]) -> None:
    for key, part in changes.items():
        if part is None:
            into.pop(key, None)
        else:
            into[key] = part
