"""A batch that the provider has dropped, of which the lock knows little: it counts as called with its people, and what
is counted is said."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import InProcessProject, once, people

DROPPED = (
    {"match": {"operation": "getCallBatch", "times": 0}, "do": {"status": {"code": 404, "effect": False}}},
    {"match": {"operation": "listCallBatches", "times": 0}, "do": {"hide": 1}},
)
_WAY_OUT = re.compile(r"dialctl resolve (batch/march#\S+) --placed")


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Four people were called, and their batch is dropped."""
    quick.batch("march", people(4))
    assert quick.apply().code == 0
    quick.advance(900)
    return quick


def _drop(project: InProcessProject) -> str:
    """What the plan names to be resolved. No cache tells who was in it."""
    shutil.rmtree(project.directory / ".dialctl" / "cache", ignore_errors=True)
    project.faults(*DROPPED)
    run = project.plan()
    assert run.code == 3, run
    (named,) = set(_WAY_OUT.findall(run.said))
    return str(named)


def _rebuild(project: InProcessProject) -> None:
    project.lock.unlink()
    assert project.run("state", "rebuild").code == 0


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(people(4), "4 people count as called, and are not called again", id="the same"),
        pytest.param(people(6), "6 people count as called, and are not called again: 4 of them were in it", id="more"),
    ],
)
def test_one_that_is_known_by_its_mark_alone_counts_everybody_who_may_be_in_it(
    project: InProcessProject, wanted: list[str], said: str
) -> None:
    _rebuild(project)
    project.batch("march", wanted)
    run = project.run("resolve", _drop(project), "--placed")
    assert (run.code, said in run.said) == (0, True), run
    project.check_lock()
    project.faults()
    project.batch("march", [*wanted, *people(2, 20)])
    follow_advice(project, "apply", "-y")
    project.check_calls(dict.fromkeys(wanted, (0, 1)) | once([*people(4), *people(2, 20)]))


def test_fewer_people_than_were_in_it_are_not_all_of_them(project: InProcessProject) -> None:
    _rebuild(project)
    project.batch("march", people(3))
    run = project.run("resolve", _drop(project), "--placed")
    assert (run.code, "is not known: the manifest has changed" in run.said) == (64, True), run


def test_one_whose_manifest_is_gone_needs_no_manifest(project: InProcessProject) -> None:
    project.batch("april", people(2, 50))
    assert project.apply().code == 0
    project.remove("march")
    run = project.run("resolve", _drop(project), "--placed")
    assert (run.code, "4 people count as called; who they are is not known" in run.said) == (0, True), run
    project.faults()
    assert project.apply().code == 0
    assert project.plan().code == 0
    project.batch("march", people(4))
    assert project.apply().code == 3
    assert "4 people count as called" in project.run("resolve", "batch/march", "--placed").said
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(once([*people(4), *people(2, 50)]))
