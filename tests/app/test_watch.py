"""What was submitted is followed until nobody in it can be called any more."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Sequence

from declarative.app.watch import RemoteProgress, follow
from declarative.engine.signals import StopSignal
from tests.project_fixture import ADA, BATCH, BEN, CAY, ProjectFixture

DIVERTED = "+14155550198"
"""The sandbox ends their call in a word that nobody knows."""


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


def test_it_ends_where_a_single_call_ended_in_words_that_nobody_knows(project: ProjectFixture) -> None:
    call = BATCH.replace("Batch", "Call").replace("recipients_from: [{file: people.csv}]", f'to_number: "{DIVERTED}"')
    project.write(batch_yaml=call)
    assert project.apply().exit == 0
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        assert follow(session, StopSignal(), shown.append, at_most=86_400) == []
    [last] = shown[-1]
    assert (last.outcome_unknown, last.over) == (1, True)


def test_what_was_over_before_is_not_followed(project: ProjectFixture) -> None:
    assert project.apply("--wait").exit == 0
    project.people(ADA, BEN, CAY)
    assert project.apply().exit == 0
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        follow(session, StopSignal(), shown.append)
    assert {progress.finished + progress.waiting + progress.in_flight for [progress] in shown} == {1}


def test_a_poll_asks_for_what_goes_on_and_for_no_list(project: ProjectFixture) -> None:
    """The list may hold thousands of batches of others, and all that this project ever made."""
    assert project.apply().exit == 0
    with project.world() as world, world.moment() as moment:
        [before] = moment.db.execute("SELECT COUNT(*) FROM request").fetchone()
    shown: list[Sequence[RemoteProgress]] = []
    with project.session() as session:
        follow(session, StopSignal(), shown.append)
    with project.world() as world, world.moment() as moment:
        operations = [row[0] for row in moment.db.execute("SELECT operation FROM request ORDER BY seq")][before:]
    assert Counter(operations) == {"getStatus": 1, "getCallBatch": len(shown)}


def test_a_long_wait_holds_no_more_than_its_first_polls(project: ProjectFixture) -> None:
    numbers = [f"+1{200 + place // 90}55501{place % 90:02}" for place in range(150)]
    project.write(batch_yaml=f"{BATCH}  target_concurrency_limit: 1\n")
    project.people(*numbers)
    assert project.apply().exit == 0
    held: list[Counter[str]] = []
    with project.session() as session:
        follow(session, StopSignal(), lambda _: held.append(count_objects()))
    assert len(held) > 20
    assert held[-1] == held[2]
    assert (held[-1]["RemoteProgress"], held[-1]["Remote"]) == (1, 0)  # figures are kept, and nobody's number


def count_objects() -> Counter[str]:
    """How many objects of our own classes and data frames are alive."""
    gc.collect()
    kinds = (type(item) for item in gc.get_objects())
    packages = ("declarative.", "polars.", "httpx.")
    return Counter(kind.__qualname__ for kind in kinds if f"{kind.__module__}.".startswith(packages))
