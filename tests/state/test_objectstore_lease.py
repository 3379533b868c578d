"""The lease at an object store: time that runs out, clocks that differ, and stores that ignore conditions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from declarative.errors import LeaseHeld, LeaseLost, StateError
from declarative.state import objectstore_lease
from declarative.state.base import StoredState
from declarative.state.catalog import open_backend
from declarative.state.objectstore import ObjectStoreBackend
from declarative.state.objectstore_client import ObjectClient
from declarative.state.timed_lease import LeaseTerms
from tests.state.samples import SettableClock, holder, no_sleep

if TYPE_CHECKING:
    from tests.s3server import S3Server


@pytest.fixture
def backend(objects: ObjectClient, clock: SettableClock) -> ObjectStoreBackend:
    return ObjectStoreBackend(objects, LeaseTerms(clock=clock))


def test_a_lease_ends_for_its_holder_well_before_it_ends_for_others(
    backend: ObjectStoreBackend, clock: SettableClock
) -> None:
    lease = backend.lease(holder(), 0, no_sleep)
    clock.now += 39
    lease.check()
    clock.now += 2
    for attempt in (lease.check, lambda: backend.append(b"1"), lambda: backend.fold(b"1")):
        with pytest.raises(LeaseLost, match="renewed in time"):
            attempt()
    assert backend.load() == StoredState(None)


def test_a_lease_once_lost_is_never_found_again(backend: ObjectStoreBackend, clock: SettableClock) -> None:
    lease = backend.lease(holder(), 0, no_sleep)
    clock.now += 50
    with pytest.raises(LeaseLost):
        lease.check()
    clock.now -= 50
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_thread_renews_the_lease(objects: ObjectClient) -> None:
    backend = ObjectStoreBackend(objects, LeaseTerms(renew_interval=0.001))
    with backend.lease(holder(), 0, no_sleep) as lease:
        while objectstore_lease.read_lease(objects).beat < 5:
            lease.check()
    assert objectstore_lease.read_lease(objects).holder is None


def test_a_lease_object_that_is_garbage_says_what_to_do(objects: ObjectClient) -> None:
    objects.put(objectstore_lease.LEASE_KEY, b"garbage", None)
    with pytest.raises(StateError, match=r"lease\.json") as refusal:
        ObjectStoreBackend(objects).lease(holder(), 0, no_sleep)
    assert "delete that object" in refusal.value.hint


def test_a_store_without_conditional_writes_is_refused(s3: S3Server, s3_url: str, tmp_path: Path) -> None:
    backend = open_backend(tmp_path, s3_url)
    s3.ignore_conditions = True
    try:
        with pytest.raises(StateError, match="ignores conditional writes"):
            backend.lease(holder(), 0, no_sleep)
    finally:
        s3.ignore_conditions = False
    assert backend.holder() is None


def test_a_store_that_obeys_conditions_is_tested_once(tmp_path: Path) -> None:
    objects = ObjectClient(MemoryStore(), f"memory://{tmp_path}")
    beats = []
    for _ in range(3):
        with ObjectStoreBackend(objects).lease(holder(), 0, no_sleep):
            beats.append(objectstore_lease.read_lease(objects).beat)
    assert beats == [1, 0, 0], "the test renews the lease, to see that its former version is refused"


def test_another_machines_wrong_clock_does_not_matter(s3: S3Server, s3_url: str, tmp_path: Path) -> None:
    key = f"{s3_url.removeprefix(f's3://{s3.bucket}/')}/lease.json"
    with open_backend(tmp_path, s3_url).lease(holder(), 0, no_sleep) as lease:
        s3.age(key, 55)
        with pytest.raises(LeaseHeld):
            open_backend(tmp_path, s3_url).lease(holder("bob"), 0, no_sleep)
        lease.check()
