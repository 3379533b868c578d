"""Whatever the operating system refuses: the file is named, and what to do; nobody is called twice, and nobody is lost.

Every call, and not one of so many: `python -m tests.state.io_errors 5 1 FOLDER PROJECT_FOLDER --sandbox apply -y`.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import PROGRAM, ROOT, clean_environment
from tests.project_fixture import ADA, BEN, ProjectFixture

PROJECT_FILES = ("project.yaml", "batch.yaml", "people.csv")
APPLY, PLAN = ("--sandbox", "apply", "-y"), ("--sandbox", "plan", "--out", "saved.plan")


def failures(project: ProjectFixture, folder: Path, number: int, stride: int, *command: str) -> list[dict[str, Any]]:
    folder.mkdir()
    program = [sys.executable, "-m", "tests.state.io_errors", str(number), str(stride), str(folder), str(project.root)]
    run = subprocess.run([*program, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize(
    ("number", "stride", "command"),
    [
        (errno.EIO, 131, APPLY),
        (errno.ENOSPC, 137, APPLY),
        (errno.EMFILE, 83, PLAN),
        (errno.EROFS, 79, ("--sandbox", "status")),
        (errno.EACCES, 101, ("--sandbox", "resolve", "batch/outreach", "--resume")),
        (errno.EIO, 19, ("init", "new")),
    ],
    ids=["apply, disk fails", "apply, disk full", "plan, files open", "status, read only", "resolve, denied", "init"],
)
def test_a_call_that_fails_is_told_and_calls_nobody_twice(
    project: ProjectFixture, tmp_path: Path, number: int, stride: int, command: tuple[str, ...]
) -> None:
    reports = failures(project, tmp_path / "places", number, stride, *command)
    assert reports
    for report in reports:
        assert "bug" not in report["text"], report
        assert "Traceback" not in report["text"], report
        assert report["exit"] in (0, 1, 3, 64), report
        if os.strerror(number) in report["text"]:
            named = [name for name in (str(tmp_path), "new/", *PROJECT_FILES) if name in report["text"]]
            assert named or report["exit"] == 0, report
            assert "then run again" in report["text"] or "plan" in report["text"], report
        if command[0] == "init":
            continue  # there are two projects now, and an apply of both is refused
        assert report["again"] == 0, report
        assert sorted(report["called"]) == [ADA, BEN], report


def _run_limited(project: ProjectFixture, kind: int, limit: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *command],
        cwd=project.root,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )


@pytest.mark.parametrize("limit", [7, 31])
def test_too_few_open_files_are_told_before_anything_is_done(project: ProjectFixture, limit: int) -> None:
    run = _run_limited(project, resource.RLIMIT_NOFILE, limit, *APPLY)
    assert run.returncode == 1
    assert "ulimit -n" in run.stderr
    assert "Traceback" not in run.stderr
    told = json.loads(_run_limited(project, resource.RLIMIT_NOFILE, limit, *APPLY, "--json").stdout)
    assert told["error"]["message"] == f"only {limit} files may be open at once, and dialctl needs 32"
    assert not (project.root / ".dialctl").exists()


@pytest.mark.parametrize("room", [600, 60_000, 120_000])
def test_a_full_disk_under_the_sandbox_is_told(project: ProjectFixture, room: int) -> None:
    run = _run_limited(project, resource.RLIMIT_FSIZE, room, *APPLY)
    assert run.returncode == 1
    assert "bug" not in run.stderr
    assert "make room" in run.stderr
    assert project.apply("--wait").exit == 0
    assert project.called() == [ADA, BEN]
