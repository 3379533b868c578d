"""A lock starts once, for a project that never dialed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from declarative.app.state_init import list_marked_remotes, new_lock, start_lock
from declarative.errors import Refused, StateError
from declarative.providers.base import EVERY_AGENT
from declarative.providers.callingbox.calls import CallingBoxChannel
from declarative.providers.cartesia.calls import CallChannel
from tests.project_fixture import ProjectFixture

NOON = datetime(2031, 1, 15, 12, 0, 0, 500_000, tzinfo=UTC)


def lose_lock(project: ProjectFixture) -> None:
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()


def test_a_lineage_is_older_than_its_first_request_by_a_margin_for_clocks(project: ProjectFixture) -> None:
    with project.session() as session:
        first, second = (new_lock(session, {"cartesia": "127.0.0.1"}, NOON) for _ in range(2))
    assert first.born == datetime(2031, 1, 15, 11, 55, tzinfo=UTC)
    assert (first.project, first.hosts) == ("spring", {"cartesia": "127.0.0.1"})
    assert first.lineage != second.lineage


def test_a_project_that_never_dialed_gets_a_new_lock_once(project: ProjectFixture) -> None:
    with project.session() as session:
        assert start_lock(session, 0).startswith("a new lock at ")
        with pytest.raises(StateError, match="there is a lock already"):
            start_lock(session, 0)


def test_a_project_that_dialed_gets_no_new_lock(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    lose_lock(project)
    with project.session() as session, pytest.raises(Refused, match="this project has dialed before") as refused:
        start_lock(session, 0)
    assert refused.value.hint == "dialctl state rebuild"


TWO_PROVIDERS = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
  providers:
    cartesia: {type: cartesia}
    callingbox: {type: callingbox}
    old: {type: cartesia, api_version: "2025-04-16"}
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: tickets}
spec: {provider: callingbox, agent_id: b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f, recipients: [{to_number: "+14155550111"}]}
---
apiVersion: dialctl/v1
kind: Call
metadata: {name: ada}
spec: {provider: old, agent_id: agent_OLD, to_number: "+14155550112"}
"""


def test_each_provider_is_asked_for_its_own_agents_by_routes_that_show_marks(
    project: ProjectFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(project_yaml=TWO_PROVIDERS)
    asked: list[tuple[str, list[str]]] = []
    for channel in (CallChannel, CallingBoxChannel):
        original = channel.list_pages

        def note_and_list(self: Any, agent_ids: Iterable[str], list_pages: Any = original) -> Any:
            asked.append((type(self).__name__, list(agent_ids)))
            return list_pages(self, asked[-1][1])

        monkeypatch.setattr(channel, "list_pages", note_and_list)
    with project.session() as session:
        assert list_marked_remotes(session) == []
    assert asked == [
        ("CallChannel", ["agent_one", EVERY_AGENT]),
        ("CallingBoxChannel", ["b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f", EVERY_AGENT]),
    ]
