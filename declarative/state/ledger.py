"""The lock while a run writes it: every step is durable before it returns, and costs one short line.

Knows no backend by name, no provider and no plan.
"""

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
from declarative.state.codec import JsonObject, merge_patch, to_json_object
from declarative.state.format import journal_line, parse_lock, render_lock, update_patch

_Part = TypeVar("_Part", RemoteRecord, Intent)


class ResourceRecordFields(TypedDict, total=False):
    """The fields of a ResourceRecord other than its remotes and intents."""

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
    """The lock while it is written.

    `lock` is always current. Only the ledger changes its mappings, and those of its records. It changes them in place,
    so that a step costs the same whatever the size. Code that needs a lock that does not change parses it again. Safe
    to use from several threads.

    Every method that writes raises LeaseLost, or StateError where the backend fails. Then nothing has changed.
    """

    def __init__(self, backend: Backend, lease: Lease, lock: Lock | None, *, has_journal: bool = False) -> None:
        self._backend = backend
        self._lease = lease
        self._lock = _copy_lock(lock) if lock else None
        self._has_journal = has_journal
        self._mutex = threading.RLock()

    @classmethod
    def open(cls, backend: Backend, lease: Lease) -> Ledger:
        """The ledger of what is kept now, read under the lease. Raises StateError as `parse_lock` does."""
        stored = backend.load()
        return cls(backend, lease, parse_lock(stored), has_journal=bool(stored.journal))

    @property
    def lock(self) -> Lock:
        """The current lock. Raises StateError before `start` where no lock was ever begun."""
        if self._lock is None:
            raise StateError("there is no lock yet", hint="dialctl apply creates one")
        return self._lock

    def resource_record(self, address: str) -> ResourceRecord:
        """What is known of an address: an empty record if nothing is."""
        return self.lock.resources.get(address) or ResourceRecord()

    @property
    def is_started(self) -> bool:
        """Whether there is a lock."""
        return self._lock is not None

    def start(self, lock: Lock) -> None:
        """Write this lock in the place of what was loaded last, and drop the journal."""
        with self._mutex:
            self._lease.check()
            self._backend.fold(render_lock(lock))
            self._lock = _copy_lock(lock)
            self._has_journal = False

    def update(
        self,
        address: str,
        *,
        remotes: Mapping[str, RemoteRecord | None] | None = None,
        intents: Mapping[str, Intent | None] | None = None,
        **fields: Unpack[ResourceRecordFields],
    ) -> None:
        """Set fields of an address, remotes by id and intents by mark (None drops one), all in one line.

        Writes nothing where nothing changes.
        """
        remotes, intents = remotes or {}, intents or {}
        with self._mutex:
            before = self.lock.resources.get(address)
            after = replace(before or ResourceRecord(), **fields)
            self._append(update_patch(address, before, after, fields.keys(), remotes, intents))
            _assign_entries(cast(dict[str, RemoteRecord], after.remotes), remotes)
            _assign_entries(cast(dict[str, Intent], after.intents), intents)
            self._resources[address] = after

    def forget(self, address: str) -> None:
        """Forget what was done under an address. Raises KeyError where nothing is known of it.

        The generation stays, so that what its provider still shows is not taken for the work of a later run. Revoked
        marks stay revoked.
        """
        with self._mutex:
            old_record = self.lock.resources[address]
            # Protocol 7: a request whose answer was lost may still appear. With its mark revoked it is cancelled then.
            lost_marks = {intent.mark for intent in old_record.intents.values() if intent.request is RequestKind.SUBMIT}
            new_record = ResourceRecord(
                generation=old_record.generation,
                provider=old_record.provider,
                tombstone=old_record.tombstone,
                revoked=tuple(sorted({*old_record.revoked, *lost_marks})),
            )
            self._append({"resources": {address: merge_patch(to_json_object(old_record), to_json_object(new_record))}})
            self._resources[address] = _copy_record(new_record)

    def rename(self, old_address: str, new_address: str) -> None:
        """Move what was done under the old address to the new one, and join it with what is known of that already.

        Raises KeyError where nothing is known of the old address.
        """
        with self._mutex:
            old_record, existing_record = self.lock.resources[old_address], self.lock.resources.get(new_address)
            new_record = join_records(old_record, existing_record) if existing_record else old_record
            patch = merge_patch(to_json_object(existing_record) if existing_record else {}, to_json_object(new_record))
            self._append({"resources": {old_address: None, new_address: patch}})
            del self._resources[old_address]
            self._resources[new_address] = _copy_record(new_record)

    def set_host(self, provider: str, host: str) -> None:
        """Remember the host name that a provider was reached at."""
        with self._mutex:
            if self.lock.hosts.get(provider) != host:
                self._append({"hosts": {provider: host}})
                cast(dict[str, str], self.lock.hosts)[provider] = host

    def fold(self) -> None:
        """Write the whole lock and drop the journal, at the end of a run. Writes nothing where nothing changed."""
        with self._mutex:
            if self._has_journal:
                self._lease.check()
                self._backend.fold(render_lock(self.lock))
                self._has_journal = False

    @property
    def _resources(self) -> dict[str, ResourceRecord]:
        return cast(dict[str, ResourceRecord], self.lock.resources)

    def _append(self, patch: JsonObject) -> None:
        if patch:
            # Protocol 11: a run that lost its lease does not write. Protocol 1: the line is durable before we return.
            self._lease.check()
            self._backend.append(journal_line(self.lock.lineage, patch))
            self._has_journal = True


def _copy_lock(lock: Lock) -> Lock:
    resource_records = {address: _copy_record(resource_record) for address, resource_record in lock.resources.items()}
    return replace(lock, hosts=dict(lock.hosts), resources=resource_records)


def _copy_record(resource_record: ResourceRecord) -> ResourceRecord:
    return replace(resource_record, remotes=dict(resource_record.remotes), intents=dict(resource_record.intents))


def _assign_entries(target: dict[str, _Part], changes: Mapping[str, _Part | None]) -> None:
    for key, part in changes.items():
        if part is None:
            target.pop(key, None)
        else:
            target[key] = part
