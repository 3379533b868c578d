"""The history: lines that are only added, each naming those that none follows yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from declarative.model.history import PeopleCounts, RunRecord
from declarative.model.lock import Lock, ResourceRecord
from declarative.state.base import Backend, Lease, Log
from declarative.state.history import add_to_lock, copy_lines, end_cut_off_runs, end_run, read_history, write_line
from declarative.state.ledger import Ledger
from declarative.state.local import LocalBackend
from declarative.state.open_run import OpenRun
from tests.state.samples import ADDRESS, PUSH, holder, intent, lock, no_sleep

APPLY = RunRecord(run="a1", at=PUSH.at, command="apply", by="ada on mill", approved_by="prompt")
TWO = PeopleCounts(people_called=2)


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path)


@pytest.fixture
def lease(backend: LocalBackend) -> Lease:
    return backend.lease(holder(), 0, no_sleep)


@pytest.fixture
def ledger(backend: LocalBackend, lease: Lease) -> Ledger:
    ledger = Ledger.open(backend, lease)
    ledger.start(lock(march=ResourceRecord(generation=1)))
    ledger.run = OpenRun(lambda: APPLY)
    return ledger


def write(backend: Backend, run: str, known: Lock | None = None) -> str:
    return write_line(backend, known, replace(APPLY, run=run, addresses={ADDRESS: TWO}))


def lines(backend: Backend) -> list[bytes]:
    return list(backend.read_lines(Log.HISTORY))


def rewrite(backend: LocalBackend, texts: list[bytes]) -> None:
    (Path(backend.location).parent / Log.HISTORY).write_bytes(b"".join(text + b"\n" for text in texts))


def test_each_line_follows_the_one_before(backend: LocalBackend) -> None:
    digests = [write(backend, run) for run in "abc"]
    history = read_history(backend)
    assert [line.digest for line in history.lines] == digests
    assert [line.follows for line in history.lines] == [(), (digests[0],), (digests[1],)]
    assert history.describe_faults(None) == []


def test_a_line_after_two_branches_follows_both(backend: LocalBackend, tmp_path: Path) -> None:
    write(backend, "a")
    base = lines(backend)
    left = write(backend, "b")
    on_left = lines(backend)
    rewrite(backend, base)
    right = write(backend, "c")
    rewrite(backend, [*on_left, lines(backend)[-1]])
    assert read_history(backend).describe_faults(None) == []
    write(backend, "d")
    assert {*read_history(backend).lines[-1].follows} == {left, right}


@pytest.mark.parametrize("taken_out", [0, 1])
def test_a_line_that_was_taken_out_is_noticed(backend: LocalBackend, taken_out: int) -> None:
    for run in "abc":
        write(backend, run)
    kept = lines(backend)
    rewrite(backend, kept[:taken_out] + kept[taken_out + 1 :])
    assert read_history(backend).describe_faults(None) == ["1 line is gone or was changed that later ones follow"]


def test_a_line_that_was_changed_is_noticed(backend: LocalBackend) -> None:
    for run in "ab":
        write(backend, run)
    first, second = lines(backend)
    rewrite(backend, [first.replace(b"ada", b"bob"), second])
    assert read_history(backend).describe_faults(None)


@pytest.mark.parametrize("text", [b"<<<<<<< HEAD", b"[]", b'{"run":1}', b"{}", b"\xff"])
def test_what_is_no_line_is_said_with_its_place(backend: LocalBackend, text: bytes) -> None:
    write(backend, "a")
    rewrite(backend, [*lines(backend), text])
    faults = read_history(backend).describe_faults(None)
    assert len(faults) == 1
    assert "line 2 of the history" in faults[0]


def test_a_line_whose_sums_do_not_fit_cannot_be_read(backend: LocalBackend) -> None:
    write(backend, "a")
    document = orjson.loads(lines(backend)[0]) | {"people_called": 1}
    rewrite(backend, [orjson.dumps(document)])
    assert read_history(backend).damaged == (1,)


def test_an_end_that_was_cut_off_is_noticed_and_stays_so(backend: LocalBackend) -> None:
    write(backend, "a")
    newest = write(backend, "b")
    known = lock(march=ResourceRecord(history=newest))
    assert read_history(backend).describe_faults(known) == []
    rewrite(backend, lines(backend)[:1])
    assert "cut off: the lock knows a newer line about batch/march" in read_history(backend).describe_faults(known)[0]
    later = write(backend, "c", known)
    assert read_history(backend).describe_faults(lock(march=ResourceRecord(history=later))) != []


def test_one_line_more_than_the_lock_knows_is_no_fault(backend: LocalBackend) -> None:
    known = lock(march=ResourceRecord(history=write(backend, "a")))
    write(backend, "b")
    assert read_history(backend).describe_faults(known) == []


def test_a_run_gets_one_line_only(backend: LocalBackend) -> None:
    assert write(backend, "a") == write(backend, "a")
    assert len(lines(backend)) == 1


def test_the_lock_remembers_a_run_until_its_line_is_written(backend: LocalBackend, ledger: Ledger) -> None:
    ledger.update(ADDRESS, intents={"m": intent("m", count=2)}, counts=TWO)
    ledger.update(ADDRESS, count=2)
    assert ledger.lock.runs["a1"].addresses == {ADDRESS: TWO}
    end_run(backend, ledger, "a1", 3)
    assert ledger.lock.runs == {}
    (line,) = read_history(backend).lines
    assert (line.record.exit, line.record.totals) == (3, PeopleCounts(people_called=2, unsure=2))
    assert ledger.resource_record(ADDRESS).history == line.digest


def test_a_run_that_sent_nothing_has_no_line(backend: LocalBackend, ledger: Ledger) -> None:
    ledger.update(ADDRESS, count=3)
    end_run(backend, ledger, "a1", 0)
    assert lines(backend) == []


def test_a_decision_has_a_line_whatever_it_changes(backend: LocalBackend, ledger: Ledger) -> None:
    ledger.run = OpenRun(lambda: replace(APPLY, run="d1", command="resolve"), decides=True)
    ledger.update(ADDRESS, placed=("p",))
    end_run(backend, ledger, "d1", 0)
    assert read_history(backend).lines[0].record.addresses == {ADDRESS: PeopleCounts()}


def test_a_run_that_was_cut_off_gets_its_line_from_the_next_one(
    backend: LocalBackend, lease: Lease, ledger: Ledger
) -> None:
    ledger.update(ADDRESS, count=2, counts=TWO)
    following = Ledger.open(backend, lease)
    end_cut_off_runs(backend, following)
    (line,) = read_history(backend).lines
    assert (line.record.run, line.record.exit, line.record.addresses) == ("a1", None, {ADDRESS: TWO})
    following.fold()
    assert Ledger.open(backend, lease).lock.runs == {}


def test_a_crash_between_line_and_lock_writes_no_second_line(
    backend: LocalBackend, lease: Lease, ledger: Ledger
) -> None:
    ledger.update(ADDRESS, count=2, counts=TWO)
    digest = write_line(backend, ledger.lock, replace(ledger.lock.runs["a1"], exit=0))
    following = Ledger.open(backend, lease)
    end_cut_off_runs(backend, following)
    assert [line.record.exit for line in read_history(backend).lines] == [0]
    assert following.resource_record(ADDRESS).history == digest


def test_lines_are_copied_once(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = LocalBackend(tmp_path / "other")
    write(backend, "a")
    for _ in range(2):
        copy_lines(backend, other)
    assert lines(other) == lines(backend)


def test_a_lock_is_written_with_the_digest_of_its_line(backend: LocalBackend) -> None:
    known = add_to_lock(backend, lock(march=ResourceRecord()), replace(PUSH, addresses={ADDRESS: PeopleCounts()}))
    assert known.resources[ADDRESS].history == read_history(backend).lines[0].digest
