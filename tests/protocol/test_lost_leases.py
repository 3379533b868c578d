"""A run whose lease is taken away in the middle of an apply: it neither sends nor writes from then on, and the run
that took it goes on from what was written before. Everyone is called once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer
from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import Project, once, people
from tests.protocol.run_process import Run
from tests.protocol.test_races import Held
from tests.s3server import S3Server

STEPS = ("append:", "appended:", "send: cancel", "answer: cancel", "send: submit", "answer: submit", "fold:")
A_GUARD = 150.0
"""Seconds. The fence of what is under way is then over too, so that nothing waits in real time for a lost answer."""


@pytest.fixture
def moving(campaign: Project) -> Project:
    """Four who wait are to move to another agent, and three more to be called."""
    campaign.batch("march", people(7), agent="agent_B")
    return campaign


def robbed(project: Project) -> None:
    """A person believes that the holder is gone. Meanwhile the guard of what is under way ends."""
    said = project.apply().said
    told = re.findall(r"force-unlock (\w+)", said) or re.findall(r'"id":"(\w+)"', _lease_file(project).read_text())
    assert project.run("force-unlock", told[0]).code == 0
    project.advance(A_GUARD)


def _lease_file(project: Project) -> Path:
    return project.directory / ".dialctl" / "apply.lock"


def check_that_nothing_more_came_of_it(loser: Run, step: str) -> None:
    """Of what was on its way, the loser does not know what came: that is unsure, and wins over failed."""
    assert loser.code == (3 if "submit" in step else 1), loser
    assert "is lost" in loser.said
    assert "bug" not in loser.said


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_robbed_of_its_lease_sends_and_writes_nothing_more(moving: Project, step: str) -> None:
    first = Held(moving, step)
    robbed(moving)
    kept, sent = _kept(moving), moving.posts()
    check_that_nothing_more_came_of_it(first.let_go(), step)
    assert _kept(moving) == kept
    assert len(moving.posts()) - len(sent) == step.startswith("send:"), "at most what was on its way already"
    follow_advice(moving, "apply", "-y")
    moving.check_calls(once(people(7)))


def _kept(project: Project) -> list[tuple[str, bytes]]:
    return [
        (file.name, file.read_bytes()) for file in sorted(project.home.glob("dialctl.lock*")) if file.stat().st_size
    ]


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_robbed_while_another_applies_takes_nothing_from_it(moving: Project, step: str) -> None:
    first = Held(moving, step)
    robbed(moving)
    moving.apply()
    check_that_nothing_more_came_of_it(first.let_go(), step)
    moving.check_lock()
    follow_advice(moving, "apply", "-y")
    moving.check_calls(once(people(7)))


def _database_url(project: Project) -> str:
    return f"postgresql:///postgres?prefix={project.key}"


@pytest.mark.parametrize(
    ("place", "step"),
    [
        *[("s3", step) for step in ("send: cancel", "answer: cancel", "send: submit", "answer: submit")],
        *[("postgres", step) for step in ("answer: cancel", "send: submit")],
    ],
)
def test_elsewhere_as_well(moving: Project, request: pytest.FixtureRequest, place: str, step: str) -> None:
    server: S3Server | PostgresServer = request.getfixturevalue(f"{place}_server")
    moving.environment |= server.environment
    url = f"s3://{server.bucket}/{moving.key}" if isinstance(server, S3Server) else _database_url(moving)
    assert moving.run("state", "push", url).code == 0
    moving.environment["DIALCTL_STATE"] = url
    first = Held(moving, step)
    robbed(moving)
    moving.apply()
    check_that_nothing_more_came_of_it(first.let_go(), step)
    follow_advice(moving, "apply", "-y")
    moving.check_calls(once(people(7)))


def test_a_database_that_stops_while_a_request_is_in_flight_loses_nobody(moving: Project) -> None:
    server = PostgresServer()
    try:
        moving.environment |= server.environment
        assert moving.run("state", "push", _database_url(moving)).code == 0
        moving.environment["DIALCTL_STATE"] = _database_url(moving)
        first = Held(moving, "answer: submit")
        server.stop_at_once()
        loser = first.let_go()
        assert loser.code == 3, loser
        assert "bug" not in loser.said
        server.start_again()
        server.query("UPDATE dialctl.places SET ends_at = now()")
        moving.advance(A_GUARD)
        follow_advice(moving, "apply", "-y")
        moving.check_calls(once(people(7)))
    finally:
        server.close()


def test_a_database_that_is_back_before_the_answer_is_written_stops_no_run(moving: Project) -> None:
    server = PostgresServer()
    try:
        moving.environment |= server.environment
        assert moving.run("state", "push", _database_url(moving)).code == 0
        moving.environment["DIALCTL_STATE"] = _database_url(moving)
        first = Held(moving, "answer: submit")
        server.stop_at_once()
        server.start_again()
        assert first.let_go().code == 0
        moving.check_calls(once(people(7)))
    finally:
        server.close()
