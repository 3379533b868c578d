"""What is over is over: a project whose calls all ended costs next to nothing, however the calls ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.protocol.embedded_project import EmbeddedProject
from tests.protocol.project_fixture import FAR, HEAD, InProcessProject
from tests.protocol.voices import PHONE_CALLS, QUEUED_CALLS, VAPI, VOICES, Voice

BATCHES = 200
ENDINGS = ("01", "91", "94", "97", "98")
"""Reached; not answered; turned away before any phone is called; broken by an error; a word that nobody knows."""

RETRY = "  retry: {max_retries: 1, on: [dial_no_answer, pre_dial]}\n"
TERMS = (
    RETRY,
    "  rollout: {steps: [2]}\n",
    '  halt_when: {failed: "> 90%", of_at_least: 5}\n',
    '  policy: {calling_hours: {from: "00:00", to: "23:59", zone: UTC}}\n',
)
"""What else a batch may want."""


def numbers_of(place: int) -> list[str]:
    return [f"+1{200 + place}55501{ending}" for ending in ENDINGS]


def batch_of(place: int, terms: str = "") -> str:
    head = HEAD.format(kind="Batch", name=f"list-{place}")
    rows = "".join(f'    - to_number: "{number}"\n' for number in numbers_of(place))
    return f"{head}  agent_id: agent_A\n  from_number_id: ap_A\n{terms}  recipients:\n{rows}"


def check_costs_next_to_nothing(project: InProcessProject) -> list[str]:
    """Returns the requests of an unchanged plan."""
    caches = list((project.directory / ".dialctl").rglob("*.parquet"))
    assert caches
    for file in caches:
        file.unlink()  # as in a fresh checkout
    before = len(project.requests())
    plan = project.plan()
    assert plan.code == 0, plan
    asked = [request["operation"] for request in project.requests()[before:]]
    assert len(asked) <= 3, asked
    return asked


def test_an_unchanged_project_of_200_batches_costs_three_requests_whatever_its_calls_ended_in(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "project")
    project.begin()
    project.file("batches.yaml", "---\n".join(batch_of(place) for place in range(BATCHES)))
    project.apply()
    project.advance(FAR)
    project.apply()
    check_costs_next_to_nothing(project)


def test_so_it_is_whatever_else_the_batches_wanted(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "project")
    project.begin()
    project.file("batches.yaml", "---\n".join(batch_of(place, terms) for place, terms in enumerate(TERMS)))
    project.box("box", numbers_of(50))
    for place, number in enumerate(numbers_of(60)):
        project.call(f"call-{place}", number)
    assert project.run("state", "new").code == 0  # single calls are never placed without a lock
    project.advance((36 - project.now().hour) % 24 * 3_600)  # far from the end of a day
    for _ in range(3):  # the second one retries, and takes the last step
        project.apply()
        project.advance(FAR)
    assert project.calls()[numbers_of(TERMS.index(RETRY))[1]] == 2
    # CallingBox has no batches, so its agents tell the time.
    assert sorted(check_costs_next_to_nothing(project)) == ["listAgents", "listCallBatches"]


@pytest.mark.parametrize("voice", [*VOICES, VAPI, PHONE_CALLS, QUEUED_CALLS], ids=lambda voice: voice.title)
def test_so_it_is_at_every_provider(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch(numbers_of(0)))
    assert ground.run("state", "new").exit == 0
    for _ in range(3):
        assert ground.apply().exit == 0
        ground.advance(FAR)
    before = len(ground.requests())
    plan = ground.run("plan", "--detailed-exitcode")
    assert plan.exit == 0, plan.text
    assert len(ground.requests()) - before <= 3


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
    asked = [request["operation"] for request in project.requests()[before:]]
    assert len(asked) <= 3, asked
