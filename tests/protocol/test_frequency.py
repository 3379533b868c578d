"""Frequency over whole runs: no number is called too often, whatever a run is about, and everybody gets their turn."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.protocol.project_fixture import HEAD, InProcessProject, people

DAY = 86_400


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Two batches and one that is placed call by call want two people, who may be called once a day."""
    spec = "  guard: 2m\n  defaults: {provider: cartesia}\n  policy: {frequency: {max: 1, per: 24h}}\n"
    quick.file("project.yaml", HEAD.format(kind="Project", name="spring") + spec)
    quick.batch("april", people(2))
    quick.batch("march", people(3))
    return quick


def check_gaps(project: InProcessProject) -> None:
    """Two calls of one number lie a day apart."""
    times: dict[str, list[datetime]] = {}
    for dial in project.dials():
        times.setdefault(dial["number"], []).append(datetime.fromisoformat(dial["at"]))
    for moments in times.values():
        gaps = [later - earlier for earlier, later in zip(sorted(moments), sorted(moments)[1:], strict=False)]
        assert all(gap >= timedelta(days=1) for gap in gaps), gaps


def calls(project: InProcessProject) -> Counter[int]:
    """How many people were called how often."""
    return Counter(project.calls().values())


def test_everybody_gets_their_turn_and_nobody_too_soon(project: InProcessProject) -> None:
    for hours, expected in ((0, {1: 3}), (1, {1: 3}), (26, {1: 1, 2: 2})):
        project.advance(hours * 3600)
        assert project.apply().code == 0
        project.advance(1800)
        assert calls(project) == expected
        check_gaps(project)
    assert "frequency" not in project.plan().said


def test_a_run_that_is_narrowed_keeps_it_too(project: InProcessProject) -> None:
    assert project.apply("--target", "march").code == 0
    run = project.apply("--target", "april")
    assert (run.code, "2 people wait until" in project.run("plan", "--target", "april").said) == (0, True), run.said
    project.advance(1800)
    assert calls(project) == {1: 3}


def test_the_calls_of_a_removed_resource_count_for_a_day(project: InProcessProject) -> None:
    project.remove("march")
    assert project.apply().code == 0
    project.advance(1800)
    project.remove("april")
    project.batch("june", people(1, 30))
    assert project.apply().code == 0  # april becomes a tombstone
    project.batch("may", people(2))
    assert project.apply().code == 0
    project.advance(3600)
    assert calls(project) == {1: 3}
    assert "waits until" in project.run("status", "may").said
    project.advance(DAY)
    assert project.apply().code == 0
    project.advance(1800)
    assert calls(project) == {1: 1, 2: 2}
    check_gaps(project)


def test_single_calls_count_too(project: InProcessProject) -> None:
    project.remove("march")
    project.remove("april")
    project.call("ada", people(1)[0])
    project.call("again", people(1)[0])
    for _ in range(3):
        assert project.apply().code == 0
        project.advance(3600)
    assert calls(project) == {1: 1}
    project.advance(DAY)
    assert project.apply().code == 0
    project.advance(1800)
    assert calls(project) == {2: 1}
    check_gaps(project)


def test_without_it_the_plan_says_who_stands_in_several_resources(project: InProcessProject) -> None:
    spec = "  defaults: {provider: cartesia}\n"
    project.file("project.yaml", HEAD.format(kind="Project", name="spring") + spec)
    assert "batch/april: 2 people are also in batch/march" in project.plan().said
