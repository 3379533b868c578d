"""The lock and its journal. An input is the lock, or the journal, as it lies on the disk after the damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from declarative.errors import StateError
from declarative.model.lock import Lock, ResourceRecord
from declarative.state.format import parse_lock, render_lock
from declarative.state.ledger import Ledger
from declarative.state.local import JOURNAL_FILE, LOCK_FILE, LocalBackend
from tests.fuzz.mutation import mutated_bytes
from tests.fuzz.search import Check, Surface
from tests.state.samples import ADDRESS, NOON, holder, intent, lock, no_sleep, remote

_FIRST = lock(
    april=ResourceRecord(generation=2, provider="c", settings={"agent_id": "agent_1"}, count=2, placed=("a1",)),
    march=ResourceRecord(
        generation=1,
        count=2,
        remotes={"acb_1": remote(), "acb_2": remote(shard=2)},
        intents={"~d1.n": intent("~d1.n", scheduled_at=NOON)},
    ),
)


@cache
def _stored() -> tuple[bytes, bytes, tuple[Lock, ...]]:
    """A lock, its journal, and the locks after none, one, two, ... of its lines."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        backend = LocalBackend(directory)
        known = [_FIRST]
        with backend.lease(holder(), 0, no_sleep) as lease:
            ledger = Ledger.open(backend, lease)
            ledger.start(_FIRST)
            updates: list[Callable[[], object]] = [
                lambda: ledger.update(ADDRESS, generation=2, intents={"m": intent("m")}),
                lambda: ledger.update(ADDRESS, intents={"m": None}, remotes={"acb_3": remote(mark="m", status="é\n")}),
                lambda: ledger.update("batch/april", tombstone=True),
            ]
            for update in updates:
                update()
                read = parse_lock(backend.load())
                assert read is not None
                known.append(read)
        return (directory / LOCK_FILE).read_bytes(), (directory / JOURNAL_FILE).read_bytes(), tuple(known)


def _load_or_none(folder: Path) -> Lock | None:
    """The lock that is believed. None where it is refused."""
    try:
        return parse_lock(LocalBackend(folder).load())
    except StateError:
        return None


@contextmanager
def _open_lock(folder: Path) -> Iterator[Check]:
    text, _, _ = _stored()

    def check(content: bytes) -> None:
        (folder / LOCK_FILE).write_bytes(content)
        believed = _load_or_none(folder)
        assert believed in (None, _FIRST) or _lacks_whole_blocks(text, believed), "believed"

    yield check


def _lacks_whole_blocks(text: bytes, believed: Lock | None) -> bool:
    """Whether only whole resources are gone: git merges blocks, so no checksum can tell."""
    return (
        believed is not None
        and render_lock(believed).count(b'"checksum"') < text.count(b'"checksum"')
        and all(_FIRST.resources.get(address) == record for address, record in believed.resources.items())
    )


@contextmanager
def _open_journal(folder: Path) -> Iterator[Check]:
    text, journal, known = _stored()
    (folder / LOCK_FILE).write_bytes(text)

    def check(content: bytes) -> None:
        (folder / JOURNAL_FILE).write_bytes(content)
        whole_lines = 0
        for line, kept in zip(journal.split(b"\n"), content.split(b"\n")[:-1], strict=False):
            if line != kept:
                break
            whole_lines += 1
        # A crash leaves a journal without its last lines, so this cannot be refused.
        assert _load_or_none(folder) in (None, known[-1], known[min(whole_lines, len(known) - 1)]), "believed"

    yield check


def _inputs(index: int) -> st.SearchStrategy[bytes]:
    return st.deferred(lambda: mutated_bytes([_stored()[:2][index]]))


LOCK = Surface("lock", _inputs(0), _open_lock, examples=150)
JOURNAL = Surface("journal", _inputs(1), _open_journal, examples=150)
