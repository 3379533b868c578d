"""The task behind the actions of each address: people to call, batches to cancel, what to remember. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase, Remote, is_over
from declarative.model.resource import Route
from declarative.planning import decisions
from declarative.planning.columns import split_by_address
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.plan import NO_REMOVALS, NOBODY, Action, Task, select_to_call
from declarative.planning.resubmit import batches_to_retry
from declarative.planning.shards import cut_by_attempt
from declarative.planning.standing import Decisions
from declarative.planning.taking_back import can_cancel
from declarative.planning.totals import AddressDecisions


@dataclass(frozen=True)
class TaskMaker:
    """Makes the tasks of several addresses, whose people were looked through once for all of them."""

    requests: Sequence[Sequence[str]]
    """By address, the ids of the batches to retry by the provider's own request."""
    cancels: Mapping[int, Sequence[str]]
    """By the place of an address, the ids of the batches to cancel."""
    leaving: Mapping[int, Sequence[str]]
    """Those of them in which somebody must be taken off."""
    removals: Mapping[int, pl.DataFrame]
    """The people to take off batches whose others stay; columns REMOVALS_SCHEMA."""
    to_call: Mapping[int, pl.DataFrame]
    """The people to submit; columns TO_CALL_SCHEMA."""
    unapproved_mates: Mapping[int, int]
    """How many people wait for approval whose batch is cancelled for others."""
    placed: Mapping[int, int]
    """How many people are no longer wanted, and their single calls go on."""

    @classmethod
    def prepare(
        cls, decided: Decisions, addresses: Sequence[AddressDecisions], capabilities: Sequence[Capabilities | None]
    ) -> TaskMaker:
        """Look through all people. `capabilities` are those of each address."""
        people = decided.people
        requests = [
            batches_to_retry(address.facts, address.people, able) if Verb.RETRY in address.totals.verbs else []
            for address, able in zip(addresses, capabilities, strict=True)
        ]
        return cls(
            requests=requests,
            cancels=decisions.cancels_by_address(people),
            leaving=decisions.leaves_by_address(people),
            removals=decisions.removals_by_address(people),
            to_call=split_by_address(_select_to_call(people, requests), include_key=False),
            unapproved_mates=_count_unapproved_mates(people),
            placed=_count_placed_calls(decided),
        )

    def make_task(self, place: int, observation: Observation, decided: AddressDecisions) -> Task:
        """Return what is to be done at one address."""
        facts, totals = decided.facts, decided.totals
        return Task(
            address=facts.address,
            facts=facts,
            cancels=tuple(self.cancels.get(place, ())),
            leaving=frozenset(self.leaving.get(place, ())),
            removals=self.removals.get(place, NO_REMOVALS),
            requests=tuple(self.requests[place]),
            to_call=self.to_call.get(place, NOBODY),
            renamed_from=observation.renamed_from,
            forget=_can_forget(facts) and not totals.queued,
            complete=not totals.left_out,
            due_later=facts.timing is Timing.TOO_LATE
            or facts.has_unsettled_cancel()
            or bool(totals.later)
            or not all(is_over(facts.remotes[key]) for key in facts.also if key in facts.remotes),
            expired_count=totals.expired,
            late_count=totals.late,
            retries_dropped_now=totals.dropped_now,
            retries_dropped_earlier=totals.dropped_earlier,
            unapproved_mates=self.unapproved_mates.get(place, 0),
            placed_count=self.placed.get(place, 0),
            hours_end_at=_find_hours_end(decided),
        )


def _find_hours_end(decided: AddressDecisions) -> datetime | None:
    """When the calling hours end of the first who waits at the provider and stays there, or is submitted now."""
    if decided.facts.closing is None:
        return None
    people = decided.people
    stays = pl.col("queued") & (pl.col("verb") != Verb.CANCEL)
    waits = people.filter(stays | pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY]))
    return decided.facts.closing.find_first_end(waits.get_column("number"))


def make_removal_task(decided: AddressDecisions, block: Block) -> Task:
    """Return the task of a blocked address: batches are cancelled for people who must be taken off, and that is all.

    Where the manifest lists the same people as when it was last applied, nobody left: a number in a batch of
    `facts.unmatched` that is not among them is one of theirs in a form that is not known.
    """
    facts, people = decided.facts, decided.people
    resource = facts.resource
    if resource is not None and resource.recipients.numbers == facts.resource_record.numbers:
        in_unmatched = pl.col("queued_in").list.eval(pl.element().is_in(list(facts.unmatched))).list.all()
        people = people.filter(~((pl.col("reason") == Reason.NOT_DESIRED) & in_unmatched))
    leaving = decisions.batches_to_leave(people)
    people = people.filter(verb=Verb.CANCEL).with_columns(address=pl.lit(0, dtype=pl.UInt32))
    return Task(
        address=facts.address,
        facts=facts,
        cancels=tuple(leaving),
        leaving=frozenset(leaving),
        removals=decisions.removals_by_address(people).get(0, NO_REMOVALS),
        blocked=True,
        halt=block.halt,
    )


def add_batch_count(action: Action, task: Task, capabilities: Capabilities) -> Action:
    """Add `batches` to the counts of people to submit: in how many batches, if in more than one."""
    if action.verb not in (Verb.CREATE, Verb.RETRY) or capabilities.max_people == 1:
        return action
    resource = task.facts.resource
    assert resource is not None  # somebody is called
    batches = sum(1 for _ in cut_by_attempt(task.to_call.filter(verb=action.verb), capabilities, resource))
    batches += len(task.requests) if action.verb is Verb.RETRY else 0
    return replace(action, counts={**action.counts, "batches": batches}) if batches > 1 else action


def _select_to_call(people: pl.DataFrame, requests: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Return the people to submit, save those whom the provider's own retry request calls: `address` and the columns
    TO_CALL_SCHEMA. Whoever is called for the first time comes first, then who moves, then who is called again."""
    by_request = [(place, remote_id) for place, remote_ids in enumerate(requests) for remote_id in remote_ids]
    retried = people.filter(verb=Verb.RETRY)
    if by_request:
        schema = {"address": pl.UInt32, "dialed_in": pl.String}
        requested = pl.DataFrame(by_request, schema=schema, orient="row")
        retried = retried.join(requested, on=list(schema), how="anti", maintain_order="left")
    parts = [people.filter(verb=Verb.CREATE), people.filter(verb=Verb.REPLACE), retried]
    return pl.concat([select_to_call(part) for part in parts if len(part)] or [select_to_call(people.clear())])


def _count_unapproved_mates(people: pl.DataFrame) -> dict[int, int]:
    unapproved = people.filter(reason=Reason.NOT_APPROVED)
    if unapproved.is_empty():
        return {}
    leaves_batch = pl.col("queued_in").list.eval(pl.element().is_in(decisions.batches_to_cancel(people))).list.any()
    return dict(unapproved.filter(leaves_batch).group_by("address").len().iter_rows())


def _count_placed_calls(decided: Decisions) -> dict[int, int]:
    """Count people no longer wanted whose single calls go on, or who wait in a batch that no cancel helps any more."""
    is_going_on = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT]) & pl.col("dialed_in").is_not_null()
    undesired = decided.people.filter(~pl.col("desired") & is_going_on).select("address", "dialed_in")
    counts: dict[int, int] = {}
    for place, remote_id in undesired.iter_rows():
        facts = decided.columns.all_facts[place]
        remote = facts.remotes.get(remote_id)
        is_left = remote is not None and (_is_placed_call(remote) or not can_cancel(facts, remote))
        counts[place] = counts.get(place, 0) + is_left
    return counts


def _is_placed_call(remote: Remote) -> bool:
    """Whether it is a single call that does not wait any more."""
    return remote.route is Route.CALL and not remote.has_phase(Phase.QUEUED)


def _can_forget(facts: Facts) -> bool:
    """Whether an address without a manifest is over, so that only a tombstone stays in the lock. Nobody may wait there
    either."""
    return (
        facts.resource is None
        and not facts.is_tombstone
        and not any(intent.is_batch for intent in facts.resource_record.intents.values())
        and all(is_over(remote) for remote in facts.remotes.values() if remote.id not in facts.also)
    )
