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
    and `timing`; `opens_at` when what is too early or closed may ring; `lineage` salts the digests of persons; `also`
    are ids that are read and never touched."""

    address: str
    resource: Resource | None
    record: ResourceRecord
    remotes: Mapping[str, Remote]
    now: datetime
    key: PersonKey
    lineage: str
    also: frozenset[str] = frozenset()
    timing: Timing | pl.DataFrame = Timing.NOW
    opens_at: datetime | None = None

    @property
    def one_call(self) -> bool:
        """A Call is rung once in its life: whatever was placed for it is its one person, under any number."""
        return self.address.startswith("call/")

    @property
    def buried(self) -> bool:
        """Over once no manifest wanted it, and not wanted again."""
        return self.record.tombstone and self.resource is None

    @property
    def wanted(self) -> bool:
        return self.resource is not None and not self.resource.paused

    def open_intents(self) -> list[Intent]:
        """Intents that nothing seen answers, and that are not probably absent."""
        seen = {str(remote.mark) for remote in self.remotes.values() if remote.mark}
        return [
            intent
            for intent in self.record.intents.values()
            if intent.mark not in seen and not (intent.absent and intent.probe is None)
        ]

    def doubtful_batches(self) -> bool:
        """Whether a batch may exist that we cannot see."""
        return any(intent.is_batch for intent in self.open_intents())

    def doubtful_retries(self) -> frozenset[str]:
        """Ids of batches that may or may not have been retried."""
        return frozenset(i.remote for i in self.open_intents() if i.request is RequestKind.RETRY and i.remote)

    def doubtful_persons(self) -> frozenset[str]:
        """Digests of people whose single call may or may not have been placed."""
        return frozenset(i.person for i in self.open_intents() if i.person)


@dataclass(frozen=True)
class Block:
    """Why a whole resource is held back; `detail` names what was found, `way_out` what a person can do."""

    reason: Reason
    detail: str
    way_out: str = ""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """`quiet`: known to need nothing, without its people having been read. `adopt`: things with our mark that the lock
    does not know. `renamed`: addresses of the lock whose memory belongs to this one. `applying`: who holds the lease
    under which its open intents are being answered right now. `candidates`: calls without a mark that may be one of its
    lost requests; only a person can tell. `only_seen`: no part of this run, which looks at it for the sake of
    others."""

    case: Facts
    quiet: bool = False
    block: Block | None = None
    adopt: tuple[Remote, ...] = ()
    renamed: tuple[str, ...] = ()
    applying: str | None = None
    candidates: tuple[Remote, ...] = ()
    provider: str = ""
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Managed:
    """One address with its memory, before anything was seen of it. `only_seen`: left by its manifest, and no part of
    this run, which must not ring its people under another address."""

    address: str
    resource: Resource | None
    record: ResourceRecord
    provider: str
    renamed: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def route(self) -> Route:
        if self.resource is not None:
            return self.resource.route
        return next((known.route for known in self.record.remotes.values()), Route.BATCH)

    @property
    def also(self) -> tuple[str, ...]:
        return self.resource.also if self.resource else ()

    @property
    def was_forgotten(self) -> bool:
        """Whether something was sent of which only its mark may still tell."""
        return self.record.forgotten and self.record.generation > 0

    def batch_ids(self) -> dict[str, RemoteRecord]:
        return {key: known for key, known in self.record.remotes.items() if known.route is Route.BATCH}

    def calls_to_ask_for(self) -> list[str]:
        """Calls not known to have ended, by ids of the provider's own, which ours for calls without one (`refused:`,
        `unconfirmed:`) are not."""
        return [
            key
            for key, known in self.record.remotes.items()
            if known.route is Route.CALL and not known.settled and ":" not in key
        ]


def subjects(desired: Desired, lock: Lock | None, *, with_those_left: bool = False) -> list[Managed]:
    """Every address that this run may touch: those wanted, and in a run over the whole project those remembered. Of a
    narrower one, `with_those_left` adds as `only_seen` what is remembered and named by no manifest any more."""
    known = dict(lock.resources) if lock else {}
    found = []
    for address, resource in desired.resources.items():
        renamed = tuple(old for old in resource.previously if old in known)
        record = reduce(join_records, [known[old] for old in (address, *renamed) if old in known] or [ResourceRecord()])
        found.append(
            Managed(address=address, resource=resource, record=record, provider=resource.provider, renamed=renamed)
        )
    taken = {address for subject in found for address in (subject.address, *subject.renamed)}
    left = [address for address in known if address not in taken] if desired.whole or with_those_left else []
    if left and not desired.whole:
        named = desired.named()
        left = [address for address in left if not known[address].tombstone and address not in named]
    found += [
        Managed(
            address=address,
            resource=None,
            record=known[address],
            provider=known[address].provider,
            read_only=not desired.whole,
        )
        for address in left
    ]
    return found
