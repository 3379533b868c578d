"""Follows what was submitted until it is over. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from declarative.desk import Stop
from declarative.observe import observe
from declarative.planning.case import is_over
from declarative.planning.outlook import Outlook
from declarative.remote import Phase, Remote
from declarative.session import Session

LOOK_EVERY = 10.0
"""Seconds between looks."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far one remote batch or call has come, in people."""

    address: str
    remote_id: str
    reached: int
    unreached: int
    in_flight: int
    waiting: int
    over: bool


def follow(session: Session, stop: Stop, show: Callable[[Sequence[Course]], None]) -> None:
    """Shows the courses at every look, until all are over. Raises Interrupted and ProviderError."""
    while True:
        courses = list(_courses(session))
        show(courses)
        if all(course.over for course in courses):
            return
        session.sleep(LOOK_EVERY)
        stop.check()


def _courses(session: Session) -> Iterator[Course]:
    for outlook in observe(session.scene(session.lock(), everything=True)):
        yield from _of(outlook)


def _of(outlook: Outlook) -> Iterator[Course]:
    for remote in outlook.case.remotes.values():
        if remote.members is None or remote.id in outlook.case.also:
            continue
        yield Course(
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
