"""What an emergency stop reads of a lock that every other command refuses."""

from __future__ import annotations

import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.resource import Route
from declarative.state.base import StoredState
from declarative.state.format import journal_line, render_lock
from declarative.state.salvage import salvage_lock
from tests.state.samples import ADDRESS, lock, remote


def record(*ids: str, **changes: object) -> ResourceRecord:
    remotes = {remote_id: remote(mark=f"m{remote_id}") for remote_id in ids}
    return ResourceRecord(generation=1, provider="cartesia", remotes=remotes, **changes)  # type: ignore[arg-type]


def ids(stored: StoredState) -> set[str]:
    return {found.remote_id for found in salvage_lock(stored).remotes}


def test_a_whole_lock_gives_what_may_still_call() -> None:
    remotes = {
        "waits": remote(mark="a"),
        "over": remote(mark="b", settled=True),
        "off": remote(mark="c", cancelled=True, cancel=CancelProgress.DONE),
        "closed": remote(mark="d", settled=True, closed=True),
        "call": remote(mark="e", route=Route.CALL, person="0" * 16),
        "placed:f": remote(mark="f"),
    }
    found = salvage_lock(StoredState(render_lock(lock(march=ResourceRecord(provider="cartesia", remotes=remotes)))))
    assert {one.remote_id: one.is_batch for one in found.remotes} == {"waits": True, "closed": True, "call": False}
    assert {(one.address, one.provider) for one in found.remotes} == {(ADDRESS, "cartesia")}
    assert (found.is_whole, found.addresses) == (True, (ADDRESS,))


def test_both_sides_of_a_conflict_are_read() -> None:
    ours, theirs = (render_lock(lock(march=record(name))).decode().splitlines() for name in ("x", "y"))
    text: list[str] = []
    for our_line, their_line in zip(ours, theirs, strict=True):
        same = our_line == their_line
        text += [our_line] if same else ["<<<<<<< HEAD", our_line, "=======", their_line, ">>>>>>> other"]
    stored = StoredState("\n".join(text).encode())
    assert ids(stored) == {"x", "y"}
    assert not salvage_lock(stored).is_whole


def test_the_journal_is_replayed_whatever_its_checksums_say() -> None:
    line = journal_line("other", {"resources": {ADDRESS: {"remotes": {"late": {"route": "batch"}}}}}, "wrong")
    assert ids(StoredState(render_lock(lock(march=record("x"))), (line, b"torn"))) == {"x", "late"}
    assert ids(StoredState(None, (line,))) == {"late"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"<<<<<<< HEAD\n{\n=======\n{\n>>>>>>> other\n", b"\xff\xfe"])
def test_what_is_no_lock_gives_nothing_and_says_so(text: bytes) -> None:
    found = salvage_lock(StoredState(text))
    assert (found.remotes, found.is_whole) == ((), False)


def test_no_lock_at_all_is_whole_and_empty() -> None:
    assert salvage_lock(StoredState(None)).is_whole


def test_a_lock_of_a_newer_format_or_with_a_wrong_checksum_is_read_all_the_same() -> None:
    text = render_lock(lock(march=record("x"))).replace(b'"format_version": "1"', b'"format_version": "9"')
    assert ids(StoredState(text)) == {"x"}
