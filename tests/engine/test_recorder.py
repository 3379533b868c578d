"""What an apply leaves in the lock apart from its requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from declarative.engine.recorder import Recorder
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.model.lock import CancelProgress, RemoteRecord, ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.planning.facts import Facts
from declarative.planning.plan import Task
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    KEY,
    LINEAGE,
    MARCH,
    NOON,
    SandboxRun,
    a_mark,
    a_remote,
    an_intent,
    batch_resource,
)


def task(run: SandboxRun, resource: Resource | None, *remotes: Remote, address: str = MARCH, **changes: Any) -> Task:
    facts = Facts(
        address=address,
        resource=resource,
        resource_record=run.ledger.resource_record(address),
        remotes={remote.id: remote for remote in remotes},
        now=NOON,
        key=KEY,
        lineage=LINEAGE,
    )
    return Task(address=address, facts=facts, **changes)


def record(run: SandboxRun, address: str = MARCH) -> ResourceRecord:
    return run.ledger.resource_record(address)


def test_a_remote_with_the_mark_of_an_open_intent_answers_it(run: SandboxRun) -> None:
    intent = an_intent(count=7)
    run.ledger.update(MARCH, intents={intent.mark: intent})
    Recorder(run.context).record_observed(task(run, batch_resource(ADA), a_remote("acb_1", mark=a_mark())))
    assert (record(run).remotes["acb_1"].count, dict(record(run).intents)) == (7, {})


def test_a_call_known_by_its_mark_alone_is_recorded_with_its_person(run: SandboxRun) -> None:
    remote = a_remote("ac_1", {ADA: Phase.REACHED}, route=Route.CALL, mark=a_mark(CALL))
    Recorder(run.context).record_observed(task(run, None, remote, address=CALL))
    assert record(run, CALL).remotes["ac_1"].person == KEY.digest_person(LINEAGE, ADA)


def test_what_was_done_under_an_earlier_address_moves_to_the_new_one(run: SandboxRun) -> None:
    run.ledger.update("batch/february", generation=4, remotes={"acb_1": RemoteRecord(route=Route.BATCH)})
    Recorder(run.context).record_observed(task(run, batch_resource(ADA), renamed_from=("batch/february",)))
    assert (record(run).generation, list(record(run).remotes)) == (4, ["acb_1"])
    assert run.ledger.resource_record("batch/february").tombstone


def test_only_a_complete_and_clean_run_counts_as_applied_in_full(run: SandboxRun) -> None:
    resource, recorder = batch_resource(ADA, BOB), Recorder(run.context)
    failed = ResourceResult(problems=[Receipt(RequestStatus.FAILED)])
    for changes, result in (({}, failed), ({"complete": False}, ResourceResult()), ({}, ResourceResult(unplanned=1))):
        todo = task(run, resource, **changes)
        recorder.record_result(todo, todo.facts, result)
        assert (record(run).count, record(run).numbers) == (2, "")
    todo = task(run, resource)
    recorder.record_result(todo, todo.facts, ResourceResult())
    assert record(run).numbers == resource.recipients.numbers


def test_an_address_is_unchanged_until_its_facts_change_only_once_all_is_over(run: SandboxRun) -> None:
    resource, recorder = batch_resource(ADA), Recorder(run.context)
    for phase, over in ((Phase.QUEUED, False), (Phase.UNKNOWN, True), (Phase.REACHED, True)):
        todo = task(run, resource, a_remote("acb_1", {ADA: phase}, mark=a_mark()))
        recorder.record_observed(todo)
        recorder.record_result(todo, todo.facts, ResourceResult())
        assert (record(run).quiet is not None) is over


def test_an_unwanted_address_is_a_tombstone_once_nothing_of_it_calls(run: SandboxRun) -> None:
    recorder = Recorder(run.context)
    run.ledger.update(MARCH, generation=1)
    for phase, tombstone in ((Phase.QUEUED, False), (Phase.REACHED, True)):
        todo = task(run, None, a_remote("acb_1", {ADA: phase}), cancels=("acb_1",))
        recorder.record_result(todo, todo.facts, ResourceResult())
        assert record(run).tombstone is tombstone


def test_an_address_with_an_open_request_is_no_tombstone(run: SandboxRun) -> None:
    intent = an_intent()
    run.ledger.update(MARCH, intents={intent.mark: intent})
    todo = task(run, None, forget=True)
    Recorder(run.context).record_result(todo, todo.facts, ResourceResult())
    assert not record(run).tombstone


def test_a_batch_that_shows_a_waiting_person_is_no_tombstone_whatever_its_counters_say(run: SandboxRun) -> None:
    run.ledger.update(MARCH, generation=1)
    counted_out = a_remote("acb_1", {ADA: Phase.QUEUED}, dispatched=1, finished=1)
    todo = task(run, None, counted_out, cancels=("acb_1",))
    Recorder(run.context).record_result(todo, todo.facts, ResourceResult())
    assert not record(run).tombstone


def test_an_address_whose_cancel_failed_is_no_tombstone(run: SandboxRun) -> None:
    run.ledger.update(MARCH, generation=1)
    todo = task(run, None, a_remote("acb_1", {ADA: Phase.REACHED}), cancels=("acb_1",))
    failed = ResourceResult(problems=[Receipt(RequestStatus.FAILED, "acb_1", "not confirmed")])
    Recorder(run.context).record_result(todo, todo.facts, failed)
    assert not record(run).tombstone


def test_an_address_is_read_again_while_a_person_is_on_the_phone_whatever_the_counters_say(run: SandboxRun) -> None:
    counted_out = a_remote("acb_1", {ADA: Phase.IN_FLIGHT}, mark=a_mark(), dispatched=1, finished=1)
    todo, recorder = task(run, batch_resource(ADA), counted_out), Recorder(run.context)
    recorder.record_observed(todo)
    recorder.record_result(todo, todo.facts, ResourceResult())
    assert record(run).quiet is None


def test_a_cancel_whose_answer_was_lost_is_dated_when_it_is_first_seen(run: SandboxRun) -> None:
    known = RemoteRecord(route=Route.BATCH, cancel=CancelProgress.ASKED)
    run.ledger.update(MARCH, generation=1, remotes={"acb_1": known})
    seen = a_remote("acb_1", {ADA: Phase.CANCELLED}, cancelled=True)
    todo = task(run, None, seen)
    todo = replace(todo, facts=replace(todo.facts, cancel_settles=timedelta(minutes=1)))
    Recorder(run.context).record_observed(todo)
    assert record(run).remotes["acb_1"].cancelled_at == NOON


def test_a_batch_that_shows_fewer_people_than_were_sent_is_not_settled(run: SandboxRun) -> None:
    run.ledger.update(MARCH, generation=1, remotes={"acb_1": RemoteRecord(route=Route.BATCH, count=2)})
    todo = task(run, batch_resource(ADA, BOB), a_remote("acb_1", {ADA: Phase.REACHED}))
    Recorder(run.context).record_observed(todo)
    assert not record(run).remotes["acb_1"].settled


def test_a_person_who_is_shown_after_all_is_not_looked_for_any_more(run: SandboxRun) -> None:
    ada, bob = (KEY.digest_person(LINEAGE, number) for number in (ADA, BOB))
    run.ledger.update(MARCH, unseen=tuple(sorted((ada, bob))))
    remotes = (a_remote("acb_1", {ADA: Phase.QUEUED}), a_remote("acb_2", {BOB: Phase.CANCELLED}))
    Recorder(run.context).record_observed(task(run, batch_resource(ADA, BOB), *remotes))
    assert run.ledger.resource_record(MARCH).unseen == (bob,), "who reads cancelled may have been sent elsewhere"
