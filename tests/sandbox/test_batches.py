"""Batches in the database: stored, found by their organisation, listed newest first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from declarative.sandbox.batches import (
    Batch,
    BatchOrder,
    create_batch,
    find_batch,
    read_attempts,
    read_batch_recipients,
)
from declarative.sandbox.world import Moment, World

from .request_bodies import ADA, BUSY


@pytest.fixture
def moment() -> Iterator[Moment]:
    with World(speed=0) as world, world.moment() as moment:
        yield moment


def store(moment: Moment, *infos: object, scheduled: float | None = None, org: int = 1) -> Batch:
    order = BatchOrder(
        name="reminders",
        agent_id="agent_A",
        number_id="ap_A",
        version="2026-03-01",
        region="US",
        target=1,
        ringing=60,
        minutes=5,
        scheduled=scheduled,
        numbers=[ADA, BUSY],
        infos=infos or [None, None],
    )
    return create_batch(moment, org, order)


def test_a_stored_batch_waits_and_has_no_attempts(moment: Moment) -> None:
    batch = store(moment)
    assert (batch.waiting, batch.ready, batch.admitted, batch.total) == (1, moment.now, None, 2)
    assert [len(attempts) for attempts in read_attempts(moment, batch)] == [0, 0]


def test_a_scheduled_batch_is_ready_at_its_time(moment: Moment) -> None:
    assert store(moment, scheduled=moment.now + 60).ready == moment.now + 60


def test_a_batch_is_found_by_its_own_organisation_alone(moment: Moment) -> None:
    batch = store(moment)
    assert find_batch(moment, 1, batch.id) == batch
    assert find_batch(moment, 2, batch.id) is None


def test_recipients_come_back_in_the_order_of_the_request(moment: Moment) -> None:
    assert read_batch_recipients(moment, store(moment)) == ([ADA, BUSY], None)
    assert read_batch_recipients(moment, store(moment, {"row": 1}, None)) == ([ADA, BUSY], [{"row": 1}, None])
