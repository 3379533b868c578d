"""Projects against a served sandbox, each under an account of its own; and one with a sandbox of its own under it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.command import served_sandbox
from tests.outside import still_sandbox
from tests.protocol.embedded_project import EmbeddedProject
from tests.protocol.project_fixture import InProcessProject, Project, people


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[EmbeddedProject]:
    made = EmbeddedProject(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """A served sandbox whose clock moves only when told to."""
    with served_sandbox("--speed", "0") as found:
        yield found


@pytest.fixture
def project(url: str, tmp_path: Path) -> Project:
    return Project(tmp_path / "spring", url, key=f"sk_{uuid4().hex}").begin(settle="1s")


@pytest.fixture
def quick(tmp_path: Path) -> InProcessProject:
    """A project whose runs are calls in this process. Time stands still unless something waits or `advance` is
    called."""
    project = InProcessProject(tmp_path / "spring")
    project.begin()
    still_sandbox(project.directory).close()
    return project


@pytest.fixture
def campaign(project: Project) -> Project:
    """Its first four people wait for the guard to end; three more are wanted now."""
    project.batch("march", people(4))
    assert project.apply().code == 0
    project.batch("march", people(7))
    return project
