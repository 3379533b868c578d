"""What is over is over: a project whose calls all ended costs next to nothing, however the calls ended."""

from __future__ import annotations

from pathlib import Path

from tests.protocol.project_fixture import FAR, InProcessProject

BATCHES = 200
ENDINGS = ("01", "91", "94", "97", "98")
"""Reached; not answered; turned away before any phone is called; broken by an error; a word that nobody knows."""


def numbers_of(place: int) -> list[str]:
    return [f"+1{200 + place}55501{ending}" for ending in ENDINGS]


def count_requests(project: InProcessProject, *arguments: str) -> int:
    before = len(project.requests())
    project.run(*arguments)
    return len(project.requests()) - before


def test_an_unchanged_project_of_200_batches_costs_three_requests_whatever_its_calls_ended_in(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "project")
    project.begin()
    for place in range(BATCHES):
        project.batch(f"list-{place}", numbers_of(place))
    project.apply()
    project.advance(FAR)
    project.apply()
    caches = list((project.directory / ".dialctl").rglob("*.parquet"))
    assert len(caches) == BATCHES
    plan = project.run("plan", "--detailed-exitcode")
    assert plan.code == 0, plan
    assert count_requests(project, "plan") <= 3
    for file in caches:
        file.unlink()
    assert count_requests(project, "plan") <= 3, "a fresh checkout has no cache"


def test_a_cancelled_batch_in_which_a_call_broke_is_over(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "project")
    project.begin(guard="0s")
    everybody = [f"+1{200 + place}5550197" for place in range(30)]
    project.batch("list", everybody)
    project.apply()
    project.advance(10)
    project.batch("list", everybody, more="  state: cancelled\n")
    project.apply()
    project.advance(FAR)
    project.apply()
    assert 0 < len(project.calls()) < len(everybody)
    assert "never counts as over" not in project.run("plan").said
    assert count_requests(project, "plan") <= 3
