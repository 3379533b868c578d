"""Damage is refused, or changes nothing: bytes flipped, cut, swapped and put elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.errors import StateError
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.state.base import StoredState
from declarative.state.format import parse_lock, render_lock
from declarative.state.ledger import Ledger
from declarative.state.local import JOURNAL_FILE, LOCK_FILE, LocalBackend
from tests.state.samples import ADDRESS, holder, intent, lock, locks, no_sleep, remote

RECORDS = {
    "april": ResourceRecord(generation=2, provider="c", settings={"agent_id": "agent_1"}, count=2, placed=("a1",)),
    "march": ResourceRecord(generation=1, count=2, remotes={"acb_1": remote(), "acb_2": remote(shard=2)}),
}
TEXT = render_lock(lock(**RECORDS))


EVERY_BIT = bool(os.environ.get("DIALCTL_EVERY_BIT"))
"""Flips each bit of each byte. Without it: two of each, and each of the eight in some byte of every four."""


def _bits(place: int) -> Sequence[int]:
    return range(8) if EVERY_BIT else (place % 4, place % 4 + 4)


def _parse_or_none(text: bytes) -> Lock | None:
    """The lock of a text. None where it is refused."""
    try:
        return parse_lock(StoredState(text))
    except StateError:
        return None


@pytest.mark.parametrize("place", range(len(TEXT)))
def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(place: int) -> None:
    for bit in _bits(place):
        damaged = TEXT[:place] + bytes([TEXT[place] ^ 1 << bit]) + TEXT[place + 1 :]
        assert _parse_or_none(damaged) in (None, lock(**RECORDS)), damaged


@given(locks, st.data())
def test_another_byte_anywhere_is_refused_or_changes_nothing(known: Lock, data: st.DataObject) -> None:
    text = render_lock(known)
    place = data.draw(st.integers(0, len(text) - 1))
    value = data.draw(st.integers(0, 255))
    assert _parse_or_none(text[:place] + bytes([value]) + text[place + 1 :]) in (None, known)


@given(locks, st.data())
def test_lines_swapped_taken_out_or_doubled_are_refused_or_change_nothing(known: Lock, data: st.DataObject) -> None:
    """A block taken out whole is the one thing that a lock cannot tell, for git must merge blocks."""
    lines = render_lock(known).splitlines(keepends=True)
    first, second = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    swapped = list(lines)
    swapped[first], swapped[second] = lines[second], lines[first]
    for damaged in (swapped, lines[:first] + lines[first + 1 :], lines[:first] + lines[second:first] + lines[first:]):
        assert _parse_or_none(b"".join(damaged)) in (None, known)


def test_a_block_under_another_address_is_refused() -> None:
    assert _parse_or_none(TEXT.replace(b'"batch/march"', b'"batch/mars"')) is None


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, list[Lock]]:
    """A lock, its journal, and the lock after none, one, two, ... of its lines."""
    directory = tmp_path_factory.mktemp("stored")
    backend = LocalBackend(directory)
    known = [lock(**RECORDS)]
    with backend.lease(holder(), 0, no_sleep) as lease:
        ledger = Ledger.open(backend, lease)
        ledger.start(known[0])
        closed: dict[str, RemoteRecord | None] = {"acb_3": remote(mark="m", status="é\n")}
        ledger.update(ADDRESS, generation=2, intents={"m": intent("m")})
        known.append(_reload(backend))
        ledger.update(ADDRESS, intents={"m": None}, remotes=closed)
        known.append(_reload(backend))
        ledger.update("batch/april", tombstone=True)
        known.append(_reload(backend))
    return (directory / LOCK_FILE).read_bytes(), (directory / JOURNAL_FILE).read_bytes(), known


def _reload(backend: LocalBackend) -> Lock:
    read = parse_lock(backend.load())
    assert read is not None
    return read


def _load_or_none(directory: Path, lock_text: bytes, journal: bytes) -> Lock | None:
    (directory / LOCK_FILE).write_bytes(lock_text)
    (directory / JOURNAL_FILE).write_bytes(journal)
    try:
        return parse_lock(LocalBackend(directory).load())
    except StateError:
        return None


def test_a_flipped_bit_anywhere_in_the_journal_is_refused(
    tmp_path: Path, stored: tuple[bytes, bytes, list[Lock]]
) -> None:
    text, journal, known = stored
    for place in range(len(journal)):
        for bit in _bits(place):
            damaged = journal[:place] + bytes([journal[place] ^ 1 << bit]) + journal[place + 1 :]
            assert _load_or_none(tmp_path, text, damaged) in (None, known[-1]), damaged


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all that hypothesis tries, below those of no other test."""
    return tmp_path_factory.mktemp("journals")


@settings(max_examples=200)
@given(data=st.data())
def test_lines_of_the_journal_swapped_taken_out_or_doubled_are_refused(
    shared_folder: Path, stored: tuple[bytes, bytes, list[Lock]], data: st.DataObject
) -> None:
    text, journal, known = stored
    lines = journal.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=5))
    read = _load_or_none(shared_folder, text, b"".join(chosen))
    assert read == (known[len(chosen)] if chosen == lines[: len(chosen)] else None)


def test_a_journal_cut_anywhere_is_as_it_was_after_its_last_whole_line(
    tmp_path: Path, stored: tuple[bytes, bytes, list[Lock]]
) -> None:
    """A crash leaves the same, so it cannot be refused."""
    text, journal, known = stored
    for end in range(len(journal) + 1):
        assert _load_or_none(tmp_path, text, journal[:end]) == known[journal[:end].count(b"\n")]
