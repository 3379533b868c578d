"""What is over is over: a project whose calls all ended costs next to nothing, however the calls ended."""

from __future__ import annotations

from pathlib import Path

from tests.protocol.project_fixture import FAR, HEAD, InProcessProject

BATCHES = 200
ENDINGS = ("01", "91", "94", "97", "98")
"""Reached; not answered; turned away before any phone is called; broken by an error; a word that nobody knows."""


def numbers_of(place: int) -> list[str]:
    return [f"+1{200 + place}55501{ending}" for ending in ENDINGS]


def batch_of(place: int) -> str:
    head = HEAD.format(kind="Batch", name=f"list-{place}")
    rows = "".join(f'    - to_number: "{number}"\n' for number in numbers_of(place))
    return f"{head}  agent_id: agent_A\n  from_number_id: ap_A\n  recipients:\n{rows}"


def test_an_unchanged_project_of_200_batches_costs_three_requests_whatever_its_calls_ended_in(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "project")
    project.begin()
    project.file("batches.yaml", "---\n".join(batch_of(place) for place in range(BATCHES)))
    project.apply()
    project.advance(FAR)
    project.apply()
    caches = list((project.directory / ".dialctl").rglob("*.parquet"))
    assert len(caches) == BATCHES
    for file in caches:
        file.unlink()  # as in a fresh checkout
    before = len(project.requests())
    plan = project.plan()
    assert plan.code == 0, plan
    assert len(project.requests()) - before <= 3


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
    before = len(project.requests())
    assert "never counts as over" not in project.run("plan").said
    assert len(project.requests()) - before <= 3
