"""Runs in each other's way: on one directory, with copies of one lock, from an older commit. Each person is called
once, and the loser says what it did."""

from __future__ import annotations

import signal
import sys
from multiprocessing import Pipe
from pathlib import Path

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import Project, once, people
from tests.protocol.run_process import Run


class Held:
    """An apply that stands still before the first step that begins so, until `let_go`."""

    def __init__(self, project: Project, step: str) -> None:
        self._gate, there = Pipe()
        self._child = project.start("apply", "-y", at=step, gate=there)
        there.close()
        assert self._gate.poll(30), self._child.wait(1)
        self.before = self._gate.recv()

    def let_go(self) -> Run:
        self._gate.send("go on")
        return self._child.wait()


def test_a_second_run_on_one_directory_refuses_and_names_the_first(campaign: Project) -> None:
    first = Held(campaign, "send:")
    sent = campaign.posts()
    second = campaign.apply()
    assert second.code == 1
    assert "is in use by" in second.said
    assert "--lock-timeout" in second.said
    assert campaign.posts() == sent
    assert first.let_go().code == 0
    campaign.check_calls(once(people(7)))


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells that the run has begun to wait")
def test_a_second_run_on_one_directory_waits_as_long_as_it_was_told(campaign: Project) -> None:
    first = Held(campaign, "send:")
    second = campaign.start("apply", "-y", "--lock-timeout", "60")
    second.until_it_hears(signal.SIGTERM)
    assert first.let_go().code == 0
    run = second.wait()
    assert run.code == 0
    assert "Nothing to do" in run.said
    campaign.check_calls(once(people(7)))


def test_a_plan_during_an_apply_says_who_is_at_it(campaign: Project) -> None:
    first = Held(campaign, "send:")
    plan = campaign.plan()
    assert "being applied by" in plan.said
    assert "resolve" not in plan.said
    first.let_go()
    assert campaign.plan().code == 0


@pytest.mark.parametrize("apart", [0, 1])
def test_of_twins_with_copies_of_one_lock_one_is_taken_back(campaign: Project, tmp_path: Path, apart: int) -> None:
    twin = campaign.copy(tmp_path / "twin")
    slow = Held(campaign, "send:")
    assert twin.apply().code == 0
    campaign.advance(apart)
    loser = slow.let_go()
    assert "a second batch with the same people" in loser.said
    assert "was cancelled" in loser.said
    assert campaign.plan().code == twin.plan().code == 0
    campaign.check_calls(once(people(7)))


def test_twins_that_both_sent_before_either_looked_call_one_set_once(campaign: Project, tmp_path: Path) -> None:
    twin = campaign.copy(tmp_path / "twin")
    one, other = Held(campaign, "send:"), Held(twin, "answer:")
    runs = [one.let_go(), other.let_go()]
    assert any("a second batch with the same people" in run.said for run in runs), runs
    campaign.check_calls(once(people(7)))


def test_twins_with_different_people_call_everybody_once(campaign: Project, tmp_path: Path) -> None:
    twin = campaign.copy(tmp_path / "twin")
    twin.batch("march", people(10))
    slow = Held(campaign, "send:")
    assert twin.apply().code == 0
    slow.let_go()
    follow_advice(twin, "apply", "-y")
    twin.check_calls(once(people(10)))


def test_twins_of_a_replace_move_everybody_once(campaign: Project, tmp_path: Path) -> None:
    campaign.batch("march", people(4), agent="agent_B")
    twin = campaign.copy(tmp_path / "twin")
    slow = Held(campaign, "send: submit")
    twin.apply()
    slow.let_go()
    follow_advice(campaign, "apply", "-y")
    campaign.check_calls(once(people(4)))


def test_twins_of_a_retry_call_again_once(project: Project, tmp_path: Path) -> None:
    numbers = ["+12125550191", "+12135550191"]
    project.batch("march", numbers, more="  retry: {max_retries: 1, on: [dial_no_answer]}\n")
    project.apply()
    project.advance(600)
    twin = project.copy(tmp_path / "twin")
    slow = Held(project, "send: retry")
    twin.apply()
    slow.let_go()
    twin.check_calls(dict.fromkeys(numbers, (2, 2)))


def test_a_run_that_sees_a_later_generation_sends_nothing(campaign: Project, tmp_path: Path) -> None:
    twin = campaign.copy(tmp_path / "twin")
    first = Held(campaign, "answer:")
    sent = campaign.posts()
    second = twin.apply()
    assert second.code == 3
    assert "a later run" in second.said
    assert "bring the newest dialctl.lock here" in second.said
    assert campaign.posts() == sent
    assert first.let_go().code == 0
    campaign.check_calls(once(people(7)))


def test_two_first_runs_without_any_lock_call_one_set_once(project: Project, tmp_path: Path) -> None:
    """Equal stamps, between which ids decide and a run may have to wait, are in tests/engine/test_guard.py."""
    project.batch("march", people(4))
    twin = project.copy(tmp_path / "twin")
    slow = Held(project, "send:")
    assert twin.apply().code == 0
    project.advance(1)
    loser = slow.let_go()
    assert "was cancelled" in loser.said
    project.check_calls(once(people(4)))


def test_an_apply_from_an_older_commit_sends_nothing_until_the_lock_is_brought(
    campaign: Project, tmp_path: Path
) -> None:
    old = campaign.copy(tmp_path / "old")
    campaign.apply()
    sent = campaign.posts()
    run = old.apply()
    assert run.code == 3
    assert "update the checkout, or bring the newest dialctl.lock here" in run.said
    assert campaign.posts() == sent
    old.lock.write_bytes(campaign.lock.read_bytes())
    assert old.plan().code == 0
    campaign.check_calls(once(people(7)))
