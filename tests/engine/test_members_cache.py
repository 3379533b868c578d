"""Members of batches that are over are kept whole or not at all, for their owner alone, and never at any cost."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from declarative.engine.members import MemberCache
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote
from declarative.model.resource import Route


def over(phase: Phase = Phase.REACHED) -> Remote:
    row = dict.fromkeys(MEMBER_COLUMNS) | {"number": "+14155550101", "phase": str(phase)}
    members = pl.DataFrame([row], schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
    return Remote(
        id="acb_1",
        route=Route.BATCH,
        name="",
        mark=None,
        status="completed",
        cancelled=False,
        total=1,
        dispatched=1,
        finished=1,
        members=members,
    )


@contextmanager
def full_disk() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_members_that_were_kept_are_known_in_that_state_alone(tmp_path: Path) -> None:
    cache, remote = MemberCache(tmp_path, "api.example.com"), over()
    cache.put(remote)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = cache.get(remote.id, remote.state)
    assert found is not None
    assert found.equals(remote.members)
    assert cache.get(remote.id, ("retried",)) is None


@pytest.mark.parametrize(
    ("phase", "is_kept"),
    [(Phase.UNKNOWN, True), (Phase.REFUSED, True), (Phase.QUEUED, False), (Phase.IN_FLIGHT, False)],
)
def test_members_are_kept_once_each_of_them_ended_whatever_the_word(
    tmp_path: Path, phase: Phase, is_kept: bool
) -> None:
    cache, remote = MemberCache(tmp_path, "api.example.com"), over(phase)
    cache.put(remote)
    assert (cache.get(remote.id, remote.state) is not None) is is_kept


def test_damaged_members_are_not_known_wherever_the_damage_is(tmp_path: Path) -> None:
    """A flipped bit may make another number, at which somebody who was called looks as if they never were."""
    cache, remote = MemberCache(tmp_path, "api.example.com"), over()
    cache.put(remote)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    for place in range(len(whole)):
        flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for damaged in (flipped, whole[:place], whole[:place] + bytes(len(whole) - place)):
            file.write_bytes(damaged)
            assert damaged == whole or cache.get(remote.id, remote.state) is None
    file.write_bytes(whole)
    assert cache.get(remote.id, remote.state) is not None


def test_a_full_disk_is_no_failure_and_leaves_no_file_behind(tmp_path: Path) -> None:
    cache, remote = MemberCache(tmp_path, "api.example.com"), over()
    with full_disk():
        cache.put(remote)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert cache.get(remote.id, remote.state) is None


@pytest.mark.parametrize("there", [True, False])
def test_a_place_that_is_no_folder_is_no_failure(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "file"
    place.touch()
    MemberCache(place if there else place / "below", "api.example.com").put(over())
