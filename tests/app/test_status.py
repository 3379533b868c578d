"""Where people stand, and the outcome of their calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from declarative.app.address_state import State
from declarative.app.status import AddressStatus, read_status, summarize
from declarative.errors import UsageError
from declarative.model.selection import EVERYTHING, Selection
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation
from tests.planning.facts_fixture import make_facts, resource
from tests.project_fixture import ADA, BATCH, BEN, PROJECT, ProjectFixture


def test_before_an_apply_nobody_was_submitted(project: ProjectFixture) -> None:
    with project.session() as session:
        [status] = read_status(session, EVERYTHING)
    assert (status.address, status.people, status.standing) == ("batch/outreach", 2, {"unsubmitted": 2})


def test_people_wait_until_their_batch_starts_and_are_dialed_after_it(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session:
        [waiting] = read_status(session, EVERYTHING)
        session.connections.sleep(7200)
        [dialed] = read_status(session, Selection(("batch/outreach",)))
    assert (waiting.standing, len(waiting.remote_ids)) == ({"waiting": 2}, 1)
    assert dialed.standing == {"dialed": 2}
    assert sum(dialed.outcomes.values()) == 2
    assert (dialed.in_flight, dialed.unsure, dialed.block) == (0, (), None)


def test_an_unknown_address_is_refused_with_those_that_are_known(project: ProjectFixture) -> None:
    with project.session() as session, pytest.raises(UsageError) as refused:
        read_status(session, Selection(("batch/nothing",)))
    assert refused.value.hint == "known: batch/outreach"


def test_without_its_lock_nothing_is_said_of_people(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    with project.session() as session:
        [status] = read_status(session, EVERYTHING)
    assert status.block is not None
    assert (status.people, status.standing, status.block.reason) == (2, {}, Reason.NO_MEMORY)
    assert (status.state.state, status.counts.percent) == (State.BLOCKED, None)


SILENT = "+14155550191"
RETRY = "  retry: {max_retries: 1, on: [dial_no_answer], after: 4h}\n"


def read_state(project: ProjectFixture, after: float = 0) -> AddressStatus:
    with project.session() as session:
        session.connections.sleep(after)
        [status] = read_status(session, EVERYTHING)
    return status


def test_a_state_names_what_comes_next_and_when(project: ProjectFixture) -> None:
    project.people(ADA, SILENT)
    project.write(batch_yaml=f"{BATCH}{RETRY}")
    assert read_state(project).state.state is State.DUE
    project.apply()
    starting = read_state(project)
    assert (starting.state.state, starting.counts.percent) == (State.STARTING, 0)
    calling = read_state(project, after=150)
    assert calling.state.state is State.IN_PROGRESS
    waiting = read_state(project, after=600)
    assert (waiting.state.state, waiting.counts.percent) == (State.BEFORE_RETRY, 50)
    assert waiting.state.until is not None
    assert waiting.seen_at is not None
    assert 3 < (waiting.state.until - waiting.seen_at).total_seconds() / 3600 < 4
    assert read_state(project, after=4 * 3600).state.state is State.DUE
    project.apply()
    over = read_state(project, after=3600)
    assert (over.state.state, over.counts.percent) == (State.OVER, 100)
    assert (over.counts.reached, dict(over.counts.not_reached_by)) == (1, {"dial_no_answer": 1})


def test_a_time_that_the_manifest_names_is_told_from_the_guard(project: ProjectFixture) -> None:
    with project.world() as world:
        start = datetime.fromtimestamp(world.now() + 7200, UTC).replace(microsecond=0)
    project.write(batch_yaml=f"{BATCH}  scheduled_at: {start.isoformat()}\n")
    project.apply()
    state = read_state(project).state
    assert (state.state, state.until) == (State.SCHEDULED, start)


def test_a_paused_resource_says_who_may_still_be_called(project: ProjectFixture) -> None:
    project.apply()
    project.write(batch_yaml=f"{BATCH}  state: cancelled\n")
    paused = read_state(project)
    assert (paused.state.state, paused.counts.waiting, paused.counts.to_take_off) == (State.PAUSED, 2, 2)
    project.apply()
    assert (read_state(project).counts.to_take_off, read_state(project).counts.not_submitted) == (0, 2)


def test_people_outside_calling_hours_wait_for_them(project: ProjectFixture) -> None:
    with project.world() as world:
        now = datetime.fromtimestamp(world.now(), UTC)
    begin, end = now + timedelta(hours=2), now + timedelta(hours=4)
    project.policy(f'{{calling_hours: {{from: "{begin:%H:%M}", to: "{end:%H:%M}", zone: UTC}}}}')
    status = read_state(project)
    assert (status.state.state, dict(status.counts.later)) == (State.CALLING_HOURS, {"calling_hours": 2})
    assert status.state.until is not None
    assert f"{status.state.until:%H:%M}" == f"{begin:%H:%M}"


def test_an_expected_end_comes_from_the_pace_so_far(project: ProjectFixture) -> None:
    project.people(*(f"+1415555{ending:04}" for ending in range(100, 160)))
    project.write(batch_yaml=f"{BATCH}  target_concurrency_limit: 1\n")
    project.apply()
    status = read_state(project, after=1800)
    assert status.state.expected_end is not None
    with project.session() as session:
        session.connections.sleep(12 * 3600)
        [over] = read_status(session, EVERYTHING)
    assert over.state.state is State.OVER
    assert status.counts.finished < over.counts.finished == 60


def test_people_who_are_held_back_are_counted_by_reason(project: ProjectFixture) -> None:
    project.write(
        project_yaml=f"{PROJECT}  policy: {{suppress_from: [{{file: stop.csv}}]}}\n", stop_csv=f"to_number\n{BEN}\n"
    )
    assert read_state(project).counts.held == {"suppressed": 1}


def test_nobody_is_said_to_be_due_at_an_address_that_is_blocked() -> None:
    facts = make_facts(wanted=resource("ab"))
    free, blocked = (
        summarize(Observation(facts=facts, block=block)) for block in (None, Block(Reason.LOST, "not found"))
    )
    assert (free.counts.due, blocked.counts.due) == (2, 0)
    assert (blocked.state.state, blocked.standing) == (State.BLOCKED, {"unknown": 2})
