"""The task behind the actions of one address: people to call, batches to cancel, what to remember. Pure."""

from __future__ import annotations

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase, is_over
from declarative.model.resource import Route
from declarative.planning import decisions
from declarative.planning.decide import Reason, Standing, Timing, Verb
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.plan import TO_CALL_SCHEMA, Task, select_to_call
from declarative.planning.resubmit import batches_to_retry
from declarative.planning.taking_back import can_cancel

_IS_LEFT_OUT = pl.col("verb").is_in([Verb.CANCEL, Verb.BLOCK]) | (
    pl.col("standing").is_in([int(Standing.UNSUBMITTED), int(Standing.UNSURE)])
    & ~pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY])
)
_IS_LEFT_OUT |= pl.col("reason") == Reason.NOT_APPROVED
"""Of a wanted person: neither submitted nor about to be."""
_CALLED_BEFORE = pl.col("standing") == int(Standing.DIALED)
_RETRY_DROPPED_NOW = _CALLED_BEFORE & pl.col("reason").is_in([Reason.PAUSED, Reason.CALLING_HOURS, Reason.BATCH_MATES])

"""Of a person who is cancelled now: waited for a retry."""
_RETRY_DROPPED_EARLIER = _CALLED_BEFORE & pl.col("desired") & ~pl.col("queued") & (pl.col("attempts") > 0)
"""Of a person whose latest call reads cancelled: waited for a retry when an earlier run took them off. No retry follows
a cancelled call."""


def make_task(observation: Observation, people: pl.DataFrame, capabilities: Capabilities | None) -> Task:
    """Return what is to be done for these people, the frame of standing.decide_open()."""
    facts, cancels = observation.facts, decisions.batches_to_cancel(people)
    retry_requests = batches_to_retry(facts, people, capabilities)
    by_retry_request = pl.col("verb").is_in([Verb.RETRY]) & pl.col("dialed_in").is_in(retry_requests)
    to_call = [select_to_call(people, Verb.CREATE), select_to_call(people, Verb.REPLACE)]
    to_call.append(select_to_call(people.filter(~by_retry_request.fill_null(False)), Verb.RETRY))
    return Task(
        address=facts.address,
        facts=facts,
        cancels=tuple(cancels),
        leaving=frozenset(decisions.batches_to_leave(people)),
        requests=tuple(retry_requests),
        to_call=pl.concat([pl.DataFrame(schema=TO_CALL_SCHEMA), *to_call]),
        renamed_from=observation.renamed_from,
        forget=_can_forget(observation, people),
        complete=not len(people.filter(pl.col("desired") & _IS_LEFT_OUT)),
        due_later=facts.timing is Timing.TOO_LATE
        or facts.has_unsettled_cancel()
        or bool(people.get_column("verb").is_in([Verb.WAIT, Verb.BLOCK]).any())
        or not all(is_over(facts.remotes[key]) for key in facts.also if key in facts.remotes),
        expired_count=_count_expired(people),
        late_count=int(people.get_column("late").sum()),
        retries_dropped_now=len(people.filter(_RETRY_DROPPED_NOW, verb=Verb.CANCEL)),
        retries_dropped_earlier=len(
            people.filter(_RETRY_DROPPED_EARLIER, verb=Verb.KEEP, dialed_phase=Phase.CANCELLED)
        ),
        unapproved_mates=_count_unapproved_mates(people, cancels),
        placed_count=_count_placed_calls(facts, people),
    )


def make_removal_task(facts: Facts, people: pl.DataFrame, block: Block) -> Task:
    """Return the task of a blocked address: batches are cancelled for people who must be taken off, and that is all.

    Where the manifest lists the same people as when it was last applied, nobody left: a number in a batch of
    `facts.unmatched` that is not among them is one of theirs in a form that is not known.
    """
    resource = facts.resource
    if resource is not None and resource.recipients.numbers == facts.resource_record.numbers:
        in_unmatched = pl.col("queued_in").list.eval(pl.element().is_in(list(facts.unmatched))).list.all()
        people = people.filter(~((pl.col("reason") == Reason.NOT_DESIRED) & in_unmatched))
    leaving = decisions.batches_to_leave(people)
    return Task(
        address=facts.address,
        facts=facts,
        cancels=tuple(leaving),
        leaving=frozenset(leaving),
        blocked=True,
        halt=block.halt,
    )


def _count_expired(people: pl.DataFrame) -> int:
    never_submitted = int(Standing.UNSUBMITTED)
    return len(people.filter(pl.col("desired"), verb=Verb.KEEP, reason=Reason.EXPIRED, standing=never_submitted))


def _count_unapproved_mates(people: pl.DataFrame, cancels: list[str]) -> int:
    leaves_batch = pl.col("queued_in").list.eval(pl.element().is_in(cancels)).list.any()
    return len(people.filter(leaves_batch, reason=Reason.NOT_APPROVED))


def _count_placed_calls(facts: Facts, people: pl.DataFrame) -> int:
    """Count people no longer wanted whose single calls go on, or who wait in a batch that no cancel helps any more."""
    calls = [
        remote.id for remote in facts.remotes.values() if remote.route is Route.CALL or not can_cancel(facts, remote)
    ]
    is_going_on = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT]) & pl.col("dialed_in").is_in(calls)
    return len(people.filter(~pl.col("desired") & is_going_on))


def _can_forget(observation: Observation, people: pl.DataFrame) -> bool:
    """Whether an address without a manifest is over, so that only a tombstone stays in the lock."""
    facts = observation.facts
    return (
        facts.resource is None
        and not observation.facts.is_tombstone
        and not any(intent.is_batch for intent in facts.resource_record.intents.values())
        and not people.get_column("queued").any()
        and all(is_over(remote) for remote in facts.remotes.values() if remote.id not in facts.also)
    )
