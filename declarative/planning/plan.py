"""The plan: actions for people to read, and the task behind each address for engine/runner.py. Values only.

Decides nothing about people (decide.py does) and makes no request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from declarative.model.digest import json_digest
from declarative.model.lock import Halt, Lock
from declarative.model.policy import DoNotCallList
from declarative.model.remote import Phase
from declarative.model.resource import Resource
from declarative.planning.decide import Reason, Verb
from declarative.planning.decisions import REMOVALS_SCHEMA
from declarative.planning.diff import Change
from declarative.planning.facts import Facts
from declarative.planning.terms import Forecast, Terms

FORMAT_VERSION = "1"
"""`format_version` of a plan as JSON."""
TO_CALL_SCHEMA = {"number": pl.String, "data_row": pl.UInt32, "verb": pl.String, "attempt": pl.Int64}
"""Columns of people to submit: E.164 number, place of their data (People.rows), the verb of their action, attempt from
1."""
NOBODY = pl.DataFrame(schema=TO_CALL_SCHEMA)
NO_REMOVALS = pl.DataFrame(schema=REMOVALS_SCHEMA)


@dataclass(frozen=True, kw_only=True)
class Action:
    """What happens at one address under one verb."""

    address: str
    """`batch/NAME` or `call/NAME`."""
    verb: Verb
    """What happens."""
    reason: Reason
    """Why it happens to most of the people."""
    provider: str
    """The name of the provider in manifests."""
    people: int = 0
    """How many people it concerns."""
    remote_ids: tuple[str, ...] = ()
    """The batches that are cancelled or retried, or that people are taken off; or the remotes that are adopted."""
    changes: tuple[Change, ...] = ()
    """What differs from what was last applied; on one action of an address, which calls people now or later."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """People by reason, the most frequent first; empty where the action concerns the address as a whole."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Further numbers for the text: called, queued, in_flight, known, total, attempt, attempts, batches, alone
    (those of the people who are taken off a batch whose others stay)."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """People to retry by the outcome of their latest call, the provider's words."""
    detail: str = ""
    """What was found, in words; mostly of a block."""
    hint: str = ""
    """What the user can do about a block."""
    starts_at: datetime | None = None
    """The manifest's `scheduled_at`, where people will be called."""
    next_at: datetime | None = None
    """When a wait ends; None where that is not known."""
    terms: Terms | None = None
    """On what terms its people are called; on one action of an address, where people are called for the first time."""
    forecast: Forecast | None = None
    """How long its calls take; None where it calls nobody, or nothing that is known limits them."""

    @property
    def calls_new_people(self) -> bool:
        """Whether people are called for the first time, now or once their time has come."""
        return self.verb is Verb.CREATE or (self.verb is Verb.WAIT and self.counts.get("attempt", 1) == 1)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What engine/runner.py does at one address."""

    address: str
    """`batch/NAME` or `call/NAME`."""
    facts: Facts
    """What it was decided from."""
    cancels: tuple[str, ...] = ()
    """Ids of batches to cancel first."""
    leaving: frozenset[str] = frozenset()
    """Those of `cancels` in which somebody must be taken off. They are cancelled whatever else goes wrong."""
    removals: pl.DataFrame = field(default_factory=lambda: NO_REMOVALS)
    """The people to take off batches whose others stay; columns REMOVALS_SCHEMA."""
    blocked: bool = False
    """The address is blocked: nobody is submitted, and there is nothing but `cancels` and `removals`."""
    halt: Halt | None = None
    """Why the campaign is halted; it stays so until a person resumes it. None: it is not."""
    requests: tuple[str, ...] = ()
    """Ids of batches to retry by the provider's own request."""
    to_call: pl.DataFrame = field(default_factory=lambda: NOBODY)
    """The people to submit; columns TO_CALL_SCHEMA."""
    renamed_from: tuple[str, ...] = ()
    """Earlier addresses whose record moves here."""
    forget: bool = False
    """Only a tombstone stays in the lock."""
    unchanged: bool = False
    """Nothing was read, and nothing is due."""
    complete: bool = True
    """All wanted people are submitted once this is done."""
    due_later: bool = False
    """A call may be due at a later time."""
    expired_count: int = 0
    """Wanted people who were never submitted, and are not any more."""
    late_count: int = 0
    """People who wait because they cannot be begun before their calling hours end."""
    retries_dropped_now: int = 0
    """People that it takes off while they wait for a retry. They are not called again."""
    retries_dropped_earlier: int = 0
    """People that an earlier run took off while they waited for a retry. They are not called again."""
    unapproved_mates: int = 0
    """People who share a batch with somebody who leaves it, and are submitted again only once that is approved."""
    placed_count: int = 0
    """People no longer wanted whose single calls go on."""
    hours_end_at: datetime | None = None
    """When the calling hours end of the first who waits at the provider or is submitted now. None: no time is known."""

    @property
    def resource(self) -> Resource | None:
        """What the manifest wants; None where the manifest is gone."""
        return self.facts.resource

    @property
    def numbers_to_call(self) -> pl.Series:
        """The numbers of all people that it may call: to submit, and to call again by a retry request."""
        retry_numbers = [self._numbers_to_retry(remote_id).get_column("number") for remote_id in self.requests]
        return pl.concat([self.to_call.get_column("number"), *retry_numbers])

    def recipients_to_retry(self, remote_id: str) -> pl.DataFrame:
        """Return the people that a retry request for this batch calls, as wanted now; columns as People.rows."""
        assert self.resource is not None  # batches_to_retry chooses batches of wanted people only
        return self.resource.recipients.rows.join(self._numbers_to_retry(remote_id), on="number", how="semi")

    def _numbers_to_retry(self, remote_id: str) -> pl.DataFrame:
        members = self.facts.remotes[remote_id].members
        assert members is not None  # batches_to_retry chooses batches that were read only
        return members.filter(phase=Phase.UNREACHED).select("number")

    @property
    def digest(self) -> str:
        """The digest of everything that would be sent: people, attempts, settings, batches."""
        rows, settings = self.facts.key.digest_lines(()), None
        if self.resource is not None and len(self.to_call):  # people are read only where some are called
            rows = self.resource.recipients.people.rows_digest(self.to_call, self.facts.key)
            settings = self.resource.settings_digest
        off = [
            (one, self.facts.key.digest_person(self.facts.lineage, who)) for one, who, _ in self.removals.iter_rows()
        ]
        return json_digest([rows, settings, list(self.cancels), off, list(self.requests), self.forget])


@dataclass(frozen=True)
class Notice:
    """Something that a reader should know before approving."""

    address: str
    """The address that it is about, or the file."""
    message: str
    """One sentence, without a full stop."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that an apply would do, and what a reader should know of it."""

    project: str
    """The name of the project."""
    created_at: datetime
    """When it was made, aware UTC: the provider's time, or this machine's for an offline plan."""
    actions: tuple[Action, ...]
    """In the order of sort_actions()."""
    lock: Lock | None = None
    """The lock that it was made over; None where there is none, and for an offline plan."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """What to do, by address. A blocked address has one where people are taken off; an offline plan has none."""
    warnings: tuple[Notice, ...] = ()
    """What a reader should know, though nothing forbids the plan."""
    refusals: tuple[str, ...] = ()
    """Sentences of the policies that forbid to apply it; empty where none does."""
    held_counts: Mapping[str, int] = field(default_factory=dict)
    """People that a policy excludes, by the policy's name."""
    lists: tuple[DoNotCallList, ...] = ()
    """The do-not-call lists that it was made with, each once."""
    skipped: tuple[Action, ...] = ()
    """Actions of the saved plan that is applied which nothing calls for any more."""
    offline: bool = False
    """It was made without a provider: its counts are upper bounds."""
    commit: str = ""
    """The git commit of the manifests; empty where git knows none, or nobody asked for it."""

    @property
    def lineage(self) -> str | None:
        """The lineage of the lock; None without a lock."""
        return self.lock.lineage if self.lock else None

    def actions_with_verb(self, *verbs: Verb) -> list[Action]:
        """Return the actions that have one of the verbs."""
        return [action for action in self.actions if action.verb in verbs]

    @cached_property
    def calls_by_address(self) -> Mapping[str, int]:
        """How many people are called, by address; addresses without an action that calls are left out."""
        counts: dict[str, int] = {}
        for action in self.actions:
            if action.verb.dials:
                counts[action.address] = counts.get(action.address, 0) + action.people
        return counts

    @property
    def people_to_call(self) -> int:
        """How many people are called at all addresses."""
        return sum(self.calls_by_address.values())

    @property
    def people_moved(self) -> int:
        """How many people who wait move to another batch."""
        return sum(action.people for action in self.actions_with_verb(Verb.REPLACE))

    @property
    def next_at(self) -> datetime | None:
        """When another run is wanted: the first wait ends, or calling hours end and whoever still waits at the provider
        is to be taken off. None where no time is known."""
        ends = [task.hours_end_at for task in self.tasks.values()]
        return min((moment for moment in (self.next_call_at, *ends) if moment), default=None)

    @property
    def next_call_at(self) -> datetime | None:
        """When the first wait ends; None where nothing waits for a known time."""
        return min((action.next_at for action in self.actions if action.next_at), default=None)

    @property
    def needs_human(self) -> bool:
        """Whether something is blocked, save by an unread provider or by an apply that runs now."""
        return any(
            action.reason not in (Reason.NOT_READ, Reason.BEING_APPLIED)
            for action in self.actions_with_verb(Verb.BLOCK)
        )

    @property
    def has_unread(self) -> bool:
        """Whether something is blocked because its provider could not be read."""
        return any(action.reason is Reason.NOT_READ for action in self.actions_with_verb(Verb.BLOCK))

    @property
    def sends(self) -> bool:
        """Whether applying it would make a request that changes something."""
        return any(action.verb.sends for action in self.actions)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, nothing to decide, and nothing to find out."""
        return all(
            action.verb in (Verb.KEEP, Verb.WAIT) and action.reason is not Reason.UNSURE for action in self.actions
        )

    @property
    def checksum(self) -> str:
        """The digest of everything that applying it would do."""
        action_rows = [
            [a.address, a.verb, a.reason, a.provider, a.people, sorted(a.remote_ids)]
            for a in self.actions
            if a.verb is not Verb.KEEP
        ]
        task_digests = [task.digest for task in self.tasks.values()]
        return f"sha256:{json_digest([self.project, action_rows, task_digests])}"


def select_to_call(people: pl.DataFrame) -> pl.DataFrame:
    """Return the wanted ones of these people: `address`, its place, and the columns TO_CALL_SCHEMA."""
    attempt = (pl.col("attempts") + 1).cast(pl.Int64).alias("attempt")
    return people.select("address", "number", "data_row", "verb", attempt).drop_nulls("data_row")


def count_values(values: pl.Series) -> dict[str, int]:
    """Count each value, the most frequent first. Nulls are left out."""
    return dict(values.drop_nulls().value_counts(sort=True).iter_rows())


def main_reason(reasons: Mapping[str, int]) -> Reason:
    """Return the most frequent reason of count_values()."""
    return Reason(next(iter(reasons)))


def sort_actions(actions: Iterable[Action], addresses: Sequence[str]) -> tuple[Action, ...]:
    """Sort by address in the order of the manifests (removed addresses last), then by verb in the order of Verb."""
    order = {address: number for number, address in enumerate(addresses)}
    verbs = list(Verb)
    return tuple(sorted(actions, key=lambda a: (order.get(a.address, len(order)), a.address, verbs.index(a.verb))))
