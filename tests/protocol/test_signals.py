"""SIGINT and SIGTERM at every step (a third of them in CI, see test_crashes): the request in flight is finished and
recorded, the lease is given back, and the next run goes on as if nothing had been."""

from __future__ import annotations

import json
import os
import signal
import sys
from multiprocessing import Pipe
from pathlib import Path

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import Project, once, people
from tests.protocol.scenarios import SCENARIOS, Expected, Scenario

STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}
EVERYWHERE = bool(os.environ.get("DIALCTL_CRASH_EVERYWHERE"))
SENDING = "http: POST"
READING_ONE = "http: GET /agents/calls/batches/"
CHOSEN = [
    one
    for one in SCENARIOS
    if one.name
    in (
        "first create of two resources",
        "replace half way",
        "retry by request",
        "one person taken off",
        "direct call",
        "single calls where there are no batches",
        "a create that lands within the settle time",
    )
]


@pytest.mark.parametrize("scenario", CHOSEN, ids=lambda one: one.name.replace(" ", "-"))
def test_a_signal_at_any_step_ends_the_run_with_everything_recorded(scenario: Scenario, tmp_path: Path) -> None:
    brink = Project(tmp_path / "brink")
    expected = scenario.prepare(brink)
    uncut = brink.copy(tmp_path / "uncut").start(*scenario.arguments).wait()
    for at in range(1, len(uncut.steps) + 1, 1 if EVERYWHERE else 5):
        signum = (signal.SIGINT, signal.SIGTERM)[at % 2]
        project = brink.copy(tmp_path / f"{at}")
        run = project.run(*scenario.arguments, at=at, signum=signum)
        try:
            _stopped_cleanly(project, scenario, run.code, uncut.code, STOPPED[signum])
            _finished_by_the_next(project, scenario, expected)
        except AssertionError as wrong:
            wrong.add_note(f"{signum.name} at step {at} of {len(uncut.steps)}, {uncut.steps[at - 1]!r}: {run}")
            raise


def _stopped_cleanly(project: Project, scenario: Scenario, code: int, uncut: int, stopped: int) -> None:
    """The code of the signal; where it came after the last thing to do, that of a run that did everything."""
    if code != stopped:
        assert code == uncut
        assert project.copy(project.directory.with_suffix(".after")).plan().code in (0, 3)
    if project.lock.exists():
        project.check_lock()
        assert uncut == 3 or scenario.name.startswith("a create") or not _open_intents(project)


def _open_intents(project: Project) -> list[str]:
    """The sandbox answers every request, so that none may be left open by a signal."""
    return [mark for one in project.remembered().get("resources", {}).values() for mark in one.get("intents", {})]


def _finished_by_the_next(project: Project, scenario: Scenario, expected: Expected) -> None:
    follow_advice(project, *scenario.arguments)
    project.check_lock()
    project.check_calls(expected)


def test_a_second_signal_is_as_safe_as_a_crash(tmp_path: Path) -> None:
    project = Project(tmp_path / "spring").begin()
    project.batch("march", people(5))
    here, there = Pipe()
    child = project.start("apply", "-y", at=SENDING, gate=there)
    there.close()
    here.recv()
    child.insist(signal.SIGTERM)
    assert child.wait().code == -signal.SIGTERM
    follow_advice(project, "apply", "-y")
    project.check_calls(once(people(5)))


@pytest.mark.parametrize(("flags", "said"), [((), True), (("-q",), False)])
def test_the_first_signal_is_answered_in_words(flags: tuple[str, ...], said: bool, tmp_path: Path) -> None:
    project = Project(tmp_path / "spring").begin()
    project.batch("march", people(5))
    run = project.run(*flags, "apply", "-y", at=SENDING, signum=signal.SIGINT)
    assert "5 people submitted" in run.said
    assert ("\nStopping: the request in flight is finished and recorded first." in run.said) is said
    project.check_lock()


@pytest.mark.parametrize("signum", STOPPED)
def test_a_signal_during_the_wait_ends_it_with_the_report(signum: signal.Signals, tmp_path: Path) -> None:
    project = Project(tmp_path / "spring").begin()
    project.batch("march", people(5))
    run = project.run("-q", "apply", "-y", "--wait", "--json", at=READING_ONE, signum=signum)
    assert run.code == STOPPED[signum]
    report = json.loads(run.said)
    assert report["exit_code"] == STOPPED[signum]
    assert (report["interrupted"], report["unfollowed"]["code"]) == (True, "interrupted")
    assert [(one["outcome"], one["people_done"]) for one in report["actions"]] == [("done", 5)]
    project.check_calls(once(people(5)))


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells that the run listens for signals already")
@pytest.mark.parametrize("signum", STOPPED)
def test_a_run_that_waits_for_another_can_be_stopped_at_once(signum: signal.Signals, tmp_path: Path) -> None:
    project = Project(tmp_path / "spring").begin()
    project.batch("march", people(5))
    here, there = Pipe()
    first = project.start("apply", "-y", at=SENDING, gate=there)
    there.close()
    here.recv()
    waiting = project.start("apply", "-y", "--lock-timeout", "3600")
    waiting.until_it_hears(signal.SIGTERM)
    waiting.send(signum)
    assert waiting.wait(5).code == STOPPED[signum]
    here.send("go on")
    assert first.wait().code == 0
    project.check_calls(once(people(5)))
