"""Rounds of `dialctl run` over the embedded sandbox of a project, in this process."""

from __future__ import annotations

from contextvars import copy_context

from declarative.app.run_round import Round, RunProject, RunSettings
from declarative.engine.signals import StopSignal
from tests.project_fixture import ProjectFixture

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
  display_zone: Europe/Berlin
  policy: {max_dials: 3}
"""


def make_project(
    project: ProjectFixture, *, interval: float = 600.0, name: str = ".", takes_turns: bool = False
) -> RunProject:
    settings = RunSettings(
        interval=interval, sandbox=True, directory=project.root, reading_pause=0, takes_turns=takes_turns
    )
    return RunProject(project.root if name == "." else project.root / name, settings)


def run_round(project: RunProject) -> Round:
    """Run a round as a thread of its own would: it chooses the display zone for nobody else."""
    return copy_context().run(lambda: project.run_round(StopSignal(), lambda name, owner: None))
