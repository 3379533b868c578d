"""One address with all that is known of it: the input of every decision about people. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import polars as pl

from declarative.model.digest import PersonKey
from declarative.model.lock import Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_records
from declarative.model.remote import Remote
from declarative.model.resource import Desired, Resource, Route
from declarative.planning.decide import Reason, Timing


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`resource` is None where the manifest is gone; `record` holds what is remembered, under earlier addresses too;
    `remotes` every remote thing of the address that was seen; `timing` is one Timing for all, or a frame of `number`
    and `timing`; `opens_at` when what is too early or closed may call; `lineage` salts the digests of persons; `also`
    are ids that are read and never touched."""

    address: str
    resource: Resource | None
    resource_record: ResourceRecord
    remotes: Mapping[str, Remote]
    now: datetime
    key: PersonKey
    lineage: str
    also: frozenset[str] = frozenset()
    timing: Timing | pl.DataFrame = Timing.NOW
    opens_at: datetime | None = None

    @property
    def is_single_call(self) -> bool:
        """A Call is called once in its life: whatever was placed for it is its one person, under any number."""
        return self.address.startswith("call/")

    @property
    def is_tombstone(self) -> bool:
        """Over once no manifest wanted it, and not wanted again."""
        return self.resource_record.tombstone and self.resource is None

    @property
    def is_desired(self) -> bool:
        return self.resource is not None and not self.resource.paused

    def open_intents(self) -> list[Intent]:
        """Intents that nothing seen answers, and that are not probably absent."""
        marks = {str(remote.mark) for remote in self.remotes.values() if remote.mark}
        return [
            intent
            for intent in self.resource_record.intents.values()
            if intent.mark not in marks and not (intent.absent and intent.probe is None)
        ]

    def has_doubtful_batch(self) -> bool:
        """Whether a batch may exist that we cannot see."""
        return any(intent.is_batch for intent in self.open_intents())

    def doubtful_retries(self) -> frozenset[str]:
        """Ids of batches that may or may not have been retried."""
        return frozenset(
            intent.remote for intent in self.open_intents() if intent.request is RequestKind.RETRY and intent.remote
        )

    def doubtful_persons(self) -> frozenset[str]:
        """Digests of people whose single call may or may not have been placed."""
        return frozenset(intent.person for intent in self.open_intents() if intent.person)


@dataclass(frozen=True)
class Block:
    """Why a whole resource is held back; `detail` names what was found, `way_out` what a person can do."""

    reason: Reason
    detail: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """`quiet`: known to need nothing, without its people having been read. `adopt`: things with our mark that the lock
    does not know. `renamed`: addresses of the lock whose memory belongs to this one. `applying`: who holds the lease
    under which its open intents are being answered right now. `candidates`: calls without a mark that may be one of its
    lost requests; only a person can tell. `only_seen`: no part of this run, which looks at it for the sake of
    others."""

    facts: Facts
    unchanged: bool = False
    block: Block | None = None
    to_adopt: tuple[Remote, ...] = ()
    renamed_from: tuple[str, ...] = ()
    lease_holder: str | None = None
    candidates: tuple[Remote, ...] = ()
    provider: str = ""
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Managed:
    """One address with its memory, before anything was seen of it. `only_seen`: left by its manifest, and no part of
    this run, which must not call its people under another address."""

    address: str
    resource: Resource | None
    resource_record: ResourceRecord
    provider: str
    renamed_from: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def route(self) -> Route:
        if self.resource is not None:
            return self.resource.route
        return next((remote_record.route for remote_record in self.resource_record.remotes.values()), Route.BATCH)

    @property
    def also(self) -> tuple[str, ...]:
        return self.resource.also if self.resource else ()

    @property
    def has_forgotten_requests(self) -> bool:
        """Whether something was sent of which only its mark may still tell."""
        return self.resource_record.is_forgotten and self.resource_record.generation > 0

    def batch_records(self) -> dict[str, RemoteRecord]:
        return {
            key: remote_record
            for key, remote_record in self.resource_record.remotes.items()
            if remote_record.route is Route.BATCH
        }

    def open_call_ids(self) -> list[str]:
        """Calls not known to have ended, by ids of the provider's own, which ours for calls without one (`refused:`,
        `unconfirmed:`) are not."""
        return [
            key
            for key, remote_record in self.resource_record.remotes.items()
            if remote_record.route is Route.CALL and not remote_record.settled and ":" not in key
        ]


def list_managed(desired: Desired, lock: Lock | None, *, include_removed: bool = False) -> list[Managed]:
    """Every address that this run may touch: those wanted, and in a run over the whole project those remembered. Of a
    narrower one, `with_those_left` adds as `only_seen` what is remembered and named by no manifest any more."""
    resource_records = dict(lock.resources) if lock else {}
    all_managed = []
    for address, resource in desired.resources.items():
        renamed_from = tuple(previous for previous in resource.previously if previous in resource_records)
        resource_record = reduce(
            join_records,
            [resource_records[previous] for previous in (address, *renamed_from) if previous in resource_records]
            or [ResourceRecord()],
        )
        all_managed.append(
            Managed(
                address=address,
                resource=resource,
                resource_record=resource_record,
                provider=resource.provider,
                renamed_from=renamed_from,
            )
        )
    claimed = {address for managed in all_managed for address in (managed.address, *managed.renamed_from)}
    removed = (
        [address for address in resource_records if address not in claimed]
        if desired.is_complete or include_removed
        else []
    )
    if removed and not desired.is_complete:
        named_addresses = desired.list_addresses()
        removed = [
            address for address in removed if not resource_records[address].tombstone and address not in named_addresses
        ]
    all_managed += [
        Managed(
            address=address,
            resource=None,
            resource_record=resource_records[address],
            provider=resource_records[address].provider,
            read_only=not desired.is_complete,
        )
        for address in removed
    ]
    return all_managed
