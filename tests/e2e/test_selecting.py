"""Selecting resources, and finding the project that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cli_project import CliProject, numbers
from .manifests import batch_yaml, project_yaml

EAST, WEST = numbers(415, 2), numbers(212, 3)


@pytest.fixture
def campaigns(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    for name, people, team in (("east", EAST, "growth"), ("west", WEST, "sales")):
        text = batch_yaml(f"spring-{name}", people)
        project.write(f"{name}.yaml", text.replace("metadata:", f"metadata:\n  labels: {{team: {team}}}"))
    return project


@pytest.mark.parametrize(
    ("words", "people"),
    [
        (("--target", "batch/spring-*"), 5),
        (("--target", "spring-east"), 2),
        (("-l", "team=sales"), 3),
        (("--selector", "team in (growth, sales)", "--target", "*east"), 2),
    ],
)
def test_a_plan_is_narrowed(words: tuple[str, ...], people: int, campaigns: CliProject) -> None:
    assert campaigns.plan(*words).json["summary"]["people_to_call"] == people


def test_a_narrow_saved_plan_calls_whom_it_shows(campaigns: CliProject) -> None:
    campaigns.plan("-l", "team=growth", "--out", "plan.json")
    campaigns.apply("plan.json")
    campaigns.advance(600)
    assert campaigns.calls() == dict.fromkeys(EAST, 1)
    assert len(campaigns.results("-l", "team=growth")) == 2
    assert len(campaigns.results("spring-west", "batch/spring-east")) == 5


def test_drift_and_destroy_are_narrowed_too(campaigns: CliProject) -> None:
    campaigns.apply()
    for batch in campaigns.batches():
        if "east" in batch["name"]:
            campaigns.cartesia("POST", f"/agents/calls/batches/{batch['id']}/cancel")
    assert campaigns.run("drift", "-l", "team=sales").out == "Nothing was changed at the provider by anybody else.\n"
    assert "batch/spring-east: cancelled_elsewhere" in campaigns.run("drift", "--target", "spring-east", exits=2).out
    assert "3 people taken off" in campaigns.run("destroy", "-y", "--target", "spring-west").out
    assert campaigns.run("plan", "--destroy").out.endswith("Nothing to do: nobody waits.\n")


def test_nothing_selected_is_an_error_and_never_everything(campaigns: CliProject) -> None:
    for words in (("--target", "winter*"), ("-l", "team=hr")):
        ran = campaigns.run("apply", "-y", *words, exits=1)
        assert "no resource has the address" in ran.err or "no selected resource has labels" in ran.err
    assert campaigns.run("status", "-l", "team=hr", exits=64).err.startswith("Error: no resource matches")
    assert campaigns.batches() == []


def test_the_only_project_below_is_meant_and_several_are_named(campaigns: CliProject, tmp_path: Path) -> None:
    above = tmp_path / "above"
    (above / "a").mkdir(parents=True)
    for name in ("project.yaml", "east.yaml"):
        (above / "a" / name).write_text((tmp_path / name).read_text())
        (tmp_path / name).unlink()
    (tmp_path / "west.yaml").unlink()
    ran = campaigns.run("plan", "-C", "above")
    assert "Plan: 2 people to call" in ran.out
    assert ran.err == "Project in a.\n"
    campaigns.run("apply", "-y", "-C", "above", "--wait")
    assert (above / "a" / ".dialctl").is_dir()
    (above / "b").mkdir()
    (above / "b" / "project.yaml").write_text((above / "a" / "project.yaml").read_text())
    ran = campaigns.run("status", "-C", "above", exits=64)
    assert "several projects are below" in ran.err
    assert "a, b" in ran.err
