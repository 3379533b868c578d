"""A batch in which somebody reads a word that nobody knows never counts as over. The printed way out ends it."""

from __future__ import annotations

import re

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import InProcessProject, never, once, people
from tests.protocol.run_process import Run

UNKNOWN_WORD = {
    "match": {"operation": "getCallBatch", "times": 0},
    "do": {"edit": {"total_calls_finished": 0}, "edit_items": {"status": "pondering"}},
}
UNFINISHED = {"match": {"operation": "listCallBatches", "times": 0}, "do": {"edit_items": {"total_calls_finished": 0}}}
_WAY_OUT = re.compile(r"dialctl resolve (batch/march#\S+) --placed")


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Three people were called, and are answered by a word that nobody knows."""
    quick.batch("march", people(3))
    quick.batch("april", people(1, 50))
    assert quick.apply().code == 0
    quick.advance(900)
    assert quick.apply().code == 0
    quick.faults(UNKNOWN_WORD, UNFINISHED)
    return quick


def _follow(project: InProcessProject, run: Run) -> None:
    assert "never counts as over: 3 people of it read a word that dialctl does not know" in run.said, run
    (named,) = set(_WAY_OUT.findall(run.said))
    run = project.run("resolve", named, "--placed")
    assert (run.code, "3 people count as called" in run.said) == (0, True), run
    project.faults()
    follow_advice(project, "apply", "-y")
    project.check_lock()
    run = project.plan()
    assert (run.code, "never counts as over" in run.said) == (0, False), run


@pytest.mark.parametrize("arguments", [("plan",), ("status",)])
def test_a_campaign_goes_on_after_it(project: InProcessProject, arguments: tuple[str, ...]) -> None:
    project.batch("march", people(5))
    _follow(project, project.run(*arguments))
    project.check_calls(once([*people(5), *people(1, 50)]))


def test_an_address_that_nobody_wants_becomes_over_by_it(project: InProcessProject) -> None:
    project.remove("march")
    run = project.apply()
    assert not project.remembered()["resources"]["batch/march"].get("tombstone"), run
    _follow(project, run)
    assert project.remembered()["resources"]["batch/march"]["tombstone"]
    project.batch("march", people(3))
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(3), *people(1, 50)]) | never(people(1, 5)))
