"""A lock that this machine has read before is not checked again, and any other is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from declarative import atomicfile
from declarative.app.lock_file import read_lock
from declarative.errors import StateError
from declarative.model.lock import Lock
from declarative.state import format as lock_format
from declarative.state.local import LocalBackend
from tests.project_fixture import ProjectFixture
from tests.state.samples import lock


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An entry for each time that the shape of a lock was checked."""
    checked: list[str] = []
    decode = lock_format.decode_lock

    def count(document: lock_format.JsonObject) -> Lock:
        checked.append(document["lineage"])
        return decode(document)

    monkeypatch.setattr(lock_format, "decode_lock", count)
    return checked


def test_the_same_bytes_are_checked_once(tmp_path: Path, checks: list[str]) -> None:
    backend, cache = LocalBackend(tmp_path), tmp_path / ".dialctl" / "cache" / "lock"
    file = tmp_path / "dialctl.lock"
    file.write_bytes(lock_format.render_lock(lock()))
    assert read_lock(backend, cache) == read_lock(backend, cache) == lock()
    assert len(checks) == 1
    (tmp_path / "dialctl.lock.journal").write_bytes(lock_format.journal_line(lock().lineage, {}) + b"\n")
    assert read_lock(backend, cache) == lock()
    assert len(checks) == 2


def test_a_cache_that_came_with_the_checkout_is_not_believed(tmp_path: Path, checks: list[str]) -> None:
    backend, cache = LocalBackend(tmp_path), tmp_path / ".dialctl" / "cache" / "lock"
    (tmp_path / "dialctl.lock").write_bytes(lock_format.render_lock(lock()))
    read_lock(backend, cache)
    signed = (cache / "parsed").read_bytes()
    (cache / "parsed").write_bytes(bytes(32) + signed[32:])
    read_lock(backend, cache)
    assert len(checks) == 2


def test_a_damaged_lock_is_refused_though_it_was_read_before(project: ProjectFixture) -> None:
    assert project.apply().exit == 0
    assert project.dialctl("plan").exit == 0
    file = project.root / ".dialctl" / "sandbox" / "dialctl.lock"
    file.write_bytes(re.sub(rb'"count": 2', b'"count": 3', file.read_bytes()))
    refused = project.dialctl("plan")
    assert (refused.exit, "damaged" in refused.err) == (1, True), refused


def test_where_nothing_can_be_kept_it_is_checked_each_time(
    tmp_path: Path, checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomicfile, "_user_cache_folder", lambda: None)
    (tmp_path / "dialctl.lock").write_bytes(lock_format.render_lock(lock()))
    for _ in range(2):
        read_lock(LocalBackend(tmp_path), tmp_path / "cache")
    assert len(checks) == 2


def test_no_lock_is_none(tmp_path: Path) -> None:
    assert read_lock(LocalBackend(tmp_path), tmp_path / "cache") is None
    (tmp_path / "dialctl.lock").write_bytes(b"{}")
    with pytest.raises(StateError):
        read_lock(LocalBackend(tmp_path), tmp_path / "cache")
