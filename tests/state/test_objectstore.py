"""The object store: answers that are lost, conditions that are ignored, time that runs out, late writes of
the dead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from declarative.errors import LeaseHeld, LeaseLost, StateError, UsageError
from declarative.state import objectstore_lease as storelease
from declarative.state.base import StoredState
from declarative.state.catalog import open_backend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient, open_object_client
from declarative.state.objectstore_lease import LeaseTerms
from tests.state.samples import holder, no_sleep

if TYPE_CHECKING:
    from obstore import UpdateVersion

    from tests.state.s3server import S3Server


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def objects() -> ObjectClient:
    return ObjectClient(MemoryStore(), "memory://here")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(objects: ObjectClient, clock: Clock) -> ObjectStoreBackend:
    return ObjectStoreBackend(objects, LeaseTerms(clock=clock))


def test_every_line_is_an_object_under_the_epoch_of_its_holder(objects: ObjectClient) -> None:
    for _ in range(2):
        backend = ObjectStoreBackend(objects)
        with backend.lease(holder(), 0, no_sleep):
            backend.append(b"1")
            backend.append(b"2")
    assert objects.list_keys("journal") == [
        "journal/00000001-00000001.json",
        "journal/00000001-00000002.json",
        "journal/00000002-00000001.json",
        "journal/00000002-00000002.json",
    ]


def test_a_lease_ends_for_its_holder_well_before_it_ends_for_others(backend: ObjectStoreBackend, clock: Clock) -> None:
    lease = backend.lease(holder(), 0, no_sleep)
    clock.now += 39
    lease.check()
    clock.now += 2
    for attempt in (lease.check, lambda: backend.append(b"1"), lambda: backend.fold(b"1")):
        with pytest.raises(LeaseLost, match="renewed in time"):
            attempt()
    assert backend.load() == StoredState(None)


def test_a_line_that_took_too_long_to_write_is_not_acted_upon(clock: Clock) -> None:
    class Slow(ObjectClient):
        def put(self, key: str, body: bytes, expected: UpdateVersion | None) -> UpdateVersion | None:
            if key.startswith("journal/"):
                clock.now += 45
            return super().put(key, body, expected)

    backend = ObjectStoreBackend(Slow(MemoryStore(), "memory://here"), LeaseTerms(clock=clock))
    backend.lease(holder(), 0, no_sleep)
    with pytest.raises(LeaseLost):
        backend.append(b"1")


def test_a_lease_once_lost_is_never_found_again(backend: ObjectStoreBackend, clock: Clock) -> None:
    lease = backend.lease(holder(), 0, no_sleep)
    clock.now += 50
    with pytest.raises(LeaseLost):
        lease.check()
    clock.now -= 50
    with pytest.raises(LeaseLost):
        lease.check()


def test_the_heart_renews_the_lease(objects: ObjectClient) -> None:
    backend = ObjectStoreBackend(objects, LeaseTerms(renew_interval=0.001))
    with backend.lease(holder(), 0, no_sleep) as lease:
        while storelease.read_lease(objects).beat < 5:
            lease.check()
    assert storelease.read_lease(objects).holder is None


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
    objects.delete([storelease.LEASE_KEY])
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b"2")
    assert backend.load().journal == (b"1", b"2")


def test_a_lease_object_that_is_garbage_says_what_to_do(objects: ObjectClient) -> None:
    objects.put(storelease.LEASE_KEY, b"garbage", None)
    with pytest.raises(StateError, match=r"lease\.json") as refusal:
        ObjectStoreBackend(objects).lease(holder(), 0, no_sleep)
    assert "delete that object" in refusal.value.hint


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


def test_a_store_without_conditional_writes_is_refused(s3: S3Server, s3_url: str, tmp_path: Path) -> None:
    backend = open_backend(tmp_path, s3_url)
    s3.ignore_conditions = True
    try:
        with pytest.raises(StateError, match="ignores conditional writes"):
            backend.lease(holder(), 0, no_sleep)
    finally:
        s3.ignore_conditions = False
    assert backend.holder() is None


def test_another_machines_wrong_clock_does_not_matter(s3: S3Server, s3_url: str, tmp_path: Path) -> None:
    key = f"{s3_url.removeprefix(f's3://{s3.bucket}/')}/lease.json"
    with open_backend(tmp_path, s3_url).lease(holder(), 0, no_sleep) as lease:
        s3.age(key, 55)
        with pytest.raises(LeaseHeld):
            open_backend(tmp_path, s3_url).lease(holder("bob"), 0, no_sleep)
        lease.check()


def test_a_bucket_that_does_not_exist_is_named(s3: S3Server, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="s3://no-such-bucket/x"):
        open_backend(tmp_path, "s3://no-such-bucket/x").lease(holder(), 0, no_sleep)


def test_a_store_that_does_not_answer_is_named_without_any_key(
    s3: S3Server, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StateError, match=s3_url) as refusal:
        open_backend(tmp_path, s3_url).load()
    assert "testing" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://bucket/../other",
        "s3://user:secret@bucket/x",
        "s3://bucket/x?endpoint=http://evil.example.com",
        "http://bucket/x",
        "file:///tmp/x",
        "bucket/x",
    ],
)
def test_a_url_names_bucket_and_prefix_and_nothing_else(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="state"):
        open_backend(tmp_path, url)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL", "AZURE_ENDPOINT"])
def test_keys_travel_over_plain_http_to_this_machine_only(name: str) -> None:
    with pytest.raises(StateError, match=name):
        open_object_client("s3://bucket/x", {name: "http://store.example.com:9000"})
    with pytest.raises(StateError, match=name):
        open_object_client("s3://bucket/x", {name: "HTTP://127.0.0.1.example.com"})
    for here in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert open_object_client("s3://bucket/x", {name: here}).location == "s3://bucket/x"
