"""Approvals are written down before the first request, and taken back where a later plan of the run is refused."""

from __future__ import annotations

import pytest

from declarative.app import approvals
from declarative.app.apply import ApplyOptions, apply_project
from declarative.app.plan import plan_project
from declarative.app.run_history import open_ledger
from declarative.engine.signals import StopSignal
from declarative.errors import Refused
from tests.project_fixture import APPLY, ProjectFixture


def test_a_later_refusal_takes_the_approval_back(project: ProjectFixture) -> None:
    with project.session() as session:
        apply_project(session, ApplyOptions(approve=lambda _: True), StopSignal())
        plan = plan_project(session)
        with open_ledger(session, 0.0, APPLY) as (ledger, _):
            assert approvals.find_unapproved(session, ledger) == set()
            with pytest.raises(Refused), approvals.record_approval(session, ledger, plan):
                raise Refused("answered no")
            assert approvals.find_unapproved(session, ledger) == {"batch/outreach"}


def test_without_a_lock_there_is_nothing_to_write(project: ProjectFixture) -> None:
    with project.session() as session, open_ledger(session, 0.0, APPLY) as (ledger, _):
        assert approvals.find_unapproved(session, ledger) == {"batch/outreach"}
        with approvals.record_approval(session, ledger, plan_project(session)):
            assert not ledger.is_started
