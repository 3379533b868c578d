"""Who may still be called: approved, not sent in this round, not called in this run, in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import polars as pl

from declarative.engine.eligibility import Eligibility
from declarative.engine.results import Receipt, RequestStatus
from declarative.model.calling_hours import CallingHours, Window
from declarative.model.policy import Policy
from declarative.model.resource import Route
from declarative.planning.closing import CallRate, Closing
from declarative.planning.plan import Task
from tests.engine.sandbox_run import ADA, BOB, MARCH, SandboxRun, batch_resource
from tests.planning.facts_fixture import make_facts

BOTH = batch_resource(ADA, BOB).recipients.frame
ONLY_ADA = BOTH.filter(number=ADA)
DONE = Receipt(RequestStatus.DONE, "acb_1")
UNSURE = Receipt(RequestStatus.UNSURE, mark="m1")
EVERYONE = pl.Series([ADA, BOB])


def select(eligibility: Eligibility, approved: pl.Series | None = EVERYONE) -> list[str]:
    return eligibility.select_approved(MARCH, BOTH, approved).get_column("number").to_list()


def test_no_one_is_called_who_was_not_approved(run: SandboxRun) -> None:
    assert select(Eligibility(run.context), pl.Series([BOB])) == [BOB]
    assert select(Eligibility(run.context), None) == []


def test_no_one_is_sent_twice_in_a_round(run: SandboxRun) -> None:
    eligibility = Eligibility(run.context)
    eligibility.record_sent(MARCH, ONLY_ADA)
    assert select(eligibility) == [BOB]


def test_a_new_round_excludes_people_who_were_called_and_not_those_of_a_failed_request(run: SandboxRun) -> None:
    eligibility = Eligibility(run.context)
    eligibility.record_sent(MARCH, BOTH)
    eligibility.record_outcome(MARCH, DONE, ONLY_ADA)
    eligibility.record_outcome(MARCH, Receipt(RequestStatus.FAILED), BOTH.filter(number=BOB))
    eligibility.begin_round()
    assert select(eligibility) == [BOB]


def test_people_of_an_unsure_request_count_as_called_once_it_is_found(run: SandboxRun) -> None:
    for was_done, expected in ((True, [BOB]), (False, [ADA, BOB])):
        eligibility = Eligibility(run.context)
        eligibility.record_outcome(MARCH, UNSURE, ONLY_ADA)
        eligibility.settle_unsure(MARCH, "m1", was_done=was_done)
        eligibility.begin_round()
        assert select(eligibility) == expected


def test_no_one_is_called_whose_calling_hours_ended_meanwhile(run: SandboxRun) -> None:
    eligibility = Eligibility(run.context)
    hour = run.provider.now() - timedelta(hours=3)
    closed = CallingHours((Window(time(hour.hour), time((hour.hour + 1) % 24)),), "UTC")
    resource = batch_resource(ADA, policy=Policy(calling_hours=closed))
    assert eligibility.select_callable(resource, ONLY_ADA).is_empty()
    assert not eligibility.can_call_all(resource, ONLY_ADA)
    assert eligibility.can_call_all(batch_resource(ADA), ONLY_ADA)


def test_only_people_who_can_be_begun_before_the_end_are_selected(run: SandboxRun) -> None:
    now, guard = run.provider.now(), run.context.guard("cartesia")
    start, end = now - timedelta(hours=1), (now + timedelta(minutes=30)).replace(second=0, microsecond=0)
    hours = CallingHours((Window(start.time().replace(tzinfo=None), end.time()),), "UTC")
    # The second person is begun half a minute before the end, and a minute is kept for the way to the provider.
    length = end - now - guard - timedelta(seconds=30)
    resource = batch_resource(ADA, BOB, policy=Policy(calling_hours=hours), expected_call=length)
    eligibility = Eligibility(run.context)
    assert eligibility.select_callable(resource, BOTH).get_column("number").to_list() == [ADA]
    assert eligibility.can_call_all(resource, BOTH)
    assert not eligibility.can_call_all(replace(resource, expected_call=length + timedelta(minutes=1)), BOTH)
    quick = replace(resource, expected_call=timedelta(minutes=3))
    assert eligibility.select_callable(quick, BOTH).get_column("number").to_list() == [ADA, BOB]


def test_the_concurrency_that_a_batch_has_shown_counts(run: SandboxRun) -> None:
    now = run.provider.now()
    end = (now + timedelta(minutes=10)).replace(second=0, microsecond=0)
    hours = CallingHours((Window((now - timedelta(hours=1)).time().replace(tzinfo=None), end.time()),), "UTC")
    resource = batch_resource(ADA, BOB, policy=Policy(calling_hours=hours), expected_call=timedelta(hours=1))
    assert CallRate.of(resource, run.context.capabilities("cartesia", Route.BATCH)).at_once == 1
    eligibility = Eligibility(run.context)
    assert len(eligibility.select_callable(resource, BOTH)) == 1
    rate = CallRate(1.0, 2, resource.expected_call)
    facts = make_facts(wanted=resource, closing=Closing(now, end, None, rate))
    eligibility.begin_round([Task(address=resource.address, facts=facts)])
    assert len(eligibility.select_callable(resource, BOTH)) == 2


def test_a_guard_beyond_the_expiry_keeps_people_from_a_batch_and_not_from_a_retry(run: SandboxRun) -> None:
    eligibility = Eligibility(run.context)
    resource = batch_resource(ADA, expires_at=run.provider.now() + timedelta(minutes=1))
    assert not eligibility.is_expired(resource)
    assert not eligibility.can_call_all(resource, ONLY_ADA)
    assert eligibility.can_call_all(resource, ONLY_ADA, is_retry=True)
    run.advance(61)
    assert eligibility.is_expired(resource)
