"""Whatever a run sent has a line in the history: after a kill at any step, a merge in git, and a cut end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from declarative.app.scaffold import UNION
from tests.protocol.project_fixture import Project, people

EVERYWHERE = bool(os.environ.get("DIALCTL_CRASH_EVERYWHERE"))
_DECISIVE = ("http: POST", "answer:", "add:", "added:", "fold:", "replaced:")


def _first(project: Project) -> None:
    project.begin(guard="0s").batch("march", people(5))


def _replaced(project: Project) -> None:
    project.begin().batch("march", people(5))
    assert project.apply().code == 0
    project.batch("march", people(5), agent="agent_B")


def _taken_off(project: Project) -> None:
    project.begin().batch("march", people(5))
    assert project.apply().code == 0
    project.batch("march", people(2))


@pytest.mark.parametrize("prepare", [_first, _replaced, _taken_off])
def test_whatever_is_killed_has_a_line_after_the_next_run(prepare: Callable[[Project], None], tmp_path: Path) -> None:
    brink = Project(tmp_path / "brink")
    prepare(brink)
    command = ("apply", "-y", "--allow-shrink", "batch/march")
    steps = brink.copy(tmp_path / "uncut").start(*command).wait().steps
    sent_before = len(brink.posts()) if prepare is not _first else 0
    points = [place for place, step in enumerate(steps, start=1) if EVERYWHERE or step.startswith(_DECISIVE)]
    assert len(points) > 5
    for at in points if EVERYWHERE else points[::2]:
        project = brink.copy(tmp_path / str(at))
        project.killed(*command, at=at)
        has_sent = len(project.posts()) > sent_before
        for _ in range(2):
            project.run(*command)
        runs = _read_runs(project)
        marked = {record["origin"]["run"] for record in _remotes(project)}
        where = f"killed at step {at} of {len(steps)}, {steps[at - 1]!r}"
        assert marked <= {run["run"] for run in runs}, where
        assert len({run["run"] for run in runs}) == len(runs), where
        own = [run for run in runs if run["command"] == "apply"]
        if has_sent:
            assert any(run["exit"] is None for run in own) or steps[at - 1].startswith(("add", "fold", "replaced")), (
                where
            )
        assert sum(run["people_called"] for run in own) >= 5, where


def _read_runs(project: Project) -> list[dict[str, Any]]:
    """All runs. Raises AssertionError where the history is not whole."""
    result = project.run("history", "--json")
    assert result.code == 0, result.said
    found: list[dict[str, Any]] = orjson.loads(result.said)["runs"]
    return found


def _remotes(project: Project) -> list[dict[str, Any]]:
    return list(project.remembered()["resources"]["batch/march"]["remotes"].values())


def _git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _commit(directory: Path) -> str:
    _git(directory, "add", "--force", ".")
    _git(directory, "commit", "--quiet", "--allow-empty", "-m", "as it is")
    return _git(directory, "rev-parse", "HEAD")


@pytest.fixture
def committed(project: Project) -> Project:
    """A project whose lock and history are committed, after it called the people of march."""
    project.batch("march", people(2))
    project.batch("april", people(2, 10))
    project.file(".gitattributes", f"{UNION}\n")
    project.file(".gitignore", ".dialctl/\n")
    _git(project.directory, "init", "--quiet", "--initial-branch=main")
    _apply(project, "march")
    return project


def _apply(project: Project, name: str) -> None:
    assert project.apply("--target", f"batch/{name}").code == 0
    _commit(project.directory)


def _history(project: Project) -> Path:
    return project.directory / "dialctl.history.jsonl"


def test_two_branches_that_git_joins_need_no_line_of_their_own(committed: Project) -> None:
    root = committed.directory
    _git(root, "checkout", "--quiet", "-b", "side")
    committed.batch("march", people(3))
    _apply(committed, "march")
    _git(root, "checkout", "--quiet", "main")
    _apply(committed, "april")
    _git(root, "merge", "--quiet", "--no-edit", "side")
    assert len(_history(committed).read_text().splitlines()) == 3
    runs = _read_runs(committed)
    assert sorted(address for run in runs for address in run["addresses"]) == ["batch/april", *["batch/march"] * 2]
    assert committed.run("state", "rm", "batch/april", "--yes-forget-who-was-called").code == 0
    newest = orjson.loads(_history(committed).read_bytes().splitlines()[-1])
    assert len(newest["follows"]) == 2


def test_a_history_put_back_to_an_older_commit_is_noticed(committed: Project) -> None:
    older = _history(committed).read_bytes()
    _apply(committed, "april")
    _history(committed).write_bytes(older)
    result = committed.run("history")
    assert result.code == 1
    assert "its end is cut off: the lock knows a newer line about batch/april" in result.said


def test_a_sent_request_has_a_line_though_the_lock_was_lost_since(committed: Project) -> None:
    committed.lock.unlink()
    assert len(_read_runs(committed)) == 1
    assert committed.run("state", "rebuild").code == 0
    assert [run["command"] for run in _read_runs(committed)] == ["state rebuild", "apply"]


def test_a_conflict_in_the_lock_is_merged_with_a_line_that_follows_both_sides(committed: Project) -> None:
    root = committed.directory
    _git(root, "checkout", "--quiet", "-b", "side")
    committed.batch("march", people(3))
    _apply(committed, "march")
    _git(root, "checkout", "--quiet", "main")
    assert committed.run("state", "rm", "batch/march", "--yes-forget-who-was-called").code == 0
    _commit(root)
    with pytest.raises(subprocess.CalledProcessError):
        _git(root, "merge", "--quiet", "--no-edit", "side")
    assert committed.run("state", "merge", "--reason", "two pipelines ran").code == 0
    # No provider is asked for the time of a merge, so its line may stand before one by a provider's clock.
    runs = _read_runs(committed)
    assert len(runs) == 4
    assert [run["reason"] for run in runs if run["command"] == "state merge"] == ["two pipelines ran"]
