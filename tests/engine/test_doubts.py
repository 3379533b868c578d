"""A batch that was sent over a probable absence: confirmed by a list, or withdrawn before it calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from declarative.engine.doubts import LAST_MOMENT, DoubtResolver, find_owner
from declarative.model.lock import Intent
from tests.engine.sandbox_run import ADA, MARCH, SandboxRun, a_mark, an_intent, batch_resource, fault

LOST = str(a_mark(generation=9))


@pytest.fixture
def doubted_id(run: SandboxRun) -> str:
    """A batch that was sent while the intent LOST was probably absent."""
    run.ledger.update(MARCH, intents={LOST: an_intent(mark=LOST, absent=True)})
    return run.submit(batch_resource(ADA)).remote_id


def lost_intent(run: SandboxRun) -> Intent | None:
    return run.ledger.resource_record(MARCH).intents.get(LOST)


def test_a_batch_sent_over_a_probable_absence_is_doubted(run: SandboxRun, doubted_id: str) -> None:
    resolver = DoubtResolver(run.context, run.executor)
    assert resolver.is_doubted(doubted_id)
    assert resolver.find_unproven([MARCH]) == {"cartesia": [doubted_id]}


def test_a_confirmed_batch_revokes_the_mark_before_it(run: SandboxRun, doubted_id: str) -> None:
    resolver = DoubtResolver(run.context, run.executor)
    [finding] = resolver.confirm(doubted_id)
    assert finding.message == f"proven: the request before {doubted_id} never arrived"
    assert (lost_intent(run), run.ledger.resource_record(MARCH).revoked) == (None, (LOST,))
    assert not resolver.is_doubted(doubted_id)
    assert resolver.find_unproven([MARCH]) == {}


def test_a_withdrawn_batch_is_cancelled_and_becomes_the_probe(run: SandboxRun, doubted_id: str) -> None:
    [finding] = DoubtResolver(run.context, run.executor).withdraw(run.provider, doubted_id)
    intent = lost_intent(run)
    assert (finding.withdrawn_id, finding.unsure) == (doubted_id, True)
    assert (intent and intent.probe) == doubted_id
    assert run.read(doubted_id).cancelled
    assert list(DoubtResolver(run.context, run.executor).withdraw(run.provider, doubted_id)) == []


def test_a_batch_that_cannot_be_withdrawn_stays_doubted(run: SandboxRun, doubted_id: str) -> None:
    run.faults(fault("cancelCallBatch", {"status": {"code": 400, "effect": False}}))
    [finding] = DoubtResolver(run.context, run.executor).withdraw(run.provider, doubted_id)
    assert "it could not be taken back" in finding.message
    assert finding.withdrawn_id == ""
    assert DoubtResolver(run.context, run.executor).is_doubted(doubted_id)


def test_the_last_moment_comes_before_the_first_call(run: SandboxRun, doubted_id: str) -> None:
    resolver = DoubtResolver(run.context, run.executor)
    starts_at = run.read(doubted_id).scheduled_at
    assert starts_at is not None
    assert not resolver.is_last_moment(run.provider, doubted_id)
    run.advance((starts_at - run.provider.now() - LAST_MOMENT + timedelta(seconds=1)).total_seconds())
    assert resolver.is_last_moment(run.provider, doubted_id)


def test_a_batch_without_a_known_start_may_call_at_any_moment(run: SandboxRun, doubted_id: str) -> None:
    run.faults(fault("getCallBatch", {"edit": {"scheduled_at": None}}))
    assert DoubtResolver(run.context, run.executor).is_last_moment(run.provider, doubted_id)


def test_the_owner_of_a_remote_is_the_address_that_records_it(run: SandboxRun, doubted_id: str) -> None:
    lock = run.ledger.lock
    assert find_owner(replace(lock), doubted_id) == (MARCH, run.ledger.resource_record(MARCH))
    with pytest.raises(StopIteration):
        find_owner(lock, "acb_unknown")
