"""What every backend promises, whatever it keeps its bytes in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from declarative.errors import LeaseHeld, LeaseLost, StateConflict, StateError
from declarative.state.base import Backend, StoredState
from tests.state.samples import holder, no_sleep

Place = Callable[[], Backend]


def test_a_new_place_is_empty_and_no_run_holds_it(place: Place) -> None:
    assert place().load() == StoredState(None)
    assert place().holder() is None


def test_lines_come_back_in_the_order_they_were_written(place: Place) -> None:
    backend = place()
    lines = tuple(f'{{"step":{number}}}'.encode() for number in range(12))
    with backend.lease(holder(), 0, no_sleep):
        for line in lines:
            backend.append(line)
        assert place().load() == StoredState(None, lines)
    assert place().load() == StoredState(None, lines)


def test_lines_of_later_runs_follow_those_of_earlier_ones(place: Place) -> None:
    for number in (1, 2, 3):
        backend = place()
        with backend.lease(holder(), 0, no_sleep):
            backend.append(b"%d" % number)
    assert place().load().journal == (b"1", b"2", b"3")


def test_folding_replaces_the_lock_and_drops_the_journal(place: Place) -> None:
    backend = place()
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b"1")
        backend.fold(b"first")
        assert place().load() == StoredState(b"first")
        backend.append(b"2")
        backend.append(b"3")
        assert place().load() == StoredState(b"first", (b"2", b"3"))
        backend.fold(b"second")
        assert place().load() == StoredState(b"second")


def test_the_next_run_folds_what_a_crashed_one_left(place: Place) -> None:
    crashed = place()
    with crashed.lease(holder(), 0, no_sleep):
        crashed.append(b"1")
    backend = place()
    with backend.lease(holder(), 0, no_sleep):
        assert backend.load().journal == (b"1",)
        backend.fold(b"whole")
    assert place().load() == StoredState(b"whole")


@pytest.mark.parametrize("write", [lambda b: b.append(b"1"), lambda b: b.fold(b"1")], ids=["append", "fold"])
def test_nothing_is_written_without_a_lease(place: Place, write: Callable[[Backend], None]) -> None:
    backend = place()
    with pytest.raises(LeaseLost):
        write(backend)
    with backend.lease(holder(), 0, no_sleep):
        pass
    with pytest.raises(LeaseLost):
        write(backend)
    assert place().load() == StoredState(None)


def test_a_second_run_is_told_who_holds_the_lease(place: Place) -> None:
    url = "https://ci.example.com/runs/9"
    with place().lease(holder("ada", run=url), 0, no_sleep), pytest.raises(LeaseHeld) as refusal:
        place().lease(holder("bob"), 0, no_sleep)
    for part in ("ada", "mill", "2026-12-01 12:00:00 UTC", url):
        assert part in refusal.value.message
    assert "--lock-timeout" in refusal.value.hint


def test_a_plan_sees_who_holds_the_lease_and_leaves_it_alone(place: Place) -> None:
    with place().lease(holder("ada"), 0, no_sleep) as lease:
        assert place().holder() == holder("ada")
        lease.check()
    assert place().holder() is None


def test_a_run_that_waits_gets_its_turn(place: Place) -> None:
    first = place().lease(holder("ada"), 0, no_sleep)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            first.__exit__(None, None, None)

    with place().lease(holder("bob"), 60, sleep) as second:
        second.check()
        assert place().holder() == holder("bob")
    assert len(slept) == 2


def test_waiting_ends_when_the_time_is_up(place: Place) -> None:
    slept: list[float] = []
    with place().lease(holder(), 0, no_sleep), pytest.raises(LeaseHeld):
        place().lease(holder("bob"), 5, slept.append)
    assert sum(slept) == 5


def test_a_broken_lease_stops_its_holder_and_frees_the_place(place: Place) -> None:
    backend = place()
    lease = backend.lease(holder("ada"), 0, no_sleep)
    place().break_lease("id-ada")
    for attempt in (lease.check, lambda: backend.append(b"1"), lambda: backend.fold(b"1")):
        with pytest.raises(LeaseLost):
            attempt()
    assert place().load() == StoredState(None)
    with place().lease(holder("bob"), 0, no_sleep) as next_one:
        lease.__exit__(None, None, None)
        next_one.check()
        assert place().holder() == holder("bob")


def test_only_the_lease_that_was_named_is_broken(place: Place) -> None:
    with pytest.raises(StateError, match="no run holds it"):
        place().break_lease("id-ada")
    with place().lease(holder("ada"), 0, no_sleep) as lease:
        with pytest.raises(StateError, match="id-ada"):
            place().break_lease("id-bob")
        lease.check()


def test_a_lock_changed_since_it_was_read_is_not_written_over(place: Place) -> None:
    reader, writer = place(), place()
    reader.load()
    with writer.lease(holder("bob"), 0, no_sleep):
        writer.fold(b"theirs")
    with reader.lease(holder("ada"), 0, no_sleep):
        reader.append(b"1")
        with pytest.raises(StateConflict):
            reader.fold(b"ours")
        assert place().load() == StoredState(b"theirs", (b"1",))
        reader.load()
        reader.fold(b"ours")
    assert place().load() == StoredState(b"ours")


def test_a_lock_never_read_is_not_written_over(place: Place) -> None:
    writer = place()
    with writer.lease(holder(), 0, no_sleep):
        writer.fold(b"there")
    blind = place()
    with blind.lease(holder(), 0, no_sleep), pytest.raises(StateConflict):
        blind.fold(b"blind")
