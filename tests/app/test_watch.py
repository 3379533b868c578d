"""What was submitted is followed until nobody in it can be called any more."""

from __future__ import annotations

from collections.abc import Sequence

from declarative.app.watch import RemoteProgress, follow
from declarative.engine.signals import StopSignal
from tests.project_fixture import ProjectFixture


def test_progress_is_shown_until_everything_is_over(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        follow(session, StopSignal(), shown.append)
    first, last = shown[0][0], shown[-1][0]
    assert (first.address, first.waiting, first.over) == ("batch/outreach", 2, False)
    assert (last.reached + last.not_reached, last.waiting, last.in_flight, last.over) == (2, 0, 0, True)


def test_with_nothing_submitted_it_ends_at_once(project: ProjectFixture) -> None:
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        follow(session, StopSignal(), shown.append)
    assert shown == []


def test_it_ends_at_its_bound_and_says_what_goes_on(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        [still_going] = follow(session, StopSignal(), shown.append, at_most=15.0)
    assert len(shown) <= 3
    assert (still_going.address, still_going.waiting) == ("batch/outreach", 2)


def test_in_the_sandbox_it_jumps_to_the_first_call(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        follow(session, StopSignal(), shown.append)
    waiting = [progress for [progress] in shown if not progress.has_begun]
    assert len(waiting) <= 2
