"""A run whose lease is taken away in the middle of an apply: it neither sends nor writes from then on, and the run
that took it goes on from what was written before. Everyone is called once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("step", ["send: cancel", "answer: cancel", "send: submit", "answer: submit"])
def test_at_an_object_store_as_well(moving: Project, s3_server: S3Server, step: str) -> None:
    url = f"s3://{s3_server.bucket}/{moving.key}"
    moving.environment |= s3_server.environment
    assert moving.run("state", "push", url).code == 0
    moving.environment["DIALCTL_STATE"] = url
    first = Held(moving, step)
    robbed(moving)
    moving.apply()
    check_that_nothing_more_came_of_it(first.let_go(), step)
    follow_advice(moving, "apply", "-y")
    moving.check_calls(once(people(7)))
