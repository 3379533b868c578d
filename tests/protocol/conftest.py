"""Projects against a served sandbox, each under an account of its own; and one with a sandbox of its own under it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.protocol.faults_ground import Ground
from tests.protocol.project import Project, people
from tests.sandbox.lab import start_server, stop_server


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """A served sandbox whose clock moves only when told to."""
    server, found = start_server("--speed", "0")
    yield found
    stop_server(server)


@pytest.fixture
def project(url: str, tmp_path: Path) -> Project:
    return Project(tmp_path / "spring", url, key=f"sk_{uuid4().hex}").begin(settle="1s")


@pytest.fixture
def campaign(project: Project) -> Project:
    """Its first four people wait for the guard to end; three more are wanted now."""
    project.batch("march", people(4))
    assert project.apply().code == 0
    project.batch("march", people(7))
    return project
