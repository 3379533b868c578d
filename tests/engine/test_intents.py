"""What is durable before a request is sent: mark, people, earliest call."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import polars as pl
import pytest

from declarative.engine.intents import IntentWriter
from declarative.model import frames
from declarative.model.lock import RemoteRecord, RequestKind
from declarative.model.mark import address_hash
from declarative.model.resource import Route
from declarative.providers.http.connection import HttpConnection
from declarative.state.format import parse_lock
from declarative.state.local import LocalBackend
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    KEY,
    LINEAGE,
    MARCH,
    SandboxRun,
    a_mark,
    a_remote,
    batch_resource,
    call_resource,
    open_run,
)


def test_an_intent_is_on_disk_before_its_submission_is_returned(run: SandboxRun, tmp_path: Path) -> None:
    resource = batch_resource(ADA, BOB)
    intent, submission = IntentWriter(run.context).write_submission(resource, resource.recipients.frame, 1)
    stored = parse_lock(LocalBackend(tmp_path).load())
    assert stored is not None
    assert stored.resources[MARCH].intents == {intent.mark: intent}
    assert (str(submission.mark), submission.recipients.height) == (intent.mark, intent.count)
    assert run.operations().count("createCallBatch") == 0


@pytest.mark.parametrize("numbers", [(BOB, ADA), (ADA,)])
def test_the_digests_are_those_of_the_people_that_are_sent(run: SandboxRun, numbers: tuple[str, ...]) -> None:
    resource = batch_resource(ADA, BOB)
    frame = pl.concat(resource.recipients.frame.filter(number=number) for number in numbers)
    intent, _ = IntentWriter(run.context).write_submission(resource, frame, 1)
    assert (intent.count, intent.numbers) == (len(numbers), frames.numbers_digest(frame, KEY))
    assert intent.payloads == frames.payloads_digest(frame, KEY)


def test_shards_of_one_run_share_a_generation_and_nothing_else(run: SandboxRun) -> None:
    resource, writer = batch_resource(ADA), IntentWriter(run.context)
    marks = [writer.write_submission(resource, resource.recipients.frame, 1)[1].mark for _ in range(2)]
    assert [(mark.generation, mark.shard) for mark in marks] == [(1, 1), (1, 2)]
    assert {mark.address for mark in marks} == {address_hash(MARCH)}
    next_run = IntentWriter(run.context)
    assert next_run.write_submission(resource, resource.recipients.frame, 1)[1].mark.generation == 2


def test_a_batch_starts_after_its_guard_by_the_providers_clock(run: SandboxRun) -> None:
    resource = batch_resource(ADA)
    intent, submission = IntentWriter(run.context).write_submission(resource, resource.recipients.frame, 1)
    assert submission.scheduled_at is not None
    assert timedelta(minutes=2) <= submission.scheduled_at - intent.sent_at <= timedelta(minutes=2, seconds=1)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_where_the_providers_clocks_differ_the_start_lies_ahead_of_both(run: SandboxRun, minutes: int) -> None:
    """The header may be ahead of the clock that judges `scheduled_at`, or behind it."""
    assert isinstance(run.provider, HttpConnection)
    offset, date = timedelta(minutes=minutes), run.provider.now().replace(microsecond=0)
    run.provider.client.clock.record_creation({"date": format_datetime(date, usegmt=True)}, date + offset)
    resource = batch_resource(ADA)
    earlier, later = run.provider.now(), run.provider.latest_now()
    assert later - earlier == abs(offset)
    intent, submission = IntentWriter(run.context).write_submission(resource, resource.recipients.frame, 1)
    assert submission.scheduled_at is not None
    assert submission.scheduled_at >= later + timedelta(minutes=2)
    assert abs(intent.sent_at - earlier) < timedelta(seconds=1), "what has passed is told by the earlier one"


def test_a_single_call_names_its_person_by_digest_and_has_no_guard(run: SandboxRun) -> None:
    resource = call_resource(ADA)
    intent, submission = IntentWriter(run.context).write_submission(resource, resource.recipients.frame, 1)
    assert (intent.person, submission.scheduled_at) == (KEY.digest_person(LINEAGE, ADA), None)
    assert ADA not in str(run.ledger.resource_record(CALL))


def test_a_retry_is_known_by_the_count_that_was_seen_before(run: SandboxRun) -> None:
    record = RemoteRecord(route=Route.BATCH, mark=str(a_mark()), attempt=2)
    run.ledger.update(MARCH, remotes={"acb_1": record}, generation=1)
    remote = a_remote("acb_1", retry_count=3)
    intent = IntentWriter(run.context).write_retry(batch_resource(ADA), remote, 1)
    assert (intent.request, intent.remote, intent.retry_count) == (RequestKind.RETRY, "acb_1", 3)
    assert run.ledger.resource_record(MARCH).intents == {"retry:acb_1:3": intent}


def test_people_are_counted_against_the_limit_before_they_are_sent(tmp_path: Path) -> None:
    resource = batch_resource(ADA, BOB)
    with open_run(tmp_path, max_dials=5) as run:
        IntentWriter(run.context).write_submission(resource, resource.recipients.frame, 1)
        assert run.context.budget.remaining == 3
