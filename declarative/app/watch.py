"""Follows what was submitted until it is over. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.engine.signals import StopSignal
from declarative.errors import ProviderError
from declarative.model.remote import Phase, Remote, is_over
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation

POLL_SECONDS = 10.0
"""Seconds between looks."""
MAX_FAILED_POLLS = 30
"""Looks in a row that may fail before the following ends; each has repeated its reads already."""


@dataclass(frozen=True, kw_only=True)
class RemoteProgress:
    """How far one remote batch or call has come, in people."""

    address: str
    remote_id: str
    reached: int
    unreached: int
    in_flight: int
    waiting: int
    over: bool


def follow(session: Session, stop: StopSignal, show: Callable[[Sequence[RemoteProgress]], None]) -> None:
    """Shows the courses at every look, until all are over; what cannot be read stays as it was last seen, and is not
    over. Raises Interrupted, and ProviderError once MAX_FAILED_POLLS is at its end."""
    progress_by_remote: dict[str, RemoteProgress] = {}
    failed_polls = 0
    while True:
        stop.check()
        observations = observe(session.scope(session.lock(), everything=True))
        progress_by_remote |= {
            progress.remote_id: progress for observation in observations for progress in _remote_progress(observation)
        }
        over_ids = {progress.remote_id for progress in progress_by_remote.values() if progress.over}
        unread_blocks = [
            observation.block
            for observation in observations
            if observation.block and _may_still_call(observation, over_ids)
        ]
        if progress_by_remote:
            show(list(progress_by_remote.values()))
        if not unread_blocks and len(over_ids) == len(progress_by_remote):
            return
        failed_polls = failed_polls + 1 if unread_blocks else 0
        if failed_polls == MAX_FAILED_POLLS:
            raise ProviderError(unread_blocks[0].detail, hint=unread_blocks[0].hint)
        session.connections.sleep(POLL_SECONDS)


def _may_still_call(observation: Observation, over_ids: Collection[str]) -> bool:
    """Whether something there may still call, and its provider does not tell."""
    if observation.block is None or observation.block.reason is not Reason.NOT_READ:
        return False
    resource_record = observation.facts.resource_record
    return bool(resource_record.intents) or any(
        not remote_record.settled and remote_id not in over_ids
        for remote_id, remote_record in resource_record.remotes.items()
    )


def _remote_progress(observation: Observation) -> Iterator[RemoteProgress]:
    for remote in observation.facts.remotes.values():
        if remote.members is None or remote.id in observation.facts.also:
            continue
        yield RemoteProgress(
            address=observation.facts.address,
            remote_id=remote.id,
            reached=_count_members(remote, Phase.REACHED),
            unreached=_count_members(remote, Phase.UNREACHED, Phase.REFUSED, Phase.UNFUNDED),
            in_flight=_count_members(remote, Phase.IN_FLIGHT, Phase.UNKNOWN),
            waiting=_count_members(remote, Phase.QUEUED),
            over=is_over(remote),
        )


def _count_members(remote: Remote, *phases: Phase) -> int:
    assert remote.members is not None
    return remote.members.select(pl.col("phase").is_in(phases).sum()).item() or 0
