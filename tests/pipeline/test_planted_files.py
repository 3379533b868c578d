"""What a pull request can commit beside the manifests is no fact, and leads no write out of the checkout."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from declarative.state.base import Log
from tests.project_fixture import ADA, BEN, CAY, ProjectFixture


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0])
def test_everything_below_dialctl_is_its_owners_alone(project: ProjectFixture, umask: int) -> None:
    before = os.umask(umask)
    try:
        project.apply()
        project.plan()
    finally:
        os.umask(before)
    found = [project.root / ".dialctl", *(project.root / ".dialctl").rglob("*")]
    assert len(found) > 5
    committed = {"dialctl.lock", Log.HALTS, Log.HISTORY}  # they hold no number, and elsewhere they are in git
    public = {path for path in found if mode(path) & 0o077 and path.name not in committed}
    assert public == set()


def test_a_cache_from_another_machine_changes_no_count(
    project: ProjectFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's plan of one person is committed as the cache of a file of two."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "theirs"))
    assert project.plan()["summary"]["people_to_call"] == 2
    caches = [path for path in (project.root / ".dialctl" / "cache").rglob("*") if path.is_file()]
    assert caches
    for file in caches:
        file.write_bytes(file.read_bytes().replace(b'"count":2', b'"count":1'))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ours"))
    assert project.plan()["summary"]["people_to_call"] == 2
    assert project.apply().exit == 0
    assert project.plan()["summary"]["people_to_call"] == 0


def test_members_from_another_machine_do_not_say_who_was_called(
    project: ProjectFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "theirs"))
    project.apply("--wait")
    project.people(ADA, BEN, CAY)
    project.plan()
    cache = project.root / ".dialctl" / "cache"
    assert list(cache.rglob("*.parquet"))
    for file in cache.rglob("*.parquet"):  # of two people the file now says whatever its author likes
        file.write_bytes(file.read_bytes()[:32] + b"PAR1" + file.read_bytes()[36:])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ours"))
    assert project.plan()["summary"]["people_to_call"] == 1


@pytest.mark.parametrize("content", ["unreadable", "a file", "a folder in each file's place"])
def test_a_cache_that_cannot_be_used_costs_the_plan_nothing(project: ProjectFixture, content: str) -> None:
    project.apply("--wait")
    project.people(ADA, BEN, CAY)
    cache = project.root / ".dialctl" / "cache"
    if content == "a file":
        shutil.rmtree(cache)
        cache.touch()
    elif content == "unreadable":
        cache.chmod(0)
    else:
        for file in [path for path in cache.rglob("*") if path.is_file()]:
            file.unlink()
            file.mkdir()
    assert project.plan()["summary"]["people_to_call"] == 1


@pytest.mark.parametrize("name", ["dialctl.lock", "dialctl.lock.journal"])
def test_a_lock_that_is_a_link_is_refused(project: ProjectFixture, tmp_path: Path, name: str) -> None:
    project.apply()
    home = project.root / ".dialctl" / "sandbox"
    elsewhere = tmp_path / "elsewhere"
    shutil.copy(home / "dialctl.lock", elsewhere)
    (home / name).unlink(missing_ok=True)
    (home / name).symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    for arguments in (["plan"], ["apply", "-y"], ["status"]):
        refused = project.dialctl(*arguments)
        assert refused.exit == 1, refused.text
        assert f"{name} is a symbolic link" in refused.text
    assert elsewhere.read_bytes() == before


@pytest.mark.parametrize("name", [".dialctl", ".dialctl/sandbox"])
def test_a_folder_that_is_a_link_is_refused(project: ProjectFixture, tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (project.root / name).parent.mkdir(exist_ok=True)
    (project.root / name).symlink_to(tmp_path / "elsewhere")
    for arguments in (["plan"], ["apply", "-y"]):
        refused = project.dialctl(*arguments)
        assert refused.exit == 1, refused.text
        assert "is a symbolic link" in refused.text
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert mode(tmp_path / "elsewhere") == 0o755


@pytest.mark.parametrize("exists", [True, False])
def test_a_database_of_the_sandbox_that_is_a_link_is_refused(
    project: ProjectFixture, tmp_path: Path, exists: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    if exists:
        elsewhere.touch(mode=0o644)
    (project.root / ".dialctl" / "sandbox").mkdir(parents=True)
    (project.root / ".dialctl" / "sandbox" / "sandbox.sqlite3").symlink_to(elsewhere)
    for arguments in (["plan"], ["apply", "-y"]):
        refused = project.dialctl(*arguments)
        assert refused.exit == 1, refused.text
        assert "sandbox.sqlite3 is a symbolic link" in refused.text
    assert elsewhere.exists() == exists
    assert not exists or mode(elsewhere) == 0o644


@pytest.mark.parametrize("name", ["..", ".", "a/../b", "acb_1/cancel", "acb?x", "acb 1", "acb%2f"])
def test_an_id_with_a_path_is_refused_where_it_is_written(project: ProjectFixture, name: str) -> None:
    batch = (project.root / "batch.yaml").read_text()
    project.write(batch_yaml=f"{batch}  also: ['{name}']\n")
    refused = project.dialctl("plan")
    assert refused.exit == 1
    assert "spec.also[0]" in refused.text
