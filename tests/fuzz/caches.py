"""Caches. An input is the name of a file below `.dialctl/cache`, a line break, and what it holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from tests.command import CommandResult
from tests.fuzz.commands import run_told
from tests.fuzz.mutation import mutated_bytes
from tests.fuzz.search import Check, Surface
from tests.project_fixture import ADA, BATCH, BEN, PROJECT, ProjectFixture


@cache
def _used() -> tuple[TemporaryDirectory[str], dict[str, bytes]]:
    """A project whose people were called, and its caches."""
    directory = TemporaryDirectory()
    project = ProjectFixture(Path(directory.name))
    project.write(project_yaml=PROJECT, batch_yaml=BATCH)
    project.people(ADA, BEN)
    project.apply("--wait")
    project.dialctl("results")
    project.dialctl("plan")
    folder = project.root / ".dialctl"
    files = [file for file in folder.rglob("*") if file.is_file() and "sandbox.sqlite3" not in file.name]
    caches = {str(file.relative_to(folder)): file.read_bytes() for file in files if "cache" in str(file)}
    assert caches
    return directory, caches


def _inputs() -> st.SearchStrategy[bytes]:
    caches = _used()[1]
    return st.sampled_from(sorted(caches)).flatmap(
        lambda name: mutated_bytes([caches[name]]).map(lambda content: name.encode() + b"\n" + content)
    )


def _facts(result: CommandResult) -> Any:
    plan = result.json
    return [plan[key] for key in ("summary", "actions", "held", "warnings")]


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    source, _ = _used()
    root = folder / "project"
    shutil.copytree(source.name, root)
    expected = _facts(run_told("-C", str(root), "--sandbox", "plan", "--json"))

    def check(content: bytes) -> None:
        name, _, body = content.partition(b"\n")
        file = root / ".dialctl" / name.decode()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        assert _facts(run_told("-C", str(root), "--sandbox", "plan", "--json")) == expected
        rows = run_told("-C", str(root), "--sandbox", "results", "--format", "csv").out.splitlines()
        assert len(rows) == 3, rows

    yield check


CACHES = Surface("caches", st.deferred(_inputs), _open, examples=8)
