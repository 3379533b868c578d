"""Two branches were applied and one lock remains: nothing that may have called is lost, whichever side is ours."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given

from declarative.errors import StateError
from declarative.model.lock import CancelProgress, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.records import join_remote_records
from declarative.state.base import StoredState
from declarative.state.codec import to_json_object
from declarative.state.format import journal_line, parse_lock, read_checksum, render_lock
from declarative.state.merge import join_locks, merge_conflict
from tests.state.samples import intent, lock, locks, remote

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
OPEN = {"~d1.a": intent("~d1.a")}
SUBMITTED = remote(mark="~d1.a", status="queued")
RETRY = {"~d1.r": intent("~d1.r", request=RequestKind.RETRY, remote="acb_1", retry_count=0)}

ROWS: dict[str, tuple[ResourceRecord, ResourceRecord, ResourceRecord]] = {
    "the higher generation says what is wanted": (
        ResourceRecord(generation=1, settings={"agent_id": "z"}, numbers="z"),
        ResourceRecord(generation=2, settings={"agent_id": "a"}, numbers="a"),
        ResourceRecord(generation=2, settings={"agent_id": "a"}, numbers="a"),
    ),
    "remotes of both": (
        ResourceRecord(remotes={"acb_1": remote()}),
        ResourceRecord(remotes={"acb_2": remote()}),
        ResourceRecord(remotes={"acb_1": remote(), "acb_2": remote()}),
    ),
    "open intents of both": (
        ResourceRecord(generation=2, intents=OPEN),
        ResourceRecord(generation=1, intents={"~d1.b": intent("~d1.b")}),
        ResourceRecord(generation=2, intents={**OPEN, "~d1.b": intent("~d1.b")}),
    ),
    "an intent found to have happened is closed": (
        ResourceRecord(intents=OPEN),
        ResourceRecord(remotes={"acb_1": SUBMITTED}),
        ResourceRecord(remotes={"acb_1": SUBMITTED}),
    ),
    "an intent closed without a remote stays open": (
        ResourceRecord(intents=OPEN),
        ResourceRecord(),
        ResourceRecord(intents=OPEN),
    ),
    "an intent open on both sides stays open": (
        ResourceRecord(intents=OPEN, remotes={"acb_1": SUBMITTED}),
        ResourceRecord(intents=OPEN),
        ResourceRecord(intents=OPEN, remotes={"acb_1": SUBMITTED}),
    ),
    "a retry is closed by a higher count": (
        ResourceRecord(intents=RETRY, remotes={"acb_1": remote(retry_count=0)}),
        ResourceRecord(remotes={"acb_1": remote(retry_count=1)}),
        ResourceRecord(remotes={"acb_1": remote(retry_count=1)}),
    ),
    "a retry is not closed by the batch it is about": (
        ResourceRecord(intents=RETRY),
        ResourceRecord(remotes={"acb_1": remote(mark="~d1.r", retry_count=0)}),
        ResourceRecord(intents=RETRY, remotes={"acb_1": remote(mark="~d1.r", retry_count=0)}),
    ),
    "of two fences of an intent the later one counts": (
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=NOON)}),
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=NOON + timedelta(minutes=1))}),
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=NOON + timedelta(minutes=1))}),
    ),
    "a fence that is not known counts as the latest": (
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=NOON)}),
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=None)}),
        ResourceRecord(intents={"~d1.a": intent("~d1.a", fence=None)}),
    ),
    "revoked marks and people called of both": (
        ResourceRecord(revoked=("m2", "m1"), placed=("p",)),
        ResourceRecord(revoked=("m3", "m1")),
        ResourceRecord(revoked=("m1", "m2", "m3"), placed=("p",)),
    ),
    "a tombstone of one side is none": (ResourceRecord(tombstone=True), ResourceRecord(), ResourceRecord()),
    "a tombstone of both is one": (
        ResourceRecord(tombstone=True),
        ResourceRecord(tombstone=True),
        ResourceRecord(tombstone=True),
    ),
    "what was quiet is looked at again": (ResourceRecord(quiet="q"), ResourceRecord(quiet="r"), ResourceRecord()),
}


@pytest.mark.parametrize("row", ROWS)
def test_of_one_address(row: str) -> None:
    one, two, expected = ROWS[row]
    assert join_locks(lock(march=one), lock(march=two)) == lock(march=expected)
    assert join_locks(lock(march=two), lock(march=one)) == lock(march=expected)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (remote(), remote(cancel=CancelProgress.ASKED)),
        (remote(cancel=CancelProgress.ASKED, settled=True), remote(cancel=CancelProgress.DONE)),
        (remote(last_updated_at="2026-12-02T00:00:00Z"), remote(settled=True)),
        (remote(status="z", last_updated_at="2026-12-01T00:00:00Z"), remote(last_updated_at="2026-12-02T00:00:00Z")),
        (remote(status="z"), remote(finished=1)),
    ],
)
def test_the_later_record_of_a_remote_wins(earlier: RemoteRecord, later: RemoteRecord) -> None:
    assert join_remote_records(earlier, later) == later
    assert join_remote_records(later, earlier) == later


def test_the_longer_guard_and_the_later_probe_of_two_locks_count() -> None:
    first = replace(lock(), guards={"c": 240, "d": 480}, probes={"c": NOON})
    second = replace(lock(), guards={"c": 480}, probes={"c": NOON + timedelta(minutes=1)})
    joined = join_locks(first, second)
    assert (joined.guards, joined.probes) == ({"c": 480, "d": 480}, second.probes)
    assert joined == join_locks(second, first)


def test_of_a_do_not_call_list_the_larger_count_of_two_locks_counts() -> None:
    first = replace(lock(march=ResourceRecord(lists={"own.csv": 1})), lists={"dnc.csv": 40})
    second = replace(lock(march=ResourceRecord(lists={"own.csv": 3})), lists={"dnc.csv": 2, "legal.csv": 1})
    joined = join_locks(first, second)
    assert (joined.lists, joined.resources) == ({"dnc.csv": 40, "legal.csv": 1}, second.resources)
    assert joined == join_locks(second, first)


def test_a_resource_of_one_side_stays_as_it_is() -> None:
    gone = ResourceRecord(tombstone=True, quiet="q")
    assert join_locks(lock(march=gone), lock(april=ResourceRecord())) == lock(march=gone, april=ResourceRecord())


@pytest.mark.parametrize(
    "other",
    [
        replace(lock(), project="autumn"),
        replace(lock(), lineage="zzzz"),
        replace(lock(), person_key="0123456789abcdef"),
        replace(lock(), hosts={"c": "sandbox.invalid"}),
    ],
    ids=["project", "lineage", "person key", "host"],
)
def test_locks_that_do_not_belong_together_are_not_merged(other: Lock) -> None:
    with pytest.raises(StateError, match="do not belong together"):
        join_locks(lock(), other)


@given(locks, locks)
def test_it_does_not_matter_which_side_is_ours(one: Lock, two: Lock) -> None:
    assert join_locks(one, two) == join_locks(two, one)
    assert join_locks(one, one).resources.keys() == one.resources.keys()


@given(locks, locks)
def test_nothing_that_may_have_called_is_forgotten(one: Lock, two: Lock) -> None:
    both = join_locks(one, two)
    for side in (one, two):
        for address, record in side.resources.items():
            merged = both.resources[address]
            assert record.remotes.keys() <= merged.remotes.keys()
            assert {*record.revoked, *record.placed} <= {*merged.revoked, *merged.placed}
            resolved = {seen.mark for seen in merged.remotes.values()}
            lost = [known for mark, known in record.intents.items() if mark not in merged.intents]
            assert all(known.mark in resolved or known.request is RequestKind.RETRY for known in lost)


def _conflict(folder: Path, base: Lock, ours: Lock, theirs: Lock, style: str) -> bytes:
    for name, side in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(render_lock(side))
    flags = ["--diff3"] if style == "diff3" else ["--zdiff3"] if style == "zdiff3" else []
    run = subprocess.run(
        ["git", "merge-file", "-p", *flags, "ours", "base", "theirs"], cwd=folder, capture_output=True, check=False
    )
    assert run.returncode > 0
    return run.stdout


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
@pytest.mark.parametrize("eol", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_what_git_leaves_behind_is_merged(tmp_path: Path, style: str, eol: bytes) -> None:
    base = lock(
        april=ResourceRecord(generation=1),
        march=ResourceRecord(generation=1, count=5),
        may=ResourceRecord(generation=4),
    )
    ours = lock(
        april=ResourceRecord(generation=2, remotes={"acb_3": remote()}),
        march=ResourceRecord(generation=2, count=6, remotes={"acb_1": remote(shard=2)}, intents=OPEN),
        may=ResourceRecord(generation=4),
        zest=ResourceRecord(),
    )
    theirs = lock(
        april=ResourceRecord(generation=1),
        march=ResourceRecord(generation=3, count=7, remotes={"acb_2": remote()}),
        may=ResourceRecord(generation=5, settings={"agent_id": "b"}),
    )
    text = _conflict(tmp_path, base, ours, theirs, style).replace(b"\n", eol)
    merged = merge_conflict(text)
    assert merged.resources["batch/march"].generation == 3
    assert merged.resources["batch/march"].remotes.keys() == {"acb_1", "acb_2"}
    assert merged.resources["batch/march"].intents == OPEN
    assert merged == join_locks(ours, theirs)


def _conflicting(ours: Lock, theirs: Lock) -> bytes:
    return b"<<<<<<< HEAD\n" + render_lock(ours) + b"=======\n" + render_lock(theirs) + b">>>>>>> theirs\n"


def test_what_a_crashed_run_left_in_the_journal_is_merged_with_both_sides() -> None:
    """Replayed over one side alone, its lines would lower a generation and drop people who count as called."""
    sent = {"generation": 2, "intents": {"~d1.a": to_json_object(intent("~d1.a"))}, "placed": ["ada"]}
    found = {"intents": {"~d1.b": None}, "remotes": {"acb_2": to_json_object(remote(mark="~d1.b"))}}
    first_line = journal_line("k3v9", {"resources": {"batch/march": sent}})
    second_line = journal_line("k3v9", {"resources": {"batch/march": found}}, read_checksum(first_line))
    journal = (first_line, second_line)
    ours = lock(march=ResourceRecord(generation=1, intents={"~d1.b": intent("~d1.b")}))
    theirs = lock(march=ResourceRecord(generation=3, placed=("bob",), revoked=("m",)))
    for text in (_conflicting(ours, theirs), _conflicting(theirs, ours)):
        merged = merge_conflict(text, journal).resources["batch/march"]
        assert merged.intents == OPEN
        assert merged.remotes == {"acb_2": remote(mark="~d1.b")}
        assert (merged.generation, merged.placed, merged.revoked) == (3, ("ada", "bob"), ("m",))


def test_a_journal_of_another_lineage_is_refused() -> None:
    with pytest.raises(StateError, match="lineage zzzz"):
        merge_conflict(_conflicting(lock(), lock(march=ResourceRecord())), (journal_line("zzzz", {}),))


@pytest.mark.parametrize(
    "text", [render_lock(lock()), b"<<<<<<< ours\n{}\n", b"=======\n", b"<<<<<<< a\n{}\n>>>>>>> b\n"]
)
def test_markers_that_do_not_pair_up_are_refused(text: bytes) -> None:
    with pytest.raises(StateError, match="nothing to merge"):
        merge_conflict(text)


def test_changes_of_unrelated_resources_need_no_merge(tmp_path: Path) -> None:
    base = lock(april=ResourceRecord(generation=1), march=ResourceRecord(generation=1), may=ResourceRecord())
    ours = replace(base, resources={**base.resources, "batch/march": ResourceRecord(generation=2)})
    theirs = replace(base, resources={**base.resources, "batch/april": ResourceRecord(generation=3)})
    for name, side in (("base", base), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_bytes(render_lock(side))
    git_merge = ["git", "merge-file", "-p", "ours", "base", "theirs"]
    merged = subprocess.run(git_merge, cwd=tmp_path, capture_output=True, check=True).stdout
    assert parse_lock(StoredState(merged)) == join_locks(ours, theirs)


@pytest.mark.parametrize(("old", "new"), [(b'"generation": 1', b'"generation": 7'), (b'"spring"', b'"sprong"')])
def test_damage_beside_a_conflict_is_not_merged_away(old: bytes, new: bytes) -> None:
    april = ResourceRecord(generation=1)
    sides = [lock(april=april, march=ResourceRecord(generation=number)) for number in (2, 3)]
    with pytest.raises(StateError, match="damaged"):
        merge_conflict(_conflicting(sides[0], sides[1]).replace(old, new))


def test_an_address_that_a_careless_merge_left_there_twice_is_refused() -> None:
    text = render_lock(lock(march=ResourceRecord(generation=2)))
    other = render_lock(lock(march=ResourceRecord(generation=1)))
    block = other[other.index(b'    "batch/march"') : other.index(b"    }\n  }") + 5]
    doubled = text.replace(b'    "batch/march"', block + b',\n    "batch/march"', 1)
    with pytest.raises(StateError, match="batch/march more than once"):
        parse_lock(StoredState(doubled))
