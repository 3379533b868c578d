"""The lock while a run writes it: every step is durable before it returns, and costs one short line.

Knows no backend by name, no provider and no plan.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypedDict, TypeVar, Unpack, cast

from declarative.errors import StateError
from declarative.model.lock import Ended, Halt, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_records
from declarative.model.resource import Json
from declarative.state.base import Backend, Lease
from declarative.state.codec import JsonObject, encode_time, merge_patch, to_json_object
from declarative.state.format import parse_lock, render_lock, update_patch
from declarative.state.journal import JournalWriter

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
    commit: str | None
    committed_at: datetime | None
    applied: str
    halted: Halt | None
    resumed: Ended | None
    approved: str
    quiet: str | None
    lists: Mapping[str, int]


class Ledger:
    """The lock while it is written.

    `lock` is always current. Only the ledger changes its mappings, and those of its records. It changes them in place,
    so that a step costs the same whatever the size. Code that needs a lock that does not change parses it again. Safe
    to use from several threads.

    Every method that writes raises LeaseLost, or StateError where the backend fails. Then nothing has changed.
    """

    def __init__(self, journal: JournalWriter, lock: Lock | None) -> None:
        self._journal = journal
        self._lock = _copy_lock(lock) if lock else None
        self._mutex = threading.RLock()
        self.stamps: Mapping[str, ResourceRecordFields] = {}
        """By address, fields that every update there writes as well: the commit that is being applied."""

    @classmethod
    def open(cls, backend: Backend, lease: Lease) -> Ledger:
        """The ledger of what is kept now, read under the lease. Raises StateError as `parse_lock` does."""
        stored = backend.load()
        return cls(JournalWriter(backend, lease, stored), parse_lock(stored))

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
            self._journal.fold(render_lock(lock))
            self._lock = _copy_lock(lock)

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
        fields = {**self.stamps.get(address, {}), **fields}
        with self._mutex:
            before = self.lock.resources.get(address)
            after = replace(before or ResourceRecord(), **fields)
            self._append(update_patch(address, before, after, fields.keys(), remotes, intents))
            _assign_entries(cast(dict[str, RemoteRecord], after.remotes), remotes)
            _assign_entries(cast(dict[str, Intent], after.intents), intents)
            self._resources[address] = after

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Write what is updated within it in one durable line, at its end. Nothing of it may be relied on before."""
        with self._mutex, self._journal.one_step(self.lock.lineage):
            yield

    def set_approved(self, approvals: Mapping[str, tuple[str, str]]) -> None:
        """Remember what was approved, all in one line: by address, the provider of a new record and the digest of what
        was approved. Writes nothing where nothing changes."""
        with self._mutex:
            changed = {}
            for address, (provider, approved) in approvals.items():
                before = self.resource_record(address)
                if before.approved != approved:
                    changed[address] = replace(before, provider=before.provider or provider, approved=approved)
            patches = {
                address: {"provider": record.provider, "approved": record.approved or None}
                for address, record in changed.items()
            }
            self._append({"resources": patches} if patches else {})
            self._resources.update(changed)

    def set_lists(self, project: Mapping[str, int], by_address: Mapping[str, tuple[str, Mapping[str, int]]]) -> None:
        """Remember how many numbers each do-not-call list holds, all in one line: those of the project, and by address
        the provider of a new record and its own ones. Writes nothing where nothing changes."""
        with self._mutex:
            patch: JsonObject = {}
            if project != self.lock.lists:
                patch["lists"] = merge_patch(dict(self.lock.lists), dict(project))
            patches, changed = {}, {}
            for address, (provider, lists) in by_address.items():
                before = self.resource_record(address)
                if before.lists != lists:
                    after = replace(before, provider=before.provider or provider, lists=dict(lists))
                    patches[address] = {
                        "provider": after.provider,
                        "lists": merge_patch(dict(before.lists), dict(lists)),
                    }
                    changed[address] = after
            self._append({**patch, "resources": patches} if patches else patch)
            self._lock = replace(self.lock, lists=dict(project))
            self._resources.update(changed)

    def forget(self, address: str) -> None:
        """Forget what was done under an address. Raises KeyError where nothing is known of it.

        The generation stays, so that what its provider still shows is not taken for the work of a later run. Revoked
        marks stay revoked, and how many numbers its do-not-call lists held stays known.
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
                lists=old_record.lists,
            )
            self._append({"resources": {address: merge_patch(to_json_object(old_record), to_json_object(new_record))}})
            self._resources[address] = _copy_record(new_record)

    def rename(self, old_address: str, new_address: str) -> None:
        """Move what was done under the old address to the new one, and join it with what is known of that already.

        Raises KeyError where nothing is known of the old address. Its generation stays there, so that the marks of
        whatever takes the name again differ from those of what was moved.
        """
        with self._mutex:
            old_record, existing_record = self.lock.resources[old_address], self.lock.resources.get(new_address)
            new_record = join_records(old_record, existing_record) if existing_record else old_record
            # An approval is of a manifest, and that of the old address is gone.
            new_record = replace(new_record, approved=existing_record.approved if existing_record else "")
            patch = merge_patch(to_json_object(existing_record) if existing_record else {}, to_json_object(new_record))
            left_record = ResourceRecord(generation=old_record.generation, provider=old_record.provider, tombstone=True)
            left_patch = merge_patch(to_json_object(old_record), to_json_object(left_record))
            self._append({"resources": {old_address: left_patch, new_address: patch}})
            self._resources[old_address] = _copy_record(left_record)
            self._resources[new_address] = _copy_record(new_record)

    def set_host(self, provider: str, host: str) -> None:
        """Remember the host name that a provider was reached at."""
        with self._mutex:
            if self.lock.hosts.get(provider) != host:
                self._append({"hosts": {provider: host}})
                cast(dict[str, str], self.lock.hosts)[provider] = host

    def set_guard(self, provider: str, seconds: int) -> None:
        """Remember how many seconds of guard the list of a provider asks for. 0: no more than the project's."""
        with self._mutex:
            if self.lock.guards.get(provider, 0) != seconds:
                self._append({"guards": {provider: seconds or None}})
                guards = cast(dict[str, int], self.lock.guards)
                guards.pop(provider, None)
                guards |= {provider: seconds} if seconds else {}

    def set_probe_time(self, provider: str, moment: datetime) -> None:
        """Remember when a list probe is sent to a provider."""
        with self._mutex:
            self._append({"probes": {provider: encode_time(moment)}})
            cast(dict[str, datetime], self.lock.probes)[provider] = moment

    def fold(self) -> None:
        """Write the whole lock and drop the journal, at the end of a run. Writes nothing where nothing changed."""
        with self._mutex:
            if not self._journal.is_empty:
                self._journal.fold(render_lock(self.lock))

    @property
    def _resources(self) -> dict[str, ResourceRecord]:
        return cast(dict[str, ResourceRecord], self.lock.resources)

    def _append(self, patch: JsonObject) -> None:
        if patch:
            self._journal.append(self.lock.lineage, patch)


def _copy_lock(lock: Lock) -> Lock:
    resource_records = {address: _copy_record(resource_record) for address, resource_record in lock.resources.items()}
    return replace(
        lock,
        hosts=dict(lock.hosts),
        guards=dict(lock.guards),
        probes=dict(lock.probes),
        lists=dict(lock.lists),
        resources=resource_records,
    )


def _copy_record(resource_record: ResourceRecord) -> ResourceRecord:
    return replace(resource_record, remotes=dict(resource_record.remotes), intents=dict(resource_record.intents))


def _assign_entries(target: dict[str, _Part], changes: Mapping[str, _Part | None]) -> None:
    for key, part in changes.items():
        if part is None:
            target.pop(key, None)
        else:
            target[key] = part
