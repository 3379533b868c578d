"""Which of several replicas has the next round of a project."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from declarative.app.run_turn import GRACE, LOOK, LastRound, Turn
from declarative.state.local import LocalBackend
from tests.state.samples import SettableClock


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def note(backend: LocalBackend, *, ago: float = 0, wait: float = 60, digest: str = "d1", replica: str = "x") -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    last = LastRound(replica=replica, name="process 7 on mill", at=at, due=at + timedelta(seconds=wait), digest=digest)
    backend.write_round(last.to_json())


def test_whoever_had_the_last_round_has_the_next(backend: LocalBackend) -> None:
    first, second = Turn(interval=60), Turn(interval=60)
    assert first.find_other(backend, "d1") is None, "there was no round yet"
    first.note_round(backend, "d1", 60)
    assert first.find_other(backend, "d1") is None
    last = second.find_other(backend, "d1")
    assert last is not None
    assert last.replica == first.replica
    assert 0 < second.wait <= LOOK


def test_other_manifests_wait_for_nobody(backend: LocalBackend) -> None:
    note(backend, digest="d1")
    assert Turn(interval=60).find_other(backend, "d2") is None


def test_a_round_that_is_late_is_had_by_another_replica(backend: LocalBackend, clock: SettableClock) -> None:
    turn = Turn(interval=600, clock=clock)
    note(backend, wait=40)
    assert turn.find_other(backend, "d1")
    assert turn.wait == pytest.approx(40 + GRACE, abs=2)
    clock.now += 40 + GRACE - 2
    assert turn.find_other(backend, "d1"), "late by less than the grace"
    clock.now += 3
    assert turn.find_other(backend, "d1") is None
    note(backend, wait=40)
    assert turn.find_other(backend, "d1"), "it is there again"


def test_an_idle_project_is_looked_at_once_in_the_time_of_a_lease(backend: LocalBackend, clock: SettableClock) -> None:
    turn = Turn(interval=3600, clock=clock)
    note(backend, wait=3600)
    for _ in range(50):
        assert turn.find_other(backend, "d1")
        assert turn.wait == LOOK
        clock.now += turn.wait


@pytest.mark.parametrize(
    ("ago", "longest"),
    [(-100_000, 60 + GRACE), (0, 60 + GRACE), (50, 10 + GRACE), (65, GRACE - 5)],
    ids=["behind", "equal", "older", "late"],
)
def test_clocks_that_differ_make_nobody_wait_for_long(
    backend: LocalBackend, clock: SettableClock, ago: float, longest: float
) -> None:
    turn = Turn(interval=60, clock=clock)
    note(backend, ago=ago)
    assert turn.find_other(backend, "d1")
    clock.now += longest + 1
    assert turn.find_other(backend, "d1") is None


def test_a_note_that_is_late_when_it_is_first_seen_holds_nobody(backend: LocalBackend) -> None:
    note(backend, ago=60 + GRACE + 1)
    assert Turn(interval=60).find_other(backend, "d1") is None


def test_a_note_of_the_far_future_is_worth_one_interval(backend: LocalBackend, clock: SettableClock) -> None:
    turn = Turn(interval=60, clock=clock)
    note(backend, wait=10_000_000)
    assert turn.find_other(backend, "d1")
    clock.now += 60 + GRACE + 1
    assert turn.find_other(backend, "d1") is None


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"nonsense", b'{"replica":1}', b"null"])
def test_a_note_that_cannot_be_read_holds_nobody(backend: LocalBackend, text: bytes) -> None:
    backend.write_round(text)
    assert Turn(interval=60).find_other(backend, "d1") is None


def test_a_replica_that_ends_leaves_its_projects_and_no_others(backend: LocalBackend) -> None:
    first, second, third = Turn(interval=60), Turn(interval=60), Turn(interval=60)
    first.note_round(backend, "d1", 60)
    second.give_up(backend)
    assert third.find_other(backend, "d1")
    first.give_up(backend)
    assert third.find_other(backend, "d1") is None


def test_a_note_says_which_process_it_is_of(backend: LocalBackend) -> None:
    Turn(interval=60).note_round(backend, "d1", 60)
    last = LastRound.from_json(backend.read_round())
    assert last is not None
    assert last.to_json() == backend.read_round()
    assert last.name.startswith("process ")
