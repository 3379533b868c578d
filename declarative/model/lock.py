"""What the lock remembers, as values. They hold digests of people, never a number, a person's data or a key.

The fields are the JSON keys of the lock file. `state/codec.py` writes and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from declarative.model.resource import Json, Route

MIN_GUARD = timedelta(minutes=2)
"""The shortest guard of a batch whose people were in a request that probably, but not provably, never arrived."""


class RequestKind(StrEnum):
    """The requests that dial."""

    SUBMIT = "submit"  # create a batch, or place a call
    RETRY = "retry"


class CancelProgress(StrEnum):
    """How far our own cancel of a remote batch has come."""

    ASKED = "asked"  # written down before it was sent
    DONE = "done"  # answered; or a person declared another person's cancel to be theirs


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A request that dials, written down before it was sent. It stays open until it is known whether it happened."""

    request: RequestKind
    """Which request it is."""
    route: Route
    """The way to the phone. A retry is always of a batch."""
    mark: str
    """The mark that was sent. A retry sends none: `retry:<remote id>:<retry_count>`."""
    generation: int
    """The wave of requests it belongs to."""
    shard: int
    """Its place in that wave, from 1."""
    attempt: int
    """1 for a first call, one more for each retry by a new batch."""
    sent_at: datetime
    """By the provider's clock."""
    count: int
    """People in it."""
    numbers: str
    """Digest of the set of their numbers. Empty for a retry of a batch with unknown numbers."""
    payloads: str
    """Digest of their numbers with their data. Empty as `numbers` is."""
    settings: str
    """Digest of the settings that were sent. Empty as `numbers` is."""
    wanted: str = ""
    """Digest of all numbers that the manifest wanted at that time. Empty unless it creates a batch."""
    agent_id: str = ""
    """The agent, by which single calls are listed."""
    scheduled_at: datetime | None = None
    """When it starts to call, by the provider's clock. None: at once."""
    person: str | None = None
    """Digest of the one person of a single call. None for a batch."""
    remote: str | None = None
    """Id of the batch that a retry is about. None for a submission."""
    retry_count: int | None = None
    """The count that this batch showed before the retry was sent. None for a submission."""
    absent: bool = False
    """The settle time passed and the list did not show it: its absence is probable."""
    probe: str | None = None
    """Id of a later batch, withdrawn because the list did not show it in time. Once a list shows the probe and not this
    mark, absence is proven."""

    @property
    def is_batch(self) -> bool:
        """Whether it creates a batch. Only then can a list prove that it did not happen."""
        return self.request is RequestKind.SUBMIT and self.route is Route.BATCH


@dataclass(frozen=True, kw_only=True)
class RemoteRecord:
    """What the lock knows of one of our batches or calls, as last seen at the provider."""

    route: Route
    """The way to the phone."""
    mark: str | None = None
    """Our mark on it. None: it shows none."""
    generation: int = 0
    """The wave of requests it belongs to."""
    shard: int = 1
    """Its place in that wave, from 1."""
    attempt: int = 1
    """1 for a first call, one more for each retry by a new batch."""
    count: int = 0
    """People in it."""
    settings: str | None = None
    """Digest of the settings that were sent. None: found by its mark alone, which holds a short hash of it."""
    numbers: str | None = None
    """Digest of the set of numbers that were sent. None: unknown."""
    payloads: str | None = None
    """Digest of the numbers that were sent, with their data. None: unknown."""
    status: str = ""
    """The provider's own word."""
    dispatched: int = 0
    """Recipients dispatched, as the provider counts."""
    finished: int = 0
    """Recipients finished, as the provider counts."""
    retry_count: int | None = None
    """Retries by request, as the provider counts. None: the provider does not say."""
    last_updated_at: str = ""
    """The provider's text. It is only compared."""
    created_at: datetime | None = None
    """By the provider's clock."""
    cancelled: bool = False
    """It was cancelled, by us or by a person, as in Remote."""
    cancel: CancelProgress | None = None
    """How far our own cancel has come. None: we sent none."""
    settled: bool = False
    """It was over, its members were read in full, and none of them was queued in a live batch."""
    person: str | None = None
    """Digest of the one person of a single call. None for a batch."""
    phase: str | None = None
    """Phase of that person. None for a batch, and before it was read."""
    outcome: str | None = None
    """The provider's own word for how the call ended. None for a batch, and before it ended."""
    doubts: tuple[str, ...] = ()
    """Marks whose absence was only probable when this was sent. It is kept once a list shows it and none of them."""

    @property
    def state(self) -> tuple[str, int, int, int | None, str]:
        """What must equal `Remote.state` for the remote to count as unchanged."""
        return (self.status, self.dispatched, self.finished, self.retry_count, self.last_updated_at)


@dataclass(frozen=True, kw_only=True)
class ResourceRecord:
    """What the lock knows of one address."""

    generation: int = 0
    """Waves of requests so far. 0: none was ever sent."""
    provider: str = ""
    """Name of the provider in the project."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The settings last applied, in clear for people who review the lock. A long text is a digest here."""
    settings_digest: str = ""
    """Digest of the settings last applied in full."""
    count: int = 0
    """People last applied in full."""
    numbers: str = ""
    """Digest of the set of their numbers."""
    payloads: str = ""
    """Digest of their numbers with their data."""
    tombstone: bool = False
    """No longer wanted, and over. It is kept so that no one is called twice when the address comes back."""
    remotes: Mapping[str, RemoteRecord] = field(default_factory=dict)
    """Provider's id to what is known of it."""
    intents: Mapping[str, Intent] = field(default_factory=dict)
    """Mark to the request that is still open."""
    placed: tuple[str, ...] = ()
    """Digests of people that a person declared called, and the marks of the requests that called them. A request that
    is found after all says by itself which people it holds."""
    unseen: tuple[str, ...] = ()
    """Digests of people who were wanted when the lock was rebuilt, but were not found, where no list can prove that
    they were never called."""
    revoked: tuple[str, ...] = ()
    """Marks that must never call. Everything that appears with one of them is cancelled."""
    also: tuple[str, ...] = ()
    """Ids of other owners' batches, under `spec.also` when the manifest was last applied."""
    quiet: str | None = None
    """Digest of all facts under which there was nothing to do. None: that is not known."""

    def guard(self, project_guard: timedelta) -> timedelta:
        """How long before its first call a batch of these people is sent, at least."""
        # Protocol 6: an earlier request may still arrive, and the guard is the time to find and cancel it. So the
        # project cannot switch the guard off here.
        doubtful = bool(self.revoked) or any(intent.absent for intent in self.intents.values())
        return max(project_guard, MIN_GUARD) if doubtful else project_guard

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is known of what was done, because a person had it forgotten. The generation stays."""
        return replace(self, generation=0, provider="", tombstone=False, revoked=()) == ResourceRecord()


@dataclass(frozen=True, kw_only=True)
class Lock:
    """All that a project remembers between runs."""

    project: str
    """`metadata.name` of the Project."""
    lineage: str
    """Random name of this lock. Two locks of one project with different lineages know nothing of each other."""
    born: datetime
    """When this lineage began, by the first provider's clock. No mark of it is older."""
    person_key: str | None = None
    """Fingerprint of the key that people's digests are made with. None: they were made without a key."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Provider name to the host name that it was reached at, without the port."""
    resources: Mapping[str, ResourceRecord] = field(default_factory=dict)
    """Address to what is known of it."""
