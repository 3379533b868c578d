"""Benches for every end-to-end test: an embedded sandbox each, and one served sandbox for all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import serving

from .bench import EXAMPLES, Bench, embedded, served

Examples = Callable[[str], Bench]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty project under `--sandbox`."""
    made = embedded(tmp_path)
    yield made
    made.world.close()


@pytest.fixture
def example(bench: Bench) -> Examples:
    """Copies an example into an empty project under `--sandbox`."""

    def copied(name: str) -> Bench:
        shutil.copytree(EXAMPLES / name, bench.directory, dirs_exist_ok=True, ignore=_only_ours)
        return bench

    return copied


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`dialctl sandbox serve`, whose clock stands still unless somebody moves it."""
    with serving("--directory", str(tmp_path_factory.mktemp("served")), "--speed", "0") as url:
        yield url


@pytest.fixture
def host(tmp_path: Path, sandbox_url: str, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """An empty project at the served sandbox, with keys of its own and no `--sandbox`."""
    made = served(tmp_path, sandbox_url, "sk_" + re.sub(r"\W+", "_", request.node.name))
    yield made
    made.faults()
    made.world.close()


def _only_ours(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".dialctl" or name.startswith("dialctl.lock")]
