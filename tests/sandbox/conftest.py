"""A sandbox for every test: embedded in a fresh directory, or one served by the real command for the whole run.

Their clocks stand still unless a test moves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.world import World
from tests.command import served_sandbox

from .lab import Lab


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[EmbeddedSandbox]:
    opened = EmbeddedSandbox(World(tmp_path / "sandbox", speed=0))
    yield opened
    opened.close()


@pytest.fixture
def lab(sandbox: EmbeddedSandbox) -> Iterator[Lab]:
    with Lab("http://sandbox", sandbox.transport()) as made:
        yield made


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    with served_sandbox("--speed", "0") as url:
        yield url


@pytest.fixture
def served(served_url: str) -> Iterator[Lab]:
    with Lab(served_url, None) as made:
        yield made
        made.faults()


@pytest.fixture(params=["embedded", "served"])
def either(request: pytest.FixtureRequest) -> Lab:
    """The same test over both ways to reach a sandbox."""
    made: Lab = request.getfixturevalue("lab" if request.param == "embedded" else "served")
    return made
