"""The lock while a run writes it: every step is durable before it returns, and costs one short line.

Knows no backend by name, no provider and no plan.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict, TypeVar, Unpack, cast

from declarative.errors import StateError
from declarative.model.history import PeopleCounts, RunRecord
from declarative.model.lock import Ended, Halt, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_records
from declarative.model.resource import Json
from declarative.state.base import Backend, Lease
from declarative.state.codec import JsonObject, encode_time, merge_patch, to_json_object
from declarative.state.format import parse_lock, render_lock, update_patch
from declarative.state.journal import JournalWriter
from declarative.state.open_run import OpenRun

_Part = TypeVar("_Part")


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
    history: str


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
        self.run: OpenRun | None = None
        """The run that writes, as the history will tell of it. None: its steps belong into no history."""

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
            before = self._lock.resources if self._lock else {}
            changed = [address for address, record in lock.resources.items() if before.get(address) != record]
            if self.run and (run_record := self.run.count(changed, None)):
                lock = replace(lock, runs={**lock.runs, run_record.run: run_record})
            self._journal.fold(render_lock(lock))
            self._lock = _copy_lock(lock)

    def update(
        self,
        address: str,
        *,
        remotes: Mapping[str, RemoteRecord | None] | None = None,
        intents: Mapping[str, Intent | None] | None = None,
        counts: PeopleCounts | None = None,
        **fields: Unpack[ResourceRecordFields],
    ) -> None:
        """Set fields of an address, remotes by id and intents by mark (None drops one), all in one line.

        Writes nothing where nothing changes. `counts` says how many people a request concerns that is sent, or turns
        out not to have happened; the history tells of it.
        """
        remotes, intents = remotes or {}, intents or {}
        fields = {**self.stamps.get(address, {}), **fields}
        with self._mutex:
            before = self.lock.resources.get(address)
            after = replace(before or ResourceRecord(), **fields)
            self._append(update_patch(address, before, after, fields.keys(), remotes, intents), (address,), counts)
            _assign_entries(cast(dict[str, RemoteRecord], after.remotes), remotes)
            _assign_entries(cast(dict[str, Intent], after.intents), intents)
            self._resources[address] = after

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Write what is updated within it in one durable line, at its end. Nothing of it may be relied on before."""
        with self._mutex, self._journal.one_step(self.lock.lineage):
            yield

    def update_each(
        self, changes: Mapping[str, tuple[str, ResourceRecordFields]], *, lists: Mapping[str, int] | None = None
    ) -> None:
        """Set fields of many addresses, all in one line: by address, the provider of a new record and the fields.
        `lists` are those of the project; None leaves them. Writes nothing where nothing changes."""
        with self._mutex:
            lists = self.lock.lists if lists is None else lists
            befores = {address: self.resource_record(address) for address in changes}
            afters = {
                address: replace(replace(befores[address], provider=befores[address].provider or provider), **fields)
                for address, (provider, fields) in changes.items()
                if any(getattr(befores[address], name) != value for name, value in fields.items())
            }
            patches = {
                address: merge_patch(to_json_object(befores[address]), to_json_object(after))
                for address, after in afters.items()
            }
            list_patch = merge_patch(dict(self.lock.lists), dict(lists))
            patch = {"lists": list_patch, "resources": patches}
            self._append({name: part for name, part in patch.items() if part})
            self._lock = replace(self.lock, lists=dict(lists))
            self._resources.update(afters)

    def forget(self, address: str) -> None:
        """Forget what was done under an address. Raises KeyError where nothing is known of it.

        The generation stays, so that what its provider still shows is not taken for the work of a later run. Revoked
        marks stay revoked, and how many numbers its do-not-call lists held stays known.
        """
        with self._mutex:
            old_record = self.lock.resources[address]
            # Protocol 7: a request whose answer was lost may still appear. With its mark revoked it is cancelled then.
            lost_marks = {intent.mark for intent in old_record.intents.values() if intent.request is RequestKind.SUBMIT}
            revoked = tuple(sorted({*old_record.revoked, *lost_marks}))
            new_record = _forgotten(old_record, tombstone=old_record.tombstone, revoked=revoked, lists=old_record.lists)
            patch = merge_patch(to_json_object(old_record), to_json_object(new_record))
            self._append({"resources": {address: patch}}, (address,))
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
            left_record = _forgotten(old_record, tombstone=True)
            left_patch = merge_patch(to_json_object(old_record), to_json_object(left_record))
            self._append({"resources": {old_address: left_patch, new_address: patch}}, (old_address, new_address))
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
                _assign_entries(cast(dict[str, int], self.lock.guards), {provider: seconds or None})

    def set_probe_time(self, provider: str, moment: datetime) -> None:
        """Remember when a list probe is sent to a provider."""
        with self._mutex:
            self._append({"probes": {provider: encode_time(moment)}}, counts=PeopleCounts())
            cast(dict[str, datetime], self.lock.probes)[provider] = moment

    def close_run(self, run: str, digest: str) -> None:
        """Forget what a run did, whose line is in the history; remember that line at each address it is about."""
        with self._mutex:
            addresses = [address for address in self.lock.runs[run].addresses if address in self.lock.resources]
            resources = {address: {"history": digest} for address in addresses}
            patch = {"runs": {run: None}, **({"resources": resources} if resources else {})}
            self._journal.append(self.lock.lineage, patch)
            cast(dict[str, RunRecord], self.lock.runs).pop(run)
            self._resources.update({name: replace(self._resources[name], history=digest) for name in addresses})

    def fold(self) -> None:
        """Write the whole lock and drop the journal, at the end of a run. Writes nothing where nothing changed."""
        with self._mutex:
            if not self._journal.is_empty:
                self._journal.fold(render_lock(self.lock))

    @property
    def _resources(self) -> dict[str, ResourceRecord]:
        return cast(dict[str, ResourceRecord], self.lock.resources)

    def _append(self, patch: JsonObject, addresses: Sequence[str] = (), counts: PeopleCounts | None = None) -> None:
        """Write one step, and in the same line what the run has done with it. `counts` as in `update`, of each address;
        None: nothing was sent."""
        record = self.run.count(addresses, counts) if self.run and (patch or counts is not None) else None
        runs = cast(dict[str, RunRecord], self.lock.runs)
        if record:
            before = to_json_object(runs[record.run]) if record.run in runs else {}
            patch = {**patch, "runs": {record.run: merge_patch(before, to_json_object(record))}}
        if patch:
            self._journal.append(self.lock.lineage, patch)
        if record:
            runs[record.run] = record


def _copy_lock(lock: Lock) -> Lock:
    resource_records = {address: _copy_record(resource_record) for address, resource_record in lock.resources.items()}
    return replace(
        lock,
        hosts=dict(lock.hosts),
        guards=dict(lock.guards),
        probes=dict(lock.probes),
        lists=dict(lock.lists),
        resources=resource_records,
        runs=dict(lock.runs),
    )


def _forgotten(
    record: ResourceRecord,
    *,
    tombstone: bool,
    revoked: tuple[str, ...] = (),
    lists: Mapping[str, int] = MappingProxyType({}),
) -> ResourceRecord:
    """What is left of a record once nothing is known any more of what was done under its address."""
    return ResourceRecord(
        generation=record.generation,
        provider=record.provider,
        tombstone=tombstone,
        revoked=revoked,
        lists=dict(lists),
        history=record.history,
    )


def _copy_record(resource_record: ResourceRecord) -> ResourceRecord:
    return replace(resource_record, remotes=dict(resource_record.remotes), intents=dict(resource_record.intents))


def _assign_entries(target: dict[str, _Part], changes: Mapping[str, _Part | None]) -> None:
    for key, part in changes.items():
        if part is None:
            target.pop(key, None)
        else:
            target[key] = part
