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

LOOK_EVERY = 10.0
"""Seconds between looks."""
PATIENCE = 30
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
    over. Raises Interrupted, and ProviderError once PATIENCE is at its end."""
    courses: dict[str, RemoteProgress] = {}
    failed = 0
    while True:
        stop.check()
        outlooks = observe(session.scene(session.lock(), everything=True))
        courses |= {course.remote_id: course for outlook in outlooks for course in _of(outlook)}
        over = {course.remote_id for course in courses.values() if course.over}
        unread = [outlook.block for outlook in outlooks if outlook.block and _is_untold(outlook, over)]
        if courses:
            show(list(courses.values()))
        if not unread and len(over) == len(courses):
            return
        failed = failed + 1 if unread else 0
        if failed == PATIENCE:
            raise ProviderError(unread[0].detail, hint=unread[0].way_out)
        session.sleep(LOOK_EVERY)


def _is_untold(outlook: Observation, over: Collection[str]) -> bool:
    """Whether something there may still ring, and its provider does not tell."""
    if outlook.block is None or outlook.block.reason is not Reason.NOT_READ:
        return False
    record = outlook.case.record
    return bool(record.intents) or any(not r.settled and key not in over for key, r in record.remotes.items())


def _of(outlook: Observation) -> Iterator[RemoteProgress]:
    for remote in outlook.case.remotes.values():
        if remote.members is None or remote.id in outlook.case.also:
            continue
        yield RemoteProgress(
            address=outlook.case.address,
            remote_id=remote.id,
            reached=_count(remote, Phase.REACHED),
            unreached=_count(remote, Phase.UNREACHED, Phase.REFUSED, Phase.UNFUNDED),
            in_flight=_count(remote, Phase.IN_FLIGHT, Phase.UNKNOWN),
            waiting=_count(remote, Phase.QUEUED),
            over=is_over(remote),
        )


def _count(remote: Remote, *phases: Phase) -> int:
    assert remote.members is not None
    return remote.members.select(pl.col("phase").is_in(phases).sum()).item() or 0
