"""What an address is doing now, in one word of a closed set, and until when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import polars as pl

from declarative.app.people_counts import PeopleCounts
from declarative.model.remote import Phase, Remote, is_over
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts, Observation
from declarative.planning.frequency import find_free_time


class State(StrEnum):
    """What an address is doing. Where several are true, the first one counts."""

    HALTED = "halted"  # its calls went wrong, or a person stopped them: nobody is called until it is resumed
    BLOCKED = "blocked"  # nothing is done at it until a person decides
    PAUSED = "paused"  # its manifest says so
    IN_PROGRESS = "in_progress"  # people are called, or could be called any moment
    SCHEDULED = "scheduled"  # people wait for the time that the manifest names
    STARTING = "starting"  # people wait for the end of the guard
    DUE = "due"  # the next apply calls people
    CALLING_HOURS = "calling_hours"  # people wait for calling hours
    BEFORE_RETRY = "before_retry"  # unreached people wait for `retry.after`
    NEXT_STEP = "next_step"  # people wait for the next step of a rollout
    FREQUENCY = "frequency"  # people wait who were called as often as `frequency` allows
    OVER = "over"  # nobody is to be called any more


@dataclass(frozen=True)
class AddressState:
    """What an address is doing."""

    state: State
    """The word."""
    until: datetime | None = None
    """When that changes by itself, aware UTC. None where no time is known."""
    expected_end: datetime | None = None
    """When the calls that go on now are over, at the pace so far. None where nothing tells."""


def find_state(observation: Observation, people: pl.DataFrame, counts: PeopleCounts) -> AddressState:
    """Find the state of an address from the rows of `standing.decide_all`."""
    facts = observation.facts
    if observation.block is not None:
        is_halted = observation.block.reason is Reason.HALTED
        return AddressState(State.HALTED if is_halted else State.BLOCKED)
    is_live = bool(counts.in_flight or counts.waiting or counts.called_again)
    if facts.resource is not None and facts.resource.paused and not counts.in_flight:
        return AddressState(State.PAUSED)
    if is_live:
        return _live_state(facts, counts)
    if counts.due:
        return AddressState(State.DUE)
    if counts.later:
        return _later_state(facts, people, counts)
    needs_person = bool(counts.in_doubt or facts.open_intents()) or len(people.filter(verb=Verb.BLOCK)) > 0
    return AddressState(State.BLOCKED if needs_person else State.OVER)


def _live_state(facts: Facts, counts: PeopleCounts) -> AddressState:
    """The state while people are in a call or wait at the provider."""
    live = [remote for remote in facts.remotes.values() if remote.members is not None and not is_over(remote)]
    starts_at = min((remote.scheduled_at for remote in live if remote.scheduled_at), default=None)
    if counts.in_flight or starts_at is None or starts_at <= facts.now:
        return AddressState(State.IN_PROGRESS, expected_end=_expect_end(live, facts.now))
    is_wanted = facts.resource is not None and facts.resource.scheduled_at == starts_at
    return AddressState(State.SCHEDULED if is_wanted else State.STARTING, starts_at)


def _later_state(facts: Facts, people: pl.DataFrame, counts: PeopleCounts) -> AddressState:
    """The state while people wait for a later apply. The earliest time counts."""
    reason = next(iter(counts.later))
    if Reason.TOO_EARLY in counts.later:
        return AddressState(State.SCHEDULED, facts.resource.scheduled_at if facts.resource else None)
    if reason == Reason.CALLING_HOURS:
        return AddressState(State.CALLING_HOURS, facts.opens_at)
    if reason == Reason.ROLLOUT:
        return AddressState(State.NEXT_STEP)
    if reason == Reason.FREQUENCY:
        return AddressState(State.FREQUENCY, find_free_time(facts, people))
    free_at = people.filter(verb=Verb.WAIT, reason=Reason.RETRY_AFTER).get_column("free_at").min()
    return AddressState(State.BEFORE_RETRY, free_at if isinstance(free_at, datetime) else None)


def _expect_end(live: Sequence[Remote], now: datetime) -> datetime | None:
    """When all calls of these batches are over, if they go on at the pace that they had so far."""
    starts = [start for remote in live if (start := remote.scheduled_at or remote.created_at)]
    total = sum(len(remote.members) for remote in live if remote.members is not None)
    done = total - sum(_count_unfinished(remote) for remote in live)
    if not starts or not 0 < done < total or min(starts) >= now:
        return None
    return now + (now - min(starts)) * ((total - done) / done)


def _count_unfinished(remote: Remote) -> int:
    assert remote.members is not None
    unfinished = remote.members.get_column("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN])
    return int(unfinished.sum())
