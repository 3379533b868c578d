"""All that is known of one address, in three steps: Managed, Facts, Observation. Values only.

Managed is what manifest and lock say, Facts add what was seen at the provider, an Observation what was concluded of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.digest import PersonKey
from declarative.model.halts import EmergencyHalt
from declarative.model.lock import Halt, Intent, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.closing import Closing
from declarative.planning.decide import Reason, Timing


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One address as wanted, as remembered and as seen."""

    address: str
    """`batch/NAME` or `call/NAME`."""
    resource: Resource | None
    """What the manifest wants; None where the manifest is gone."""
    resource_record: ResourceRecord
    """What the lock remembers, joined with what it remembers under earlier addresses."""
    remotes: Mapping[str, Remote]
    """Every remote of the address that was seen, by id."""
    now: datetime
    """The provider's time, aware UTC."""
    key: PersonKey
    """Makes the digests of persons and recipients."""
    lineage: str
    """The lineage of the lock; it salts the digests of persons."""
    probe_number: str = ""
    """The number that a list probe at its provider holds; empty where it is the number that calls go out from."""
    also: frozenset[str] = frozenset()
    """Ids under `spec.also`: read and never touched."""
    marks_are_listed: bool = True
    """Whether the list of calls shows by its mark the newest call that the lock knows there."""
    unmatched: frozenset[str] = frozenset()
    """Ids of batches that do not show exactly the people who were sent, as far as the lock knows (membership.py)."""
    emergency: EmergencyHalt | None = None
    """The halt that a person ordered for it, which stands. None: there is none."""
    timing: Timing | pl.DataFrame = Timing.NOW
    """One value for all people, or a frame of `number` and `timing`."""
    capabilities: Capabilities | None = None
    """What its route can do; None: not known."""
    approved: bool = True
    """Whether its manifest was approved as it is. True where the run does not ask (`apply --only-approved` does)."""
    takes_calls_back: bool = False
    """Whether its provider can cancel a single call that waits."""
    doubted_elsewhere: frozenset[str] = frozenset()
    """Digests of wanted people whom a lost request of another address may have called, at a provider where nothing
    would tell the two calls apart."""
    cancel_settles: timedelta = timedelta()
    """How long after the answer to a cancel the provider may still call."""
    frequent: pl.DataFrame | None = None
    """People who were called as often as `frequency` allows: `number`, and `free_at`, when they may be called again."""
    closing: Closing | None = None
    """When the calling hours end of a batch that would begin now; None where that bounds nobody."""
    opens_at: datetime | None = None
    """When a call that is too early or outside calling hours may be made, aware UTC; None where not known."""

    @property
    def is_single_call(self) -> bool:
        """Whether it is a Call, called once in its life: what was placed for it is its one person, under any number."""
        return self.address.startswith("call/")

    @property
    def is_tombstone(self) -> bool:
        """Whether it was over after its manifest was removed, and is not wanted again."""
        return self.resource_record.tombstone and self.resource is None

    @property
    def is_desired(self) -> bool:
        """Whether its manifest exists and is not paused."""
        return self.resource is not None and not self.resource.paused

    def is_cancel_settled(self, remote_record: RemoteRecord) -> bool:
        """Whether a batch was cancelled by us, and so long ago that a person who reads `cancelled` there is free."""
        # Protocol 8: a cancel that was answered is no proof that no call goes out any more.
        if remote_record.cancel is None or not self.cancel_settles:
            return remote_record.cancel is not None
        return remote_record.cancelled_at is not None and remote_record.cancelled_at + self.cancel_settles <= self.now

    def has_unsettled_cancel(self) -> bool:
        """Whether people whom a cancel of ours took off are not free yet, and will be decided anew."""
        return any(
            remote_record.cancel is not None and not self.is_cancel_settled(remote_record)
            for remote_record in self.resource_record.remotes.values()
        )

    def open_intents(self) -> list[Intent]:
        """Return intents that nothing seen answers. Protocol 5: until one is found or disproved, no one is called who
        may be in it."""
        if not self.resource_record.intents:
            return []
        marks = {str(remote.mark) for remote in self.remotes.values() if remote.mark}
        return [intent for intent in self.resource_record.intents.values() if intent.mark not in marks]

    def has_doubtful_batch(self) -> bool:
        """Whether a batch of ours may exist that was not seen."""
        return any(intent.is_batch for intent in self.open_intents())

    def unnamed_batches(self) -> dict[str, RemoteRecord]:
        """Return by id the batches that a person declared placed without it being known who was in them. One that is
        seen after all shows by itself who is in it."""
        marks = {str(remote.mark) for remote in self.remotes.values() if remote.mark}
        return {
            remote_id: remote_record
            for remote_id, remote_record in self.resource_record.remotes.items()
            if remote_record.unnamed and remote_record.mark not in marks
        }

    def doubtful_retries(self) -> frozenset[str]:
        """Return the ids of batches that may have been retried by a request whose answer was lost."""
        return frozenset(
            intent.remote for intent in self.open_intents() if intent.request is RequestKind.RETRY and intent.remote
        )

    def doubtful_persons(self) -> frozenset[str]:
        """Return the digests of people whose single call may have been placed by a request whose answer was lost."""
        return frozenset(intent.person for intent in self.open_intents() if intent.person)


@dataclass(frozen=True)
class Block:
    """Why nothing is done at a whole resource."""

    reason: Reason
    """One of decide.BLOCKS_RESOURCE."""
    detail: str
    """What was found, for the user."""
    hint: str = ""
    """What the user can do about it; empty where there is nothing to do."""
    halt: Halt | None = None
    """What the lock is to remember of a campaign that is halted; None for every other reason."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The facts of one address, with what is concluded for the address as a whole."""

    facts: Facts
    """What is known of it."""
    unchanged: bool = False
    """It surely needs nothing, and its people were not read."""
    block: Block | None = None
    """Why nothing may be done at it; None where something may."""
    to_adopt: tuple[Remote, ...] = ()
    """Remotes with our mark that the lock does not know."""
    renamed_from: tuple[str, ...] = ()
    """Addresses of the lock whose record belongs to this one (`metadata.previously`)."""
    lease_holder: str | None = None
    """Who holds the lease under which its open intents are being settled now; None where no apply is running."""
    candidates: tuple[Remote, ...] = ()
    """Calls without a mark that may be one of its lost requests; only a user can tell."""
    provider: str = ""
    """The name of its provider in manifests."""
    read_only: bool = False
    """It is no part of this run, and only read to find people who move to another address."""


@dataclass(frozen=True, kw_only=True)
class Managed:
    """One address as wanted and as remembered, before anything was seen of it."""

    address: str
    """`batch/NAME` or `call/NAME`."""
    resource: Resource | None
    """What the manifest wants; None where the manifest is gone."""
    resource_record: ResourceRecord
    """What the lock remembers, joined with what it remembers under earlier addresses."""
    provider: str
    """The name of the provider where what was sent is; of an address under which nothing was, the manifest's."""
    renamed_from: tuple[str, ...] = ()
    """Addresses of the lock whose record belongs to this one (`metadata.previously`)."""
    read_only: bool = False
    """Its manifest is gone and it is no part of this run, which must not call its people under another address."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its address, and its earlier ones."""
        return (self.address, *(self.resource.previously if self.resource else ()))

    @property
    def resource_here(self) -> Resource | None:
        """What the manifest wants at this provider; None where it is gone, or names another one."""
        return self.resource if self.resource and self.resource.provider == self.provider else None

    @property
    def route(self) -> Route:
        """The route wanted at this provider, or else the one that was used."""
        if self.resource_here is not None:
            return self.resource_here.route
        return next((remote_record.route for remote_record in self.resource_record.remotes.values()), Route.BATCH)

    @property
    def also(self) -> tuple[str, ...]:
        """Ids under `spec.also`; empty where the manifest is gone, or names another provider."""
        return self.resource_here.also if self.resource_here else ()

    @property
    def has_forgotten_requests(self) -> bool:
        """Whether something was sent, and only its mark at the provider can still tell of it."""
        return self.resource_record.generation > 0 and self.resource_record.is_forgotten

    def batch_records(self) -> dict[str, RemoteRecord]:
        """Return the remembered batches by id, without those that are not read any more."""
        return {
            key: remote_record
            for key, remote_record in self.resource_record.remotes.items()
            if remote_record.route is Route.BATCH and not remote_record.closed
        }

    def open_call_ids(self) -> list[str]:
        """Return the provider's ids of calls that are not known to have ended.

        Ids of our own, for calls that have none at the provider (`refused:`, `unconfirmed:`), are left out.
        """
        return [
            key
            for key, remote_record in self.resource_record.remotes.items()
            if remote_record.route is Route.CALL and not remote_record.settled and ":" not in key
        ]
