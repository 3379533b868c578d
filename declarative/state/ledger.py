"""The lock while a run writes it: every step is durable before it returns, and costs one short line.

Knows no backend by name, no provider and no plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict, TypeVar, Unpack, cast

from declarative.model.history import PeopleCounts
from declarative.model.lock import Ended, Halt, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_records
from declarative.model.resource import Json
from declarative.state.codec import encode_time, merge_patch
from declarative.state.current_lock import CurrentLock
from declarative.state.format import update_patch
from declarative.state.journal import JournalWriter

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


class Ledger(CurrentLock):
    """What a run writes to the lock, step by step. The rest is as in CurrentLock."""

    def __init__(self, journal: JournalWriter, lock: Lock | None) -> None:
        super().__init__(journal, lock)
        self.stamps: Mapping[str, ResourceRecordFields] = {}
        """By address, fields that every update there writes as well: the commit that is being applied."""

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
            before = self._own_record(address)
            after = replace(before or ResourceRecord(), **fields)
            self._append(update_patch(address, before, after, fields.keys(), remotes, intents), (address,), counts)
            _assign_entries(cast(dict[str, RemoteRecord], after.remotes), remotes)
            _assign_entries(cast(dict[str, Intent], after.intents), intents)
            self._resources[address] = after

    def update_each(
        self, changes: Mapping[str, tuple[str, ResourceRecordFields]], *, lists: Mapping[str, int] | None = None
    ) -> None:
        """Set fields of many addresses, all in one line: by address, the provider of a new record and the fields.
        `lists` are those of the project; None leaves them. Writes nothing where nothing changes."""
        with self._mutex:
            lists = self.lock.lists if lists is None else lists
            befores = {address: self.resource_record(address) for address in changes}
            self._replace_records(
                {
                    address: replace(
                        replace(befores[address], provider=befores[address].provider or provider), **fields
                    )
                    for address, (provider, fields) in changes.items()
                    if any(getattr(befores[address], name) != value for name, value in fields.items())
                },
                {"lists": patch} if (patch := merge_patch(dict(self.lock.lists), dict(lists))) else {},
            )
            self._lock = replace(self.lock, lists=dict(lists))

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
            self._replace_records({address: new_record})

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
            self._replace_records({old_address: _forgotten(old_record, tombstone=True), new_address: new_record})

    def set_host(self, provider: str, host: str) -> None:
        """Remember the host name that a provider was reached at."""
        self.set_entries("hosts", {provider: host})

    def set_guard(self, provider: str, seconds: int) -> None:
        """Remember how many seconds of guard the list of a provider asks for. 0: no more than the project's."""
        self.set_entries("guards", {provider: seconds or None})

    def set_probe_time(self, provider: str, moment: datetime) -> None:
        """Remember when a list probe is sent to a provider."""
        self.set_entries("probes", {provider: moment}, counts=PeopleCounts())

    def set_entries(
        self, name: str, changes: Mapping[str, str | int | datetime | None], counts: PeopleCounts | None = None
    ) -> None:
        """Set entries of a mapping of the lock, by the name of its field. None drops one; `counts` as in `update`."""
        with self._mutex:
            entries: dict[str, str | int | datetime] = getattr(self.lock, name)
            changed = {key: value for key, value in changes.items() if entries.get(key) != value}
            times = {key: encode_time(value) for key, value in changed.items() if isinstance(value, datetime)}
            self._append({name: {**changed, **times}} if changed else {}, counts=counts)
            _assign_entries(entries, changed)


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


def _assign_entries(target: dict[str, _Part], changes: Mapping[str, _Part | None]) -> None:
    for key, part in changes.items():
        if part is None:
            target.pop(key, None)
        else:
            target[key] = part
