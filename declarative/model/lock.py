"""The values that everyone shares: what the lock remembers. Only digests of people, never a number, their data or
a key. How it is written down is state/'s business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from declarative.model.resource import Json, Route

MIN_GUARD = timedelta(minutes=2)
"""The guard of a batch whose people were in a request that probably, but not provably, never arrived."""


class RequestKind(StrEnum):
    """The requests that dial."""

    SUBMIT = "submit"  # create a batch, or place a call
    RETRY = "retry"


class CancelProgress(StrEnum):
    """How far our own cancel of a remote batch has come."""

    ASKED = "asked"  # written down before it was sent
    DONE = "done"  # answered; or a person declared somebody else's cancel to be theirs


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A request that dials, written down before it was sent and not yet known to have happened or not.

    `sent_at` and `scheduled_at` by the provider's clock. `count`, `numbers`, `payloads` (digests) are its people;
    `wanted` the digest of all numbers that the manifest wanted then, where it is a batch; `person` the one person's
    digest where it is a single call. `remote` and `retry_count` (seen before) belong to
    a retry. `absent`: the settle time passed and the list did not show it, which makes its absence probable.
    `probe`: the id of a later batch, withdrawn because the list did not show it in time; once a list shows the
    probe and not this mark, absence is proven.
    """

    request: RequestKind
    route: Route
    mark: str
    generation: int
    shard: int
    attempt: int
    sent_at: datetime
    count: int
    numbers: str
    payloads: str
    settings: str
    wanted: str = ""
    agent_id: str = ""
    scheduled_at: datetime | None = None
    person: str | None = None
    remote: str | None = None
    retry_count: int | None = None
    absent: bool = False
    probe: str | None = None

    @property
    def is_batch(self) -> bool:
        """Whether it would have brought a batch into being: then a list can prove that it did not."""
        return self.request is RequestKind.SUBMIT and self.route is Route.BATCH


@dataclass(frozen=True, kw_only=True)
class RemoteRecord:
    """A remote batch or call that is ours, as last seen. `settings`, `numbers`, `payloads` are digests of what was
    sent, None where unknown (found by its mark alone: then the short hash in the mark is all there is). `cancelled`, by
    whomever, as in Remote; `person` and `phase` belong to a single call. `settled`: it was over and was read in full.
    `doubts`: revoked marks whose absence was only probable when this was sent; it is kept once a list shows it and none
    of them."""

    route: Route
    mark: str | None = None
    generation: int = 0
    shard: int = 1
    attempt: int = 1
    count: int = 0
    settings: str | None = None
    numbers: str | None = None
    payloads: str | None = None
    status: str = ""
    dispatched: int = 0
    finished: int = 0
    retry_count: int | None = None
    last_updated_at: str = ""
    created_at: datetime | None = None
    cancelled: bool = False
    cancel: CancelProgress | None = None
    settled: bool = False
    person: str | None = None
    phase: str | None = None
    outcome: str | None = None
    doubts: tuple[str, ...] = ()

    @property
    def state(self) -> tuple[str, int, int, int | None, str]:
        return (self.status, self.dispatched, self.finished, self.retry_count, self.last_updated_at)


@dataclass(frozen=True, kw_only=True)
class ResourceRecord:
    """What is remembered of one address. `settings` in clear (long text as a digest) for people to read in a
    review; `count`, `numbers`, `payloads`, `settings_digest` are what was last applied in full.
    `placed` holds digests of people whom a human declared called, and marks of the requests by which: one that is found
    after all tells of its people itself. `unseen` holds digests of people who were wanted when the lock was rebuilt
    and not found where no list can prove that they were never called. `revoked` marks must never call: whatever appears
    with one is cancelled. `also` are the batches of others that the manifest last named as its own.
    `quiet` is the digest of all facts under which there was nothing to do. `tombstone`: no longer wanted and over; kept
    so that bringing it back calls nobody twice."""

    generation: int = 0
    provider: str = ""
    settings: Mapping[str, Json] = field(default_factory=dict)
    settings_digest: str = ""
    count: int = 0
    numbers: str = ""
    payloads: str = ""
    tombstone: bool = False
    remotes: Mapping[str, RemoteRecord] = field(default_factory=dict)
    intents: Mapping[str, Intent] = field(default_factory=dict)
    placed: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    quiet: str | None = None

    def guard(self, project_guard: timedelta) -> timedelta:
        """How long before its first call a batch of these people is sent: `wanted` by the project, but not less than
        LEAST_GUARD where an earlier request may still arrive."""
        doubtful = bool(self.revoked) or any(intent.absent for intent in self.intents.values())
        return max(project_guard, MIN_GUARD) if doubtful else project_guard

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is known of what was done: a person had it forgotten. Its generation stays."""
        return replace(self, generation=0, provider="", tombstone=False, revoked=()) == ResourceRecord()


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The whole memory of a project. `born` is when this lineage began, by the first provider's clock: no mark of
    it is older. `hosts` maps provider name to host name; `person_key` is the fingerprint of the person key."""

    project: str
    lineage: str
    born: datetime
    person_key: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, ResourceRecord] = field(default_factory=dict)
