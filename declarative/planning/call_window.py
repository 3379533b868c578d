"""Whom `frequency` holds: the calls of all addresses of a project within a length of time, by number. Pure.

Whoever may have been called counts as called at the latest moment that is possible. Who waits at the provider counts as
called at their time. In one plan the address that comes first by name takes a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from declarative.model import frames
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.policy import Frequency
from declarative.model.remote import Phase, Remote, parse_timestamp
from declarative.model.resource import Resource, Route
from declarative.planning import standing
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.remote_facts import batch_facts, find_taken_off, identify_members

_PARTLY_READ = (
    Reason.NOT_READ,
    Reason.NO_MEMORY,
    Reason.OTHER_LINEAGE,
    Reason.LOCK_IS_OLDER,
    Reason.LOST,
    Reason.MEMBERS_UNREADABLE,
)
"""Blocks of an address whose calls are not all known: whoever it wants may have been called."""
_AT = pl.Datetime("us", "UTC")
_CALLS: Mapping[str, pl.DataType | type[pl.DataType]] = {"number": pl.String, "at": _AT, "times": pl.Int64}
"""Columns of calls: how many calls a number got, and when the latest of them can have been at the latest."""
_PERSONS: Mapping[str, pl.DataType | type[pl.DataType]] = {"person": pl.String, "at": _AT, "times": pl.Int64}
"""The same of people who are known by their digest alone."""


def hold_frequent(
    observations: Sequence[Observation],
    frequency: Frequency | None,
    find_start: Callable[[Facts, Resource], datetime],
    others: Sequence[Observation] = (),
) -> list[Observation]:
    """Add to the facts of each address whom `frequency` holds there. `find_start` returns when a call may begin at the
    earliest that is asked for now; `others` are addresses of the project that are no part of this run."""
    if frequency is None:
        return list(observations)
    window = CallWindow(frequency, [*observations, *others])
    held: dict[str, Facts] = {}
    for observation in sorted(observations, key=lambda observation: observation.facts.address):
        facts, resource = observation.facts, observation.facts.resource
        if observation.block is None and not observation.unchanged and resource is not None and facts.is_desired:
            held[facts.address] = window.take(facts, find_start(facts, resource))
    return [
        replace(observation, facts=held.get(observation.facts.address, observation.facts))
        for observation in observations
    ]


def may_hold_calls(frequency: Frequency | None, record: ResourceRecord, now: datetime) -> bool:
    """Whether calls of an address may lie within `per`, as far as the lock knows: then its people are read."""
    if frequency is None:
        return False
    return bool(record.intents) or any(
        not remote_record.settled or _last_change(remote_record, now) > now - frequency.per
        for remote_record in record.remotes.values()
    )


class CallWindow:
    """The calls that are known, and those that this plan adds."""

    def __init__(self, frequency: Frequency, observations: Sequence[Observation]) -> None:
        self._frequency = frequency
        self._now = max((observation.facts.now for observation in observations), default=datetime.min)
        self._calls = pl.concat(
            [pl.DataFrame(schema=_CALLS), *(frame for one in observations for frame in self._list_calls(one))]
        )
        self._persons = pl.concat(
            [pl.DataFrame(schema=_PERSONS), *(self._list_persons(one.facts) for one in observations)]
        ).filter(pl.col("at") > self._now - frequency.per)
        self._of_anybody = sum(self._may_have_called_anybody(one) for one in observations)

    def take(self, facts: Facts, starts_at: datetime) -> Facts:
        """Return the facts of an address with those whom the frequency holds, and count the others who are due there as
        called."""
        people, _ = standing.decide_open(facts)
        would_call = pl.col("verb").is_in([Verb.CREATE, Verb.RETRY]) | (pl.col("reason") == Reason.ROLLOUT)
        candidates = people.filter(would_call).select("number")
        if candidates.is_empty():
            return facts
        facts = replace(facts, frequent=self._find_held(facts, candidates, starts_at))
        people, _ = standing.decide_open(facts)
        taken = people.filter(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY])).select("number")
        self._calls = pl.concat([self._calls, _with_time(taken, starts_at)])
        return facts

    def _find_held(self, facts: Facts, candidates: pl.DataFrame, starts_at: datetime) -> pl.DataFrame:
        """Who of these was called, or will be, as often as is allowed around a call that begins now at the earliest."""
        per = self._frequency.per
        # A call may begin later than asked for, and is taken to begin within `per`.
        near = (pl.col("at") > starts_at - per) & (pl.col("at") < starts_at + 2 * per)
        calls = [self._calls.filter(near).join(candidates, on="number", how="semi")]
        persons = self._persons.filter(near)
        if len(persons):
            known = frames.with_person_digest(candidates, facts.key, facts.lineage).join(persons, on="person")
            calls.append(known.select(list(_CALLS)))
        if self._of_anybody:
            calls.append(_with_time(candidates, max(self._now, starts_at), self._of_anybody))
        # Once the call at which the count is reached is `per` ago, one more is allowed.
        counted = pl.concat(calls).sort("at", descending=True)
        counted = counted.with_columns(pl.col("times").cum_sum().over("number").alias("count"))
        reached = counted.filter(pl.col("count") >= self._frequency.max).group_by("number").agg(pl.col("at").max())
        return reached.select("number", (pl.col("at") + per).cast(_AT).alias("free_at"))

    def _list_calls(self, observation: Observation) -> Iterator[pl.DataFrame]:
        """Yield the calls of one address, as far as numbers are known."""
        facts = observation.facts
        for remote in facts.remotes.values():
            if remote.members is not None:
                yield self._list_batch_calls(facts, remote, identify_members(facts, remote))
        if facts.resource is None:
            return
        if observation.block is not None and observation.block.reason in _PARTLY_READ:
            yield _with_time(facts.resource.recipients.rows.select("number"), self._now)
        elif not observation.unchanged and facts.resource_record.is_unsure:
            people, _ = standing.decide_open(facts)
            yield _with_time(people.filter(standing=int(Standing.UNSURE)).select("number"), self._now)

    def _list_batch_calls(self, facts: Facts, remote: Remote, members: pl.DataFrame) -> pl.DataFrame:
        batch = batch_facts(facts, remote)
        last_change = parse_timestamp(remote.last_updated_at) or self._now
        taken_off = find_taken_off(facts, remote, members).get_column("number").to_list()
        called_at = (
            pl.col("note")
            .str.json_path_match("$.called_at")
            .str.to_datetime(time_zone="UTC", time_unit="us", strict=False, format="%+")
        )
        is_waiting = (pl.col("phase") == Phase.QUEUED) & pl.lit(batch["live"])
        is_over = pl.col("phase").is_in([Phase.REACHED, Phase.UNREACHED, Phase.CANCELLED]) | pl.lit(batch["over"])
        was_never_called = pl.col("phase").is_in([Phase.REFUSED, Phase.UNFUNDED]) | (
            (pl.col("phase") == Phase.CANCELLED) & (pl.lit(batch["by_us"]) | pl.col("number").is_in(taken_off))
        )
        ended_at = called_at if batch["retries"] == 0 else pl.lit(None, dtype=_AT)
        at = (
            pl.when(is_waiting)
            .then(pl.lit(max(self._now, remote.scheduled_at or self._now)))
            .when(is_over)
            .then(pl.coalesce(ended_at, pl.lit(last_change)))
            .otherwise(pl.lit(self._now))
        )
        was_called = ~was_never_called if batch["retries"] == 0 else pl.lit(True)
        times = 1 + batch["retries"] + int(batch["doubtful"])
        at = pl.lit(self._now) if batch["doubtful"] else at
        calls = members.filter(was_called).select("number", at.cast(_AT).alias("at"))
        return calls.drop_nulls("number").with_columns(pl.lit(times, dtype=pl.Int64).alias("times"))

    def _list_persons(self, facts: Facts) -> pl.DataFrame:
        """The calls of one address of which the lock knows the person's digest, and nothing else is read."""
        record = facts.resource_record
        read_ids = {remote.id for remote in facts.remotes.values() if remote.members is not None}
        rows = [
            (remote_record.person, _last_change(remote_record, self._now), 1)
            for remote_id, remote_record in record.remotes.items()
            if remote_record.person and remote_record.route is Route.CALL and remote_id not in read_ids
        ]
        unsure = {*record.placed, *record.unseen, *facts.doubtful_persons()}
        rows += [(person, self._now, 1) for person in sorted(unsure)]
        return pl.DataFrame(rows, schema=_PERSONS, orient="row")

    def _may_have_called_anybody(self, observation: Observation) -> bool:
        """Whether calls within `per` of an address may have gone to anybody: its people are in no manifest of this run,
        and it could not be read, or a request for a batch is open."""
        facts = observation.facts
        if facts.resource is not None:
            return False
        is_blocked = observation.block is not None and observation.block.reason in _PARTLY_READ
        # A tombstone whose provider cannot be read is neither blocked nor read.
        if is_blocked or observation.unchanged:
            return may_hold_calls(self._frequency, facts.resource_record, self._now)
        return facts.has_doubtful_batch()


def _with_time(numbers: pl.DataFrame, at: datetime, times: int = 1) -> pl.DataFrame:
    return numbers.select("number", pl.lit(at, dtype=_AT).alias("at"), pl.lit(times, dtype=pl.Int64).alias("times"))


def _last_change(remote_record: RemoteRecord, now: datetime) -> datetime:
    """The latest moment at which it can have called somebody."""
    if not remote_record.settled:
        return now
    return parse_timestamp(remote_record.last_updated_at) or now
