"""The lease at a database: time that runs out, by the server's clock and by the holder's own."""

from __future__ import annotations

import pytest

from declarative.errors import LeaseHeld, LeaseLost
from declarative.state.postgres import PostgresBackend
from declarative.state.timed_lease import LeaseTerms
from tests.postgres_server import PostgresServer
from tests.state.samples import SettableClock, holder, no_sleep


def test_a_lease_ends_for_its_holder_well_before_it_ends_for_others(postgres_url: str, clock: SettableClock) -> None:
    backend = PostgresBackend(postgres_url, LeaseTerms(clock=clock))
    with backend.lease(holder(), 0, no_sleep) as lease:
        clock.now += 39
        lease.check()
        clock.now += 2
        for attempt in (lease.check, lambda: backend.append(b"1"), lambda: backend.fold(b"1")):
            with pytest.raises(LeaseLost, match="renewed in time"):
                attempt()


def test_an_expired_lease_is_taken_by_the_next_run(postgres: PostgresServer, postgres_url: str) -> None:
    first = PostgresBackend(postgres_url, LeaseTerms(duration=30))
    with first.lease(holder(), 0, no_sleep) as lease:
        with pytest.raises(LeaseHeld, match="ada"):
            PostgresBackend(postgres_url).lease(holder("bob"), 0, no_sleep)
        postgres.query("UPDATE dialctl.places SET ends_at = ends_at - interval '31 s'")
        second = PostgresBackend(postgres_url)
        with second.lease(holder("bob"), 0, no_sleep) as next_lease:
            with pytest.raises(LeaseLost, match="it is held by bob"):
                lease.check()
            next_lease.check()


def test_a_thread_renews_the_lease(postgres: PostgresServer, postgres_url: str) -> None:
    prefix = postgres_url.partition("prefix=")[2]
    end = f"SELECT extract(epoch FROM ends_at) FROM dialctl.places WHERE prefix = '{prefix}'"
    backend = PostgresBackend(postgres_url, LeaseTerms(renew_interval=0.001))
    with backend.lease(holder(), 0, no_sleep) as lease:
        first = postgres.query(end)
        while postgres.query(end) == first:
            lease.check()
    assert backend.holder() is None


def test_a_lease_that_was_taken_and_not_answered_is_held(postgres: PostgresServer, postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url)
    backend.load()
    postgres.lost_answers = 1
    with backend.lease(holder(), 0, no_sleep) as lease:
        assert postgres.lost_answers == 0
        lease.check()
