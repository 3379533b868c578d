"""Projects for end-to-end tests: each with an embedded sandbox, or all at one served sandbox."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import served_sandbox

from .cli_project import EXAMPLES, CliProject, open_embedded, open_served

Examples = Callable[[str], CliProject]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    """An empty project under `--sandbox`."""
    made = open_embedded(tmp_path)
    yield made
    made.sandbox.close()


@pytest.fixture
def example(project: CliProject) -> Examples:
    """Copies an example into an empty project under `--sandbox`."""

    def copied(name: str) -> CliProject:
        shutil.copytree(EXAMPLES / name, project.directory, dirs_exist_ok=True, ignore=_only_ours)
        return project

    return copied


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`dialctl sandbox serve`, whose clock stands still unless a test moves it."""
    with served_sandbox("--directory", str(tmp_path_factory.mktemp("served")), "--speed", "0") as url:
        yield url


@pytest.fixture
def served_project(tmp_path: Path, sandbox_url: str, request: pytest.FixtureRequest) -> Iterator[CliProject]:
    """An empty project at the served sandbox, with keys of its own and no `--sandbox`."""
    made = open_served(tmp_path, sandbox_url, "sk_" + re.sub(r"\W+", "_", request.node.name))
    yield made
    made.faults()
    made.sandbox.close()


def _only_ours(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".dialctl" or name.startswith("dialctl.lock")]
