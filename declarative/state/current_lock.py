"""The lock in memory and its journal, always the same: what the ledger writes through. Knows no provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Self, cast

from declarative.errors import StateError
from declarative.model.history import PeopleCounts, RunRecord
from declarative.model.lock import Lock, ResourceRecord
from declarative.state.base import Backend, Lease
from declarative.state.codec import JsonObject, merge_patch, to_json_object
from declarative.state.format import parse_lock, render_lock
from declarative.state.journal import JournalWriter
from declarative.state.open_run import OpenRun


class CurrentLock:
    """The lock while it is written: every step is durable before it is seen.

    `lock` is always current. Its mappings, and those of its records, are changed in place, so that a step costs the
    same whatever the size. Code that needs a lock that does not change parses it again. Safe to use from several
    threads.

    Every method that writes raises LeaseLost, or StateError where the backend fails. Then nothing has changed.
    """

    def __init__(self, journal: JournalWriter, lock: Lock | None) -> None:
        self._journal = journal
        self._lock = _copy_lock(lock) if lock else None
        self._mutex = threading.RLock()
        self._in_step = False
        self.run: OpenRun | None = None
        """The run that writes, as the history will tell of it. None: its steps belong into no history."""

    @classmethod
    def open(cls, backend: Backend, lease: Lease) -> Self:
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

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Write what is updated within it in one durable line, at its end. Nothing of it may be relied on before. Where
        it breaks off, or cannot be written, nothing has changed."""
        with self._mutex:
            kept = dict(self._resources), dict(self._runs), self.run.save() if self.run else None
            self._in_step = True
            try:
                with self._journal.one_step(self.lock.lineage):
                    yield
            except BaseException:
                self._restore(*kept)
                raise
            finally:
                self._in_step = False

    def _restore(
        self, resources: Mapping[str, ResourceRecord], runs: Mapping[str, RunRecord], saved: RunRecord | None
    ) -> None:
        for target, values in ((self._resources, resources), (self._runs, runs)):
            cast(dict[str, object], target).clear()
            cast(dict[str, object], target).update(values)
        if self.run:
            self.run.restore(saved)

    def _own_record(self, address: str) -> ResourceRecord | None:
        """The record of an address, to be changed in place. Within a step it is a copy, so that the step can be
        undone."""
        record = self.lock.resources.get(address)
        return _copy_record(record) if record and self._in_step else record

    def close_run(self, run: str, digest: str) -> None:
        """Forget what a run did, whose line is in the history; remember that line at each address it is about."""
        with self._mutex:
            addresses = [address for address in self.lock.runs[run].addresses if address in self.lock.resources]
            resources = {address: {"history": digest} for address in addresses}
            patch = {"runs": {run: None}, **({"resources": resources} if resources else {})}
            self._journal.append(self.lock.lineage, patch)
            self._runs.pop(run)
            self._resources.update({name: replace(self._resources[name], history=digest) for name in addresses})

    def fold(self) -> None:
        """Write the whole lock and drop the journal, at the end of a run. Writes nothing where nothing changed."""
        with self._mutex:
            if not self._journal.is_empty:
                self._journal.fold(render_lock(self.lock))

    def _replace_records(self, records: Mapping[str, ResourceRecord], patch: JsonObject | None = None) -> None:
        """Write these records whole, by address, and the patch beside them, all in one line."""
        before = {address: self.lock.resources.get(address) for address in records}
        patches = {
            address: merge_patch(to_json_object(old) if old else {}, to_json_object(records[address]))
            for address, old in before.items()
        }
        self._append({**(patch or {}), **({"resources": patches} if patches else {})}, tuple(records))
        self._resources.update({address: _copy_record(record) for address, record in records.items()})

    @property
    def _resources(self) -> dict[str, ResourceRecord]:
        return cast(dict[str, ResourceRecord], self.lock.resources)

    @property
    def _runs(self) -> dict[str, RunRecord]:
        return cast(dict[str, RunRecord], self.lock.runs)

    def _append(self, patch: JsonObject, addresses: Sequence[str] = (), counts: PeopleCounts | None = None) -> None:
        """Write one step, and in the same line what the run has done with it. `counts` as in `update`, of each address;
        None: nothing was sent."""
        record = self.run.count(addresses, counts) if self.run and (patch or counts is not None) else None
        runs = self._runs
        if record:
            patch = {**patch, "runs": {record.run: _patch_run(runs.get(record.run), record, addresses)}}
        if patch:
            self._journal.append(self.lock.lineage, patch)
        if record:
            runs[record.run] = record


def _patch_run(before: RunRecord | None, after: RunRecord, addresses: Sequence[str]) -> JsonObject:
    """The patch from what a run had done to what it has done since, at these addresses alone: a step costs the same
    however many addresses the run has."""
    if before is None:
        return to_json_object(after)
    return merge_patch(to_json_object(_narrow(before, addresses)), to_json_object(_narrow(after, addresses)))


def _narrow(record: RunRecord, addresses: Sequence[str]) -> RunRecord:
    counts = record.addresses
    return replace(record, addresses={address: counts[address] for address in addresses if address in counts})


def _copy_lock(lock: Lock) -> Lock:
    resource_records = {address: _copy_record(resource_record) for address, resource_record in lock.resources.items()}
    return replace(
        lock,
        hosts=dict(lock.hosts),
        guards=dict(lock.guards),
        probes=dict(lock.probes),
        dials=dict(lock.dials),
        lists=dict(lock.lists),
        resources=resource_records,
        runs=dict(lock.runs),
    )


def _copy_record(resource_record: ResourceRecord) -> ResourceRecord:
    return replace(resource_record, remotes=dict(resource_record.remotes), intents=dict(resource_record.intents))
