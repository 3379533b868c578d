"""What the lock remembers, as values. They hold digests of people, never a number, a person's data or a key.

The fields are the JSON keys of the lock file. `state/codec.py` writes and reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from declarative.model.history import Origin, RunRecord
from declarative.model.resource import Json, Route

LONGEST_GUARD = timedelta(hours=1)
"""No guard is made longer than this because a list lags, and no look and no fence takes longer."""


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
    answer: str = ""
    """What was answered instead of an outcome, for people: status and first words, without a number. Empty: nothing."""
    body: str = ""
    """Digest of all that its bytes are made of. Empty: it has no idempotency key, and is never sent again."""
    fence: datetime | None = None
    """When it can call no one any more if it still lands, by the provider's clock. None: not known, or no batch."""
    origin: Origin | None = None
    """Under what it was sent. None: an earlier version sent it."""

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
    cancelled_at: datetime | None = None
    """When the provider answered our cancel, by its clock; an answer that was lost counts from when it was first seen.
    None: not known, or of no matter: who reads `cancelled` there is free at once."""
    starts_at: datetime | None = None
    """When it starts to call, as read before our cancel. None: it was not asked for, since it is of no matter."""
    taken_off: Mapping[str, CancelProgress] = field(default_factory=dict)
    """Digest of each person whom we took off it alone, to how far that has come."""
    settled: bool = False
    """It was over, its members were read in full, and none of them was queued in a live batch."""
    person: str | None = None
    """Digest of the one person of a single call. None for a batch."""
    phase: str | None = None
    """Phase of that person. None for a batch, and before it was read."""
    outcome: str | None = None
    """The provider's own word for how the call ended. None for a batch, and before it ended."""
    closed: bool = False
    """It is neither read nor touched: a person closed it, and all of its people count as called (see `placed` of the
    address), or the provider forgets what is cancelled, and our cancel came in time."""
    unnamed: bool = False
    """It was closed while its manifest was gone: nobody who may have been in it is called if that comes back, until a
    person settles who was."""
    origin: Origin | None = None
    """Under what it was sent. None: found by its mark alone, or sent by an earlier version."""
    retried: Origin | None = None
    """Under what it was last retried by the provider's request. None: by none that is known."""

    @property
    def state(self) -> tuple[str, int, int, int | None, str]:
        """What must equal `Remote.state` for the remote to count as unchanged."""
        return (self.status, self.dispatched, self.finished, self.retry_count, self.last_updated_at)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """People whose calls are over, as `halt_when` counts them."""

    people: int = 0
    """All of them: called, or turned away before any phone was called."""
    reached: int = 0
    """Those of them who were reached."""
    failed: int = 0
    """Those of them whose latest call failed, by the provider's words, or who were turned away."""

    def __sub__(self, other: Ended) -> Ended:
        return Ended(
            people=self.people - other.people, reached=self.reached - other.reached, failed=self.failed - other.failed
        )


@dataclass(frozen=True, kw_only=True)
class Halt:
    """A campaign that stopped by itself. It stays stopped until a person resumes it."""

    rule: str
    """Digest of the `halt_when` that it met. Another rule judges anew."""
    figures: str
    """What was found, in words."""


@dataclass(frozen=True, kw_only=True)
class ResourceRecord:
    """What the lock knows of one address."""

    generation: int = 0
    """Waves of requests so far. 0: none was ever sent."""
    provider: str = ""
    """Name of the provider in the project."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The settings last applied, in clear for review. What is long, or may be a secret, is a digest."""
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
    """Digests of people who are not found, where nothing proves that they were never called: those wanted when the lock
    was rebuilt, and those of a batch that says it took only some of its people."""
    revoked: tuple[str, ...] = ()
    """Marks that must never call. Everything that appears with one of them is cancelled."""
    also: tuple[str, ...] = ()
    """Ids of other owners' batches, under `spec.also` when the manifest was last applied."""
    commit: str | None = None
    """Hash of the git commit whose manifests were last applied here. None: it was in no git repository."""
    committed_at: datetime | None = None
    """When that commit was committed, by its committer's clock."""
    applied: str = ""
    """Digest of all that the manifest meant then. A change records the commit though nothing is sent."""
    halted: Halt | None = None
    """Its `halt_when` was met. None: it was not, or a person resumed it since."""
    resumed: Ended | None = None
    """What had come of its calls when a person resumed it last: `halt_when` counts from there. None: nobody did."""
    approved: str = ""
    """Digest of manifest and policy as last approved, with which `apply --only-approved` goes on. Empty: none is."""
    quiet: str | None = None
    """Digest of all facts under which there was nothing to do. None: that is not known."""
    lists: Mapping[str, int] = field(default_factory=dict)
    """Name of each do-not-call list that it has beside those of the project to how many numbers it held. Falls only by
    an apply that was allowed to release."""
    history: str = ""
    """Digest of the newest line of the history about this address, so that a history whose end is gone is noticed."""

    @property
    def closed_ids(self) -> frozenset[str]:
        """Ids of remotes that are neither read nor touched any more."""
        return frozenset(remote_id for remote_id, remote_record in self.remotes.items() if remote_record.closed)

    @property
    def has_unnamed(self) -> bool:
        """Whether a batch counts as called of which it is not known who was in it."""
        return any(remote_record.unnamed for remote_record in self.remotes.values())

    @property
    def is_unsure(self) -> bool:
        """Whether it is not known of somebody whether they were called."""
        return bool(self.intents or self.unseen or self.has_unnamed)

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is known of what was done, because a person had it forgotten. The generation stays."""
        known = replace(self, generation=0, provider="", tombstone=False, revoked=())
        known = replace(known, commit=None, committed_at=None, applied="", approved="", lists={}, history="")
        return known == ResourceRecord()


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
    guards: Mapping[str, int] = field(default_factory=dict)
    """Provider name to the seconds of guard that its list asks for, where it did not show a new batch within the
    project's guard. More than LONGEST_GUARD: it did not show one within that either."""
    probes: Mapping[str, datetime] = field(default_factory=dict)
    """Provider name to when the last list probe was sent there, by the provider's clock."""
    dials: Mapping[str, int] = field(default_factory=dict)
    """The beginning of an hour (`2026-12-01T16:00:00Z`, by the provider's clock) to the people in requests that
    `dialctl run` sent within it. It keeps a day, for `max_dials`."""
    lists: Mapping[str, int] = field(default_factory=dict)
    """Name of each do-not-call list of the project to how many numbers it held. Falls only by an apply that was allowed
    to release."""
    resources: Mapping[str, ResourceRecord] = field(default_factory=dict)
    """Address to what is known of it."""
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    """By id, runs that changed something and whose line is not in the history yet: one that goes on, or was cut off."""

    @property
    def is_unused(self) -> bool:
        """Whether nothing was ever sent under it: `dialctl init` wrote it."""
        return not self.hosts and not self.resources

    def guard(self, provider: str, project_guard: timedelta) -> timedelta:
        """How long before its first call a batch is sent to this provider, at least. Zero switches the guard off."""
        # Protocol 7: a look proves something only if the list has had the time to show the batch.
        remembered = min(timedelta(seconds=self.guards.get(provider, 0)), LONGEST_GUARD)
        return max(project_guard, remembered) if project_guard else project_guard
