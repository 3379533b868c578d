"""A lock that is made again from the marks finds every call, however many pages the list has."""

from __future__ import annotations

from pathlib import Path

from tests.protocol.project_fixture import InProcessProject, once, people

SEVERAL_PAGES = 103


def test_a_rebuild_finds_the_mark_of_every_single_call(tmp_path: Path) -> None:
    project = InProcessProject(tmp_path / "spring")
    project.begin()
    project.box("march", people(SEVERAL_PAGES))
    manifest = project.directory / "march.yaml"
    manifest.write_text(f"{manifest.read_text()}  pace: {{calls_per_second: 20, max_in_flight: 200}}\n")
    assert project.apply().code == 0
    project.advance(600)
    project.lock.unlink()
    assert project.run("state", "rebuild").code == 0
    assert len(project.remembered()["resources"]["batch/march"]["remotes"]) == SEVERAL_PAGES
    project.apply()
    project.check_calls(once(people(SEVERAL_PAGES)))
