"""The lock at an object store: answers that are lost, and lines that arrive after their writer is dead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from declarative.errors import LeaseLost, StateError
from declarative.state import objectstore_lease
from declarative.state.base import StoredState
from declarative.state.catalog import open_backend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from declarative.state.timed_lease import LeaseTerms
from tests.state.samples import SettableClock, holder, no_sleep

if TYPE_CHECKING:
    from obstore import UpdateVersion

    from tests.s3server import S3Server


def test_every_line_is_an_object_under_the_epoch_of_its_holder(objects: ObjectClient) -> None:
    for _ in range(2):
        backend = ObjectStoreBackend(objects)
        with backend.lease(holder(), 0, no_sleep):
            backend.append(b"1")
            backend.append(b"2")
    assert objects.list_keys("journal") == [
        "journal/00000001-00000001.json",
        "journal/00000001-00000002-after-00000001-00000001.json",
        "journal/00000002-00000001-after-00000001-00000002.json",
        "journal/00000002-00000002-after-00000002-00000001.json",
    ]


def test_a_line_that_took_too_long_to_write_is_not_acted_upon(clock: SettableClock) -> None:
    class Slow(ObjectClient):
        def put(self, key: str, body: bytes, expected: UpdateVersion | None) -> UpdateVersion | None:
            if key.startswith("journal/"):
                clock.now += 45
            return super().put(key, body, expected)

    backend = ObjectStoreBackend(Slow(MemoryStore(), "memory://here"), LeaseTerms(clock=clock))
    backend.lease(holder(), 0, no_sleep)
    with pytest.raises(LeaseLost):
        backend.append(b"1")


def test_a_line_of_a_dead_holder_that_arrives_after_the_fold_is_dead_too(objects: ObjectClient) -> None:
    first, second = ObjectStoreBackend(objects), ObjectStoreBackend(objects)
    with first.lease(holder(), 0, no_sleep):
        first.append(b"1")
    with second.lease(holder(), 0, no_sleep):
        second.load()
        second.append(b"2")
        second.fold(b"whole")
        objects.put("journal/00000001-00000002.json", b"late", None)
        assert second.load() == StoredState(b"whole")
        second.append(b"3")
        assert second.load() == StoredState(b"whole", (b"3",))
        second.fold(b"whole again")
    assert objects.list_keys("journal") == []


def test_a_lease_object_that_was_deleted_does_not_bring_old_numbers_back(objects: ObjectClient) -> None:
    backend = ObjectStoreBackend(objects)
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b"1")
    objects.delete([objectstore_lease.LEASE_KEY])
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b"2")
    assert backend.load().journal == (b"1", b"2")


def test_a_reader_never_sees_a_lock_without_its_journal(objects: ObjectClient) -> None:
    class Folding(ObjectClient):
        """Lets a writer fold at the worst moment: between reading the lock and listing the journal."""

        def list_keys(self, folder: str) -> list[str]:
            if writes:
                writes.pop()()
            return super().list_keys(folder)

    writer = ObjectStoreBackend(objects)
    with writer.lease(holder(), 0, no_sleep):
        writer.append(b"1")
        writes: list[Callable[[], None]] = [lambda: writer.fold(b"with 1")]
        assert ObjectStoreBackend(Folding(objects._store, "memory://here")).load() == StoredState(b"with 1")


def test_a_line_that_arrives_late_is_dead_once_the_next_holder_wrote(objects: ObjectClient) -> None:
    """Its writer stood still between its check and its write, or had no answer: it sent nothing after it."""
    first, second = ObjectStoreBackend(objects), ObjectStoreBackend(objects)
    with first.lease(holder(), 0, no_sleep):
        first.append(b"1")
    with second.lease(holder("bob"), 0, no_sleep):
        assert second.load().journal == (b"1",)
        objects.put("journal/00000001-00000002-after-00000001-00000001.json", b"late", None)
        second.append(b"2")
        second.append(b"3")
    assert ObjectStoreBackend(objects).load().journal == (b"1", b"2", b"3")


def test_a_line_that_is_gone_is_named(objects: ObjectClient) -> None:
    backend = ObjectStoreBackend(objects)
    with backend.lease(holder(), 0, no_sleep):
        for line in (b"1", b"2", b"3"):
            backend.append(line)
    objects.delete(["journal/00000001-00000002-after-00000001-00000001.json"])
    with pytest.raises(StateError, match="line 00000001-00000002 of the journal"):
        backend.load()


@pytest.mark.parametrize("follows", ["00000001-00000001", "00000002-00000001"])
def test_a_line_that_follows_itself_is_refused_and_not_read_for_ever(objects: ObjectClient, follows: str) -> None:
    objects.put(f"journal/00000001-00000001-after-{follows}.json", b"1", None)
    objects.put("journal/00000002-00000001-after-00000001-00000001.json", b"2", None)
    with pytest.raises(StateError, match="is no line of a journal"):
        ObjectStoreBackend(objects).load()


@pytest.mark.parametrize("key", ["journal/", "journal/notes.txt", "journal/deep/00000001-00000001.json"])
def test_an_object_that_is_no_line_is_named(s3: S3Server, s3_url: str, tmp_path: Path, key: str) -> None:
    """A console makes an empty object for a folder that was created by hand."""
    s3.put(f"{s3_url.removeprefix(f's3://{s3.bucket}/')}/{key}")
    with pytest.raises(StateError, match="is no line of a journal") as refusal:
        open_backend(tmp_path, s3_url).load()
    assert "delete that object" in refusal.value.hint


@pytest.mark.parametrize("lost", [1, 2])
def test_a_write_whose_answer_is_lost_is_done_once(s3: S3Server, s3_url: str, tmp_path: Path, lost: int) -> None:
    backend = open_backend(tmp_path, s3_url)
    s3.lost_answers = lost
    with backend.lease(holder(), 0, no_sleep) as lease:
        s3.lost_answers = lost
        backend.append(b"1")
        s3.lost_answers = lost
        backend.fold(b"lock")
        s3.lost_answers = lost
        backend.append(b"2")
        lease.check()
        assert s3.lost_answers == 0
        assert backend.load() == StoredState(b"lock", (b"2",))
        s3.lost_answers = lost
    assert backend.holder() is None
