"""Single calls and a lock that is older than the last run: what no list proves is said, held back, and never called
again by itself."""

from __future__ import annotations

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import InProcessProject, once, people


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Two people were called one by one."""
    quick.box("tickets", people(2))
    assert quick.apply().code == 0
    quick.advance(900)
    assert quick.apply().code == 0
    return quick


def test_where_the_list_does_not_reach_back_to_the_last_write_only_a_shared_state_protects(
    project: InProcessProject,
) -> None:
    project.box("tickets", people(3))
    assert "only a shared state protects" not in project.plan().said
    project.faults({"match": {"operation": "listCalls", "times": 0}, "do": {"hide": 2}})
    run = project.plan()
    assert (run.code, "only a shared state protects" in run.said) == (2, True), run


def test_an_old_lock_is_known_by_the_marks_of_the_later_run(project: InProcessProject) -> None:
    old = project.lock.read_bytes()
    project.box("tickets", people(3))
    assert project.apply().code == 0
    project.lock.write_bytes(old)
    sent = project.posts()
    run = project.apply()
    assert (run.code, "dialctl state rebuild --over-older" in run.said) == (3, True), run
    assert project.posts() == sent
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(once(people(3)))


def test_one_address_that_is_older_holds_back_the_calls_that_no_list_shows(project: InProcessProject) -> None:
    """The later run called Cleo, too, and the list does not show her."""
    old = project.lock.read_bytes()
    project.box("tickets", people(3))
    project.box("cleo", people(1, 20))
    assert project.apply().code == 0
    project.lock.write_bytes(old)
    for place in (3, 4):
        project.faults({"match": {"operation": "listCalls", "times": 0}, "do": {"hide": place}})
        sent = project.posts()
        assert project.apply().code == 3
        assert project.posts() == sent
    project.faults()
    follow_advice(project, "apply", "-y")
    project.check_calls(once([*people(3), *people(1, 20)]))
