"""The contract of a lock backend: what every place that keeps a lock promises, however it stores bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from declarative.errors import LeaseHeld, LeaseLost, StateConflict, StateError
from declarative.state.base import Backend, Holder, Log, StoredState
from declarative.testing.contract import (
    ContractReport,
    Rule,
    require,
    require_equal,
    require_error,
    rule_name,
    run_rules,
)

OpenBackend = Callable[[str], Backend]
"""Opens the place of a name: always the same place for one name, and empty at first."""
_Open = Callable[[], Backend]

_RUN_URL = "https://ci.example.com/runs/9"
_ADA = Holder(id="id-ada", who="ada", host="mill", pid=7, since=datetime(2026, 12, 1, 12, tzinfo=UTC), run=_RUN_URL)
_BOB = Holder(id="id-bob", who="bob", host="mill", pid=8, since=datetime(2026, 12, 1, 12, tzinfo=UTC))


def check_backend(open_backend: OpenBackend) -> ContractReport:
    """Check a lock backend against the contract.

    `open_backend(name)` opens a place as a new run does, and is called several times for one name. Each rule uses a
    name of its own (letters and hyphens). Raises ContractViolation with every broken rule.
    """
    return run_rules("the backend", _backend_rules(open_backend))


def _backend_rules(open_backend: OpenBackend) -> Iterator[tuple[str, Rule]]:
    for rule in RULES:
        name = rule_name(rule)
        yield name, partial(rule, partial(open_backend, name.replace(" ", "-")))


def _no_sleep(seconds: float) -> None:
    raise AssertionError("the backend waited although no time to wait was given")


def _a_new_place_is_empty_and_has_no_holder(place: _Open) -> None:
    require_equal(place().load(), StoredState(None), "the state of a new place")
    require_equal(place().holder(), None, "the holder of a new place")


def _lines_come_back_in_the_order_they_were_written(place: _Open) -> None:
    backend = place()
    lines = tuple(f'{{"step":{number}}}'.encode() for number in range(12))
    with backend.lease(_ADA, 0, _no_sleep):
        for line in lines:
            backend.append(line)
        require_equal(place().load(), StoredState(None, lines), "the state during the lease")
    require_equal(place().load(), StoredState(None, lines), "the state after the lease")


def _lines_of_later_runs_follow_those_of_earlier_ones(place: _Open) -> None:
    for line in (b"1", b"2", b"3"):
        backend = place()
        with backend.lease(_ADA, 0, _no_sleep):
            backend.append(line)
    require_equal(place().load().journal, (b"1", b"2", b"3"), "the journal after three runs")


def _folding_replaces_the_lock_and_drops_the_journal(place: _Open) -> None:
    backend = place()
    with backend.lease(_ADA, 0, _no_sleep):
        backend.append(b"1")
        backend.fold(b"first")
        require_equal(place().load(), StoredState(b"first"), "the state after the first fold")
        backend.append(b"2")
        backend.append(b"3")
        require_equal(place().load(), StoredState(b"first", (b"2", b"3")), "the state after two more lines")
        backend.fold(b"second")
        require_equal(place().load(), StoredState(b"second"), "the state after the second fold")


def _the_next_run_folds_what_a_crashed_one_left(place: _Open) -> None:
    crashed = place()
    with crashed.lease(_ADA, 0, _no_sleep):
        crashed.append(b"1")
    backend = place()
    with backend.lease(_ADA, 0, _no_sleep):
        require_equal(backend.load().journal, (b"1",), "the journal that the next run loads")
        backend.fold(b"whole")
    require_equal(place().load(), StoredState(b"whole"), "the state after the fold")


def _nothing_is_written_without_a_lease(place: _Open) -> None:
    backend = place()
    for moment in ("before the first lease", "after a lease"):
        require_error(LeaseLost, lambda: backend.append(b"1"), f"append() {moment}")
        require_error(LeaseLost, lambda: backend.fold(b"1"), f"fold() {moment}")
        with backend.lease(_ADA, 0, _no_sleep):
            pass
    require_equal(place().load(), StoredState(None), "the state")


def _a_second_run_is_told_who_holds_the_lease(place: _Open) -> None:
    with place().lease(_ADA, 0, _no_sleep):
        error = require_error(LeaseHeld, lambda: place().lease(_BOB, 0, _no_sleep), "a second lease()")
    for part in ("ada", "mill", "2026-12-01 12:00:00 UTC", _RUN_URL):
        require(part in error.message, f"{part!r} is missing in {error.message!r}")
    require("--lock-timeout" in error.hint, f"--lock-timeout is missing in the hint {error.hint!r}")


def _a_plan_sees_the_holder_and_disturbs_no_one(place: _Open) -> None:
    with place().lease(_ADA, 0, _no_sleep) as lease:
        require_equal(place().holder(), _ADA, "the holder during the lease")
        lease.check()
    require_equal(place().holder(), None, "the holder after the lease")


def _a_run_that_waits_gets_its_turn(place: _Open) -> None:
    first = place().lease(_ADA, 0, _no_sleep)
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        if len(sleeps) == 2:
            first.__exit__(None, None, None)

    with place().lease(_BOB, 60, sleep) as second:
        second.check()
        require_equal(place().holder(), _BOB, "the holder")
    require_equal(len(sleeps), 2, "the number of waits until the lease was free")


def _waiting_ends_when_the_time_is_up(place: _Open) -> None:
    sleeps: list[float] = []
    with place().lease(_ADA, 0, _no_sleep):
        require_error(LeaseHeld, lambda: place().lease(_BOB, 5, sleeps.append), "lease() after its wait")
    require_equal(sum(sleeps), 5, "the seconds waited")


def _a_broken_lease_stops_its_holder_and_frees_the_place(place: _Open) -> None:
    backend = place()
    lease = backend.lease(_ADA, 0, _no_sleep)
    place().break_lease("id-ada")
    require_error(LeaseLost, lease.check, "check() of a broken lease")
    require_error(LeaseLost, lambda: backend.append(b"1"), "append() under a broken lease")
    require_error(LeaseLost, lambda: backend.fold(b"1"), "fold() under a broken lease")
    require_equal(place().load(), StoredState(None), "the state")
    with place().lease(_BOB, 0, _no_sleep) as next_lease:
        lease.__exit__(None, None, None)
        next_lease.check()
        require_equal(place().holder(), _BOB, "the holder after the broken lease has ended")


def _only_the_lease_that_was_named_is_broken(place: _Open) -> None:
    require_error(StateError, lambda: place().break_lease("id-ada"), "break_lease() without a holder")
    with place().lease(_ADA, 0, _no_sleep) as lease:
        error = require_error(StateError, lambda: place().break_lease("id-bob"), "break_lease() of another id")
        require("id-ada" in error.message, f"the id of the holder is missing in {error.message!r}")
        lease.check()


def _a_lock_changed_since_it_was_read_is_not_overwritten(place: _Open) -> None:
    reader, writer = place(), place()
    reader.load()
    with writer.lease(_BOB, 0, _no_sleep):
        writer.fold(b"theirs")
    with reader.lease(_ADA, 0, _no_sleep):
        reader.append(b"1")
        require_error(StateConflict, lambda: reader.fold(b"ours"), "fold() over a changed lock")
        require_equal(place().load(), StoredState(b"theirs", (b"1",)), "the state after the conflict")
        reader.load()
        reader.fold(b"ours")
    require_equal(place().load(), StoredState(b"ours"), "the state after the second fold")


def _a_lock_never_read_is_not_overwritten(place: _Open) -> None:
    writer = place()
    with writer.lease(_ADA, 0, _no_sleep):
        writer.fold(b"there")
    blind = place()
    with blind.lease(_ADA, 0, _no_sleep):
        require_error(StateConflict, lambda: blind.fold(b"blind"), "fold() over a lock that was never loaded")


def _a_run_that_missed_the_loss_of_its_lease_harms_no_line(place: _Open) -> None:
    stale = place()
    lease = stale.lease(_ADA, 0, _no_sleep)
    stale.load()
    stale.append(b"1")
    place().break_lease("id-ada")
    # As if that run had stood still right after its check of the lease.
    lease.check = lambda: None  # type: ignore[method-assign]
    current = place()
    with current.lease(_BOB, 0, _no_sleep):
        current.load()
        current.append(b"2")
        for write in (stale.append, stale.fold):
            with suppress(StateError):
                write(b"stale")
        current.append(b"3")
        require_equal(place().load().journal, (b"1", b"2", b"3"), "the journal of the run that holds the lease")
    lease.__exit__(None, None, None)


def _lists_are_added_to_beside_a_run(place: _Open) -> None:
    require_equal(place().read_lines(Log.HALTS), (), "a list at a new place")
    halts, history = (b'{"halt":1}', b'{"halt":2}', b'{"halt":3}'), (b'{"run":1}',)
    place().add_line(Log.HALTS, halts[0])
    backend = place()
    with backend.lease(_ADA, 0, _no_sleep):
        backend.append(b"1")
        place().add_line(Log.HALTS, halts[1])
        backend.add_line(Log.HISTORY, history[0])
        backend.fold(b"whole")
        backend.add_line(Log.HALTS, halts[2])
        require_equal(place().holder(), _ADA, "the holder while others add lines")
    require_equal(place().read_lines(Log.HALTS), halts, "the halts")
    require_equal(place().read_lines(Log.HISTORY), history, "the history")
    require_equal(place().load(), StoredState(b"whole"), "the state beside the lists")


def _lines_that_two_writers_add_at_once_all_stay(place: _Open) -> None:
    lines = [f'{{"line":{number}}}'.encode() for number in range(8)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        for done in [pool.submit(place().add_line, Log.HISTORY, line) for line in lines]:
            done.result()
    require_equal(sorted(place().read_lines(Log.HISTORY)), lines, "the lines of four writers")


def _the_note_of_a_round_is_replaced_beside_a_run(place: _Open) -> None:
    require_equal(place().read_round(), None, "the note of a round at a new place")
    backend = place()
    with backend.lease(_ADA, 0, _no_sleep):
        backend.append(b"1")
        for note in (b'{"round":1}', b'{"round":2}'):
            place().write_round(note)
            require_equal(backend.read_round(), note, "the note of a round")
        backend.fold(b"whole")
    require_equal(place().read_round(), b'{"round":2}', "the note of a round after a fold")
    require_equal(place().load(), StoredState(b"whole"), "the state beside the note")


RULES: tuple[Callable[[_Open], None], ...] = (
    _a_new_place_is_empty_and_has_no_holder,
    _lines_come_back_in_the_order_they_were_written,
    _lines_of_later_runs_follow_those_of_earlier_ones,
    _folding_replaces_the_lock_and_drops_the_journal,
    _the_next_run_folds_what_a_crashed_one_left,
    _nothing_is_written_without_a_lease,
    _a_second_run_is_told_who_holds_the_lease,
    _a_plan_sees_the_holder_and_disturbs_no_one,
    _a_run_that_waits_gets_its_turn,
    _waiting_ends_when_the_time_is_up,
    _a_broken_lease_stops_its_holder_and_frees_the_place,
    _only_the_lease_that_was_named_is_broken,
    _a_lock_changed_since_it_was_read_is_not_overwritten,
    _a_lock_never_read_is_not_overwritten,
    _a_run_that_missed_the_loss_of_its_lease_harms_no_line,
    _lists_are_added_to_beside_a_run,
    _lines_that_two_writers_add_at_once_all_stay,
    _the_note_of_a_round_is_replaced_beside_a_run,
)
"""The rules of every backend, named by their functions."""
