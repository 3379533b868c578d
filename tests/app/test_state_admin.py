"""The lock, listed, shown, edited and copied."""

from __future__ import annotations

import json

import pytest

from declarative.app import state_admin
from declarative.app.run_history import open_ledger
from declarative.app.session import Session
from declarative.errors import StateError, UsageError
from declarative.model.selection import EVERYTHING, Selection
from tests.project_fixture import APPLY, ProjectFixture

ADDRESS = "batch/outreach"
ONE = Selection((ADDRESS,))


def test_without_a_lock_there_is_nothing_to_list_or_show(project: ProjectFixture) -> None:
    with project.session() as session:
        assert state_admin.list_addresses(session) == []
        with pytest.raises(StateError, match="no lock yet"):
            state_admin.show_lock(session, EVERYTHING)


def test_an_address_is_listed_and_shown(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session:
        assert state_admin.list_addresses(session) == [ADDRESS]
        whole, part = (json.loads(state_admin.show_lock(session, chosen)) for chosen in (EVERYTHING, ONE))
        assert whole["resources"][ADDRESS] == part
        with pytest.raises(UsageError, match='does not know "batch/nothing"'):
            state_admin.show_lock(session, Selection(("batch/nothing",)))


def test_a_forgotten_address_is_not_listed_and_cannot_be_forgotten_again(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session:
        [message] = state_admin.forget_addresses(session, [ADDRESS], 0)
        assert f"{ADDRESS} is forgotten" in message
        assert state_admin.list_addresses(session) == []
        with pytest.raises(UsageError):
            state_admin.forget_addresses(session, [ADDRESS], 0)


def test_a_lock_without_a_conflict_is_not_merged(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    with project.session() as session, pytest.raises(StateError):
        state_admin.merge_lock(session, 0)


def test_only_a_lease_that_is_held_can_be_broken(project: ProjectFixture) -> None:
    with project.session() as session:
        with pytest.raises(StateError):
            state_admin.force_unlock(session, "0badcafe")
        with project.session() as other, open_ledger(other, 0, APPLY) as (_, lease):
            assert lease.holder.id in state_admin.force_unlock(session, lease.holder.id)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hunter2@db/calls?prefix=a",
        "postgresql:///calls?password=hunter2&prefix=a",
        "postgresql:///calls?prefix=a&password=hunter2",
    ],
)
def test_a_password_on_the_command_line_is_refused_unseen(project: ProjectFixture, url: str) -> None:
    for command in ("push", "pull"):
        result = project.dialctl("state", command, url)
        assert result.exit == 64
        assert "PGPASSFILE" in result.text
        assert "hunter2" not in result.text


def test_the_projects_name_stands_in_for_its_placeholder(project: ProjectFixture) -> None:
    environment = {"DIALCTL_STATE": "postgresql://ada:hunter2@db/calls?prefix=all/{project}"}
    with Session(directory=project.root, environment=environment) as session:
        assert session.backend.location == "postgresql://db/calls?prefix=all/spring"
