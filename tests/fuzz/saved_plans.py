"""Saved plans. An input is the body of a plan file, which is sealed again before it is applied."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import strategies as st

from declarative.model.digest import PersonKey
from declarative.planning import planfile
from tests.fuzz.commands import run_told
from tests.fuzz.mutation import VALUES, mutated_bytes
from tests.fuzz.search import Check, Surface
from tests.hostile_json import encode, mutated
from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture


@cache
def _planned() -> tuple[TemporaryDirectory[str], bytes]:
    """A project of which Ada is called already and Ben is in a saved plan; and that plan."""
    directory = TemporaryDirectory()
    project = ProjectFixture(Path(directory.name))
    project.write(project_yaml=PROJECT, batch_yaml=BATCH)
    project.people(ADA)
    project.apply("--wait")
    project.people(ADA, BEN)
    project.dialctl("plan", "--out", str(project.root / "saved.plan"))
    return directory, (project.root / "saved.plan").read_bytes()


def _body() -> Any:
    return orjson.loads(_planned()[1])["body"]


def _inputs() -> st.SearchStrategy[bytes]:
    return st.one_of(mutated(_body(), VALUES).map(encode), mutated_bytes([orjson.dumps(_body())]))


def _seal(content: bytes) -> bytes:
    """The file of a body. A body that is no JSON is written as it is."""
    try:
        body = json.loads(content)
        seal = planfile._seal(body, PersonKey.from_environment({}))
    except (ValueError, TypeError, RecursionError):
        return content
    head = orjson.dumps({"kind": planfile.KIND, "format_version": planfile.FORMAT, "seal": seal})
    return head[:-1] + b',"body":' + content + b"}"


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    source, _ = _planned()
    number = 0

    def check(content: bytes) -> None:
        nonlocal number
        number += 1
        project = ProjectFixture(folder / str(number))
        shutil.copytree(source.name, project.root)
        (project.root / "saved.plan").write_bytes(_seal(content))
        for command in (("show", "saved.plan"), ("show", "--json", "saved.plan"), ("apply", "-y", "saved.plan")):
            run_told("-C", str(project.root), "--sandbox", *command, exits=(0, 1, 2, 3, 64))
        with project.world() as world:
            world.advance(3600)
        called = project.called()
        assert called in ([ADA], [ADA, BEN]), called
        assert CAY not in called
        shutil.rmtree(project.root)

    yield check


SAVED_PLANS = Surface("saved-plans", st.deferred(_inputs), _open, examples=12)
