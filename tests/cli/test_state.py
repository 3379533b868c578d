"""`dialctl state rm` forgets only what a person agreed to forget."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.command import run_in_process
from tests.project_fixture import BATCH, ProjectFixture


def test_without_a_terminal_and_without_the_flag_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    result = run_in_process("-C", str(tmp_path), "state", "rm", "batch/march")
    assert (result.exit, result.out) == (1, "")
    assert "no one can answer the question here" in result.err
    assert "--yes-forget-who-was-called" in result.err


def test_show_rm_and_resolve_take_names_patterns_and_labels(project: ProjectFixture) -> None:
    for name in ("spring-east", "spring-west"):
        text = BATCH.replace("{name: outreach}", f"{{name: {name}, labels: {{side: {name[7:]}}}}}")
        (project.root / f"{name}.yaml").write_text(text)
    assert project.apply().exit == 0
    assert set(project.dialctl("state", "show", "batch/spring-*").json) == {"batch/spring-east", "batch/spring-west"}
    one = project.dialctl("state", "show", "-l", "side=east").json
    assert one == project.dialctl("state", "show", "spring-east").json
    ran = project.dialctl("resolve", "*/spring-*", "-l", "side=west", "--placed")
    assert (ran.exit, ran.err.splitlines()[0]) == (64, "Error: nothing is unsure of batch/spring-west")
    assert "is about one address, and 2 are selected" in project.dialctl("resolve", "*/spring-*#ab", "--placed").err
    assert project.dialctl("state", "rm", "-l", "side in (east, west)", "--yes-forget-who-was-called").exit == 0
    assert project.dialctl("state", "list").out == "batch/outreach\n"
    assert project.dialctl("state", "rm", "--yes-forget-who-was-called").exit == 64
