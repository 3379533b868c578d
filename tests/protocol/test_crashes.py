"""A run is killed at every one of its steps; the next ones finish, and no one is called more often than wanted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import Project
from tests.protocol.scenarios import AFTER_THE_GUARD, SCENARIOS, Expected, Scenario

EVERYWHERE = bool(os.environ.get("DIALCTL_CRASH_EVERYWHERE"))
"""Kills at every step, with both pauses. Without it: around every request that changes something, and at a sample of
the other steps, with one pause each; this is what fits into CI."""
PAUSES = (0.0, AFTER_THE_GUARD)
SAMPLE, COSTLY_SAMPLE = 5, 8
_DECISIVE = ("http: POST", "http: DELETE", "answer:")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name.replace(" ", "-"))
def test_a_crash_at_any_step_calls_nobody_twice_and_leaves_nobody_out(scenario: Scenario, tmp_path: Path) -> None:
    brink = Project(tmp_path / "brink")
    expected = scenario.prepare(brink)
    uncut = brink.copy(tmp_path / "uncut")
    steps = uncut.start(*scenario.arguments).wait().steps
    _settled(uncut, scenario, expected)
    assert len(steps) > 3
    for at, pause in _points(scenario, steps):
        project = brink.copy(tmp_path / f"{at}-{pause:.0f}")
        project.killed(*scenario.arguments, at=at)
        project.advance(pause)
        try:
            _settled(
                project,
                scenario,
                expected if not pause else {**expected, **dict.fromkeys(scenario.leaving, (0, 1))},
            )
        except AssertionError as wrong:
            wrong.add_note(f"killed at step {at} of {len(steps)}, {steps[at - 1]!r}, next run after {pause:.0f} s")
            raise


def _points(scenario: Scenario, steps: tuple[str, ...]) -> list[tuple[int, float]]:
    """Between a step and a read, or a request about to be sent, nothing changes: one of the two is enough."""
    every = range(1, len(steps) + 1)
    if EVERYWHERE:
        return [(at, pause) for at in every for pause in PAUSES]
    decisive = {at for at in every if steps[at - 1].startswith(_DECISIVE)}
    others = [at for at in every if not steps[at - 1].startswith(("http:", "send:", "answer:"))]
    sampled = others[:: COSTLY_SAMPLE if scenario.costly else SAMPLE]
    chosen = sorted({*sampled, *decisive} if not scenario.costly else {*sampled, min(decisive), max(decisive)})
    return [(at, PAUSES[turn % len(PAUSES)]) for turn, at in enumerate(chosen)]


def _settled(project: Project, scenario: Scenario, expected: Expected) -> None:
    """The next runs come to an end, in order; what then calls is what was wanted, and a late run adds nothing."""
    follow_advice(project, *_next(scenario))
    project.check_lock()
    project.check_calls(expected)
    project.run(*_next(scenario))
    project.check_calls(expected)


def _next(scenario: Scenario) -> tuple[str, ...]:
    """After a lock was repaired, an apply goes on."""
    return scenario.arguments if scenario.arguments[0] == "destroy" else ("apply", "-y")
