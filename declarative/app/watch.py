"""`--wait`: follows what was submitted until it is over. Reads only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from declarative.app.session import Session
from declarative.engine.observe import ObserveScope, observe
from declarative.engine.signals import StopSignal
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.remote import Phase, Remote, is_over
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation

POLL_SECONDS = 10.0
"""Seconds between two polls."""
SANDBOX_GROWTH = 0.25
"""Under --sandbox a poll comes after this part of the time waited so far, so that hours take few polls."""
MAX_FAILED_POLLS = 30
"""Failed polls in a row after which following ends. Each failed poll has repeated its reads already."""


@dataclass(frozen=True, kw_only=True)
class RemoteProgress:
    """How far one remote batch or call has come, in numbers of people."""

    address: str
    """The resource that it belongs to."""
    remote_id: str
    """Its id at the provider."""
    reached: int
    """People in phase `reached`."""
    not_reached: int
    """People in phase `unreached`."""
    in_flight: int
    """People in phase `in_flight`, or `unknown` as long as it is not over: a status that we do not know counts as a
    call."""
    waiting: int
    """People in phase `queued`."""
    over: bool
    """Whether nobody in it can be called any more."""
    turned_away: int = 0
    """People in phase `refused` or `unfunded`."""
    outcome_unknown: int = 0
    """People in phase `unknown` once it is over: the call ended with a word that we do not know."""
    starts_at: datetime | None = None
    """When it begins to call, aware UTC. None where the provider does not say."""
    seen_at: datetime | None = None
    """The provider's time of this reading, aware UTC."""

    @property
    def finished(self) -> int:
        """People of whom nothing more is to come."""
        return self.reached + self.not_reached + self.turned_away + self.outcome_unknown

    @property
    def has_begun(self) -> bool:
        """Whether somebody in it was called."""
        return bool(self.finished - self.turned_away or self.in_flight)


def follow(
    session: Session,
    stop: StopSignal,
    show: Callable[[Sequence[RemoteProgress]], None],
    *,
    at_most: float = math.inf,
) -> list[RemoteProgress]:
    """Poll until everything is over or `at_most` seconds have passed, and pass all progress to `show` at each poll.

    What the lock knows as settled is not followed. What cannot be read keeps its last progress and counts as not over.
    Returns what still goes on at the end. Raises Interrupted, and ProviderError after MAX_FAILED_POLLS failures in a
    row.
    """
    progress_by_remote: dict[str, RemoteProgress] = {}
    failed_polls, waited, began = 0, 0.0, time.monotonic()
    while True:
        stop.check()
        unread_blocks = _poll(session, progress_by_remote)
        if progress_by_remote:
            show(list(progress_by_remote.values()))
        if not unread_blocks and all(progress.over for progress in progress_by_remote.values()):
            return []
        failed_polls = failed_polls + 1 if unread_blocks else 0
        if failed_polls == MAX_FAILED_POLLS:
            raise ProviderError(unread_blocks[0].detail, hint=unread_blocks[0].hint)
        elapsed = max(waited, time.monotonic() - began)
        if elapsed >= at_most:
            return [progress for progress in progress_by_remote.values() if not progress.over]
        pause = min(_choose_pause(session, waited, progress_by_remote.values()), at_most - elapsed)
        session.connections.sleep(pause)
        waited += pause


def _poll(session: Session, progress_by_remote: dict[str, RemoteProgress]) -> list[Block]:
    """Read once, and update the progress by the ids of the remotes. Returns why something could not be read that may
    still call. Nothing else of the people read is kept."""
    observations = observe(_without_settled(session.scope(session.lock(), everything=True)))
    progress_by_remote |= {
        progress.remote_id: progress for observation in observations for progress in _remote_progress(observation)
    }
    over_ids = {progress.remote_id for progress in progress_by_remote.values() if progress.over}
    return [
        observation.block
        for observation in observations
        if observation.block and _may_still_call(observation, over_ids)
    ]


def _without_settled(scope: ObserveScope) -> ObserveScope:
    """Narrow a scope to what may still call. What the lock knows as settled is closed in it, and a closed batch is not
    read; nor is one of other runs, under `also`. It is for reading alone: that lock is never written."""
    resources = {address: replace(resource, also=()) for address, resource in scope.desired.resources.items()}
    scope = replace(scope, desired=replace(scope.desired, resources=resources), following=True)
    if scope.lock is None:
        return scope
    resource_records = {
        address: records.with_closed(record, lambda remote: remote.settled)
        for address, record in scope.lock.resources.items()
    }
    return replace(scope, lock=replace(scope.lock, resources=resource_records))


def _choose_pause(session: Session, waited: float, all_progress: Iterable[RemoteProgress]) -> float:
    """How long to wait for the next poll. The sandbox's clock jumps: to the first call, and then the further, the
    longer it took so far."""
    if not session.options.sandbox:
        return POLL_SECONDS
    going = [progress for progress in all_progress if not progress.over]
    starts = [
        (progress.starts_at - progress.seen_at).total_seconds()
        for progress in going
        if progress.starts_at and progress.seen_at
    ]
    if starts and not any(progress.has_begun for progress in going):
        return max(POLL_SECONDS, min(starts))
    return max(POLL_SECONDS, waited * SANDBOX_GROWTH)


def _may_still_call(observation: Observation, over_ids: Collection[str]) -> bool:
    """Whether something at this address may still call while its provider cannot be read."""
    if observation.block is None or observation.block.reason is not Reason.NOT_READ:
        return False
    resource_record = observation.facts.resource_record
    return bool(resource_record.intents) or any(
        not remote_record.settled and remote_id not in over_ids
        for remote_id, remote_record in resource_record.remotes.items()
    )


def _remote_progress(observation: Observation) -> Iterator[RemoteProgress]:
    for remote in observation.facts.remotes.values():
        if remote.members is None:
            continue
        over, unknown = is_over(remote), _count_members(remote, Phase.UNKNOWN)
        yield RemoteProgress(
            address=observation.facts.address,
            remote_id=remote.id,
            reached=_count_members(remote, Phase.REACHED),
            not_reached=_count_members(remote, Phase.UNREACHED),
            turned_away=_count_members(remote, Phase.REFUSED, Phase.UNFUNDED),
            in_flight=_count_members(remote, Phase.IN_FLIGHT) + (0 if over else unknown),
            outcome_unknown=unknown if over else 0,
            waiting=_count_members(remote, Phase.QUEUED),
            over=over,
            starts_at=remote.scheduled_at,
            seen_at=observation.facts.now,
        )


def _count_members(remote: Remote, *phases: Phase) -> int:
    assert remote.members is not None
    return remote.members.select(pl.col("phase").is_in(phases).sum()).item() or 0
