"""The plan: actions for people to read, and the work behind each for carry_out.py to do. Values and their assembly;
decides nothing about people (decide.py does) and makes no request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from math import ceil

import polars as pl

from declarative.model.digest import json_digest
from declarative.model.frames import rows_digest
from declarative.model.lock import Lock
from declarative.model.remote import Phase
from declarative.model.resource import Json, Resource
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts

FORMAT_VERSION = "1"

TO_CALL_SCHEMA = {"number": pl.String, "payload": pl.String, "verb": pl.String, "attempt": pl.Int64}


@dataclass(frozen=True)
class Change:
    """One difference of a spec, for people. Never goes below recipients or their data."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, kw_only=True)
class Action:
    """What happens at one address under one verb. `people` it concerns; `reasons` counts them by reason where there are
    several; `counts` are further numbers that the text names (called already, in flight, total, attempt of attempts,
    batches); `detail` and `way_out` belong to blocks; `starts_at` is the manifest's schedule; `next_at` when a
    wait ends."""

    address: str
    verb: Verb
    reason: Reason
    provider: str
    people: int = 0
    remote_ids: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""
    hint: str = ""
    starts_at: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What carry_out.py does at one address. `cancels` are batches to cancel first, `requests` batches to retry by
    the provider's own request, `call` the people to submit (columns CALL_SCHEMA). `renamed` are the earlier addresses
    whose memory moves here, `forget` whether only a tombstone stays. `quiet`: nothing was read and nothing is due;
    `complete`: everybody wanted is submitted once this is done; `later`: somebody may be due at a later time; `expired`
    counts the people wanted who were never submitted, and are not any more; `forgone` those whom it takes off while
    they wait for a retry, `forwent` those whom an earlier run did: neither are called again. `placed` counts people no
    longer wanted whose single calls go on."""

    address: str
    facts: Facts
    cancels: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    to_call: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TO_CALL_SCHEMA))
    renamed_from: tuple[str, ...] = ()
    forget: bool = False
    unchanged: bool = False
    complete: bool = True
    due_later: bool = False
    expired_count: int = 0
    retries_dropped_now: int = 0
    retries_dropped_earlier: int = 0
    placed_count: int = 0

    @property
    def resource(self) -> Resource | None:
        return self.facts.resource

    @property
    def numbers_to_call(self) -> pl.Series:
        """The numbers of everybody whom it may call: those submitted, and those whom a retry request calls again."""
        retry_numbers = [self._numbers_to_retry(remote_id).get_column("number") for remote_id in self.requests]
        return pl.concat([self.to_call.get_column("number"), *retry_numbers])

    def recipients_to_retry(self, remote_id: str) -> pl.DataFrame:
        """Whom a retry request for this batch calls: `number` and `payload`, as wanted now."""
        assert self.resource is not None  # by_request chooses for no other
        return self.resource.recipients.frame.join(self._numbers_to_retry(remote_id), on="number", how="semi")

    def _numbers_to_retry(self, remote_id: str) -> pl.DataFrame:
        members = self.facts.remotes[remote_id].members
        assert members is not None  # by_request chooses no other
        return members.filter(phase=Phase.UNREACHED).select("number")

    @property
    def digest(self) -> str:
        """Of everything that would be sent: people, attempts, settings, batches."""
        rows = rows_digest(self.to_call, self.facts.key)
        settings = self.resource.settings_digest if self.resource and len(self.to_call) else None
        return json_digest([rows, settings, list(self.cancels), list(self.requests), self.forget])


@dataclass(frozen=True)
class Notice:
    """Something that a reader should know before approving."""

    address: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All of it. `lock` is the memory by which it was decided; `refusals` are the policies that forbid to apply it,
    each a sentence; `held` counts the people that a policy keeps out, by its name; `skipped` are actions of the saved
    plan that it is held to, and that nothing calls for any more."""

    project: str
    created_at: datetime
    actions: tuple[Action, ...]
    lock: Lock | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    refusals: tuple[str, ...] = ()
    held_counts: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[Action, ...] = ()
    offline: bool = False

    @property
    def lineage(self) -> str | None:
        return self.lock.lineage if self.lock else None

    def actions_with_verb(self, *verbs: Verb) -> list[Action]:
        return [action for action in self.actions if action.verb in verbs]

    @cached_property
    def calls_by_address(self) -> Mapping[str, int]:
        """How many people are called, by address; those of whom nobody is are left out."""
        counts: dict[str, int] = {}
        for action in self.actions:
            if action.verb.dials:
                counts[action.address] = counts.get(action.address, 0) + action.people
        return counts

    @property
    def people_to_call(self) -> int:
        return sum(self.calls_by_address.values())

    @property
    def people_moved(self) -> int:
        return sum(action.people for action in self.actions_with_verb(Verb.REPLACE))

    @property
    def next_at(self) -> datetime | None:
        return min((action.next_at for action in self.actions if action.next_at), default=None)

    @property
    def needs_human(self) -> bool:
        return any(
            action.reason not in (Reason.NOT_READ, Reason.BEING_APPLIED)
            for action in self.actions_with_verb(Verb.BLOCK)
        )

    @property
    def has_unread(self) -> bool:
        return any(action.reason is Reason.NOT_READ for action in self.actions_with_verb(Verb.BLOCK))

    @property
    def sends(self) -> bool:
        """Whether applying it would make a request that changes something."""
        return any(action.verb.sends for action in self.actions)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing to decide."""
        return all(action.verb in (Verb.KEEP, Verb.WAIT) for action in self.actions)

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


def select_to_call(frame: pl.DataFrame, verb: Verb) -> pl.DataFrame:
    """The people of one verb as rows of Work.call."""
    return frame.filter(pl.col("verb") == verb, pl.col("data").is_not_null()).select(
        "number", pl.col("data").alias("payload"), "verb", (pl.col("attempts") + 1).cast(pl.Int64).alias("attempt")
    )


def add_batch_count(action: Action, task: Task, size: int) -> Action:
    """Says of people submitted anew in how many batches of at most `size`, where they are more than one."""
    if action.verb not in (Verb.CREATE, Verb.RETRY) or size == 1:
        return action
    attempts = task.to_call.filter(verb=action.verb).group_by("attempt").len()  # those of one attempt go together
    batches = sum(ceil(people / size) for people in attempts.get_column("len"))
    batches += len(task.requests) if action.verb is Verb.RETRY else 0
    return replace(action, counts={**action.counts, "batches": batches}) if batches > 1 else action


def count_values(values: pl.Series) -> dict[str, int]:
    """Occurrences, the most frequent first, nulls left out."""
    counts = values.drop_nulls().value_counts(sort=True)
    return dict(counts.iter_rows())


def main_reason(reasons: Mapping[str, int]) -> Reason:
    return Reason(next(iter(reasons)))


def sort_actions(actions: Iterable[Action], addresses: Sequence[str]) -> tuple[Action, ...]:
    """By address as the manifests name them (those gone from them last), and by verb as Verb lists them."""
    order = {address: number for number, address in enumerate(addresses)}
    verbs = list(Verb)
    return tuple(sorted(actions, key=lambda a: (order.get(a.address, len(order)), a.address, verbs.index(a.verb))))
