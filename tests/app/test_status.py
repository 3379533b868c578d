"""Where people stand, and the outcome of their calls."""

from __future__ import annotations

import pytest

from declarative.app.status import read_results, read_status
from declarative.errors import UsageError
from declarative.model.selection import EVERYTHING, Selection
from declarative.planning.decide import Reason
from tests.project_fixture import ADA, BEN, ProjectFixture


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


def test_results_have_a_row_for_each_person(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session:
        session.connections.sleep(7200)
        rows, unknown = read_results(session, EVERYTHING)
    assert unknown == []
    assert sorted(rows.get_column("number")) == [ADA, BEN]
    assert rows.get_column("standing").to_list() == ["dialed", "dialed"]
    assert rows.get_column("attempts").to_list() == [1, 1]
    assert rows.get_column("call_id").null_count() == 0


def test_an_unknown_address_is_refused_with_those_that_are_known(project: ProjectFixture) -> None:
    with project.session() as session, pytest.raises(UsageError) as refused:
        read_status(session, Selection(("batch/nothing",)))
    assert refused.value.hint == "known: batch/outreach"


def test_without_its_lock_nothing_is_said_of_people(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    with project.session() as session:
        [status] = read_status(session, EVERYTHING)
        rows, [(address, block)] = read_results(session, EVERYTHING)
    assert status.block is not None
    assert (status.people, status.standing, status.block.reason) == (2, {}, Reason.NO_MEMORY)
    assert (rows.is_empty(), address, block.reason) == (True, "batch/outreach", Reason.NO_MEMORY)
