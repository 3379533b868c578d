"""One address: its actions for people to read, and the work behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase
from declarative.planning import diff as explain
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.facts import Facts
from tests.planning.cases import (
    ABLE_TO_RETRY,
    NOON,
    batch,
    call,
    call_resource,
    case,
    knowing,
    members,
    number,
    remembered,
    resource,
)
from tests.planning.composed import called, planned

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


# -- what is shown ------------------------------------------------------------------------------------------------


def test_a_first_submission_is_new_and_shows_its_settings() -> None:
    actions, work = planned(case(wanted=resource("ab", scheduled_at=NOON), record=ResourceRecord()))
    assert list(actions) == [Verb.CREATE]
    create = actions[Verb.CREATE]
    assert (create.reason, create.people, create.starts_at) == (Reason.NEW, 2, NOON)
    assert [(change.path, change.before) for change in create.changes] == [("spec.agent_id", None)]
    assert work is not None
    assert called(work) == [(number("a"), "create", 1), (number("b"), "create", 1)]


def test_a_submission_says_in_how_many_batches_where_one_does_not_take_all() -> None:
    actions, _ = planned(case(wanted=resource("abcdefg"), record=ResourceRecord()))
    assert actions[Verb.CREATE].counts["batches"] == 3
    actions, _ = planned(case(wanted=resource("abc"), record=ResourceRecord()))
    assert "batches" not in actions[Verb.CREATE].counts


def test_who_is_too_early_knows_when_they_will_be_called() -> None:
    day = NOON + timedelta(days=40)
    far = case(wanted=resource("a", scheduled_at=day), record=ResourceRecord(), timing=Timing.TOO_EARLY, opens_at=NOON)
    wait = planned(far)[0][Verb.WAIT]
    assert (wait.reason, wait.starts_at, wait.next_at) == (Reason.TOO_EARLY, day, NOON)


def test_further_people_are_added_without_the_settings_that_they_share() -> None:
    old = batch("b1", members(a=REACHED))
    record = knowing(old, numbers="of last time", settings={"agent_id": "agent_a"})
    create = planned(case(old, wanted=resource("ab"), record=record))[0][Verb.CREATE]
    assert (create.reason, create.people, create.changes) == (Reason.ADDED, 1, ())


def test_who_was_taken_off_by_us_is_submitted_again() -> None:
    gone = batch("b1", members(a=Phase.CANCELLED), cancelled=True)
    record = ResourceRecord(generation=1, remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    assert planned(case(gone, wanted=resource("a"), record=record))[0][Verb.CREATE].reason is Reason.SUBMITTED_AGAIN


def test_a_replace_shows_what_changed_and_counts_those_it_leaves_alone() -> None:
    running = batch("b1", members(a=QUEUED, b=REACHED, c=Phase.IN_FLIGHT))
    record = knowing(running, settings={"agent_id": "agent_old"})
    record = replace(record, remotes={"b1": remembered(settings="old")})
    actions, work = planned(case(running, wanted=resource("abc"), record=record))
    replaced = actions[Verb.REPLACE]
    assert (replaced.people, replaced.reason, replaced.remote_ids) == (1, Reason.SETTINGS_CHANGED, ("b1",))
    assert [(c.path, c.before, c.after) for c in replaced.changes] == [("spec.agent_id", "agent_old", "agent_a")]
    counts = {"total": 3, "known": 3, "called": 2, "queued": 1, "in_flight": 1}
    assert replaced.counts == counts
    assert work is not None
    assert (work.cancels, called(work)) == (("b1",), [(number("a"), "replace", 1)])


def test_settings_that_the_lock_keeps_as_digests_are_no_change() -> None:
    told = {"agent_id": "agent_a", "instructions": "Say hello.", "from_number": "+14155550199"}
    running = batch("b1", members(a=QUEUED))
    record = knowing(running, settings=explain.redact_settings(told | {"agent_id": "agent_old"}))
    record = replace(record, remotes={"b1": remembered(settings="old")})
    replaced = planned(case(running, wanted=resource("a", settings=told), record=record))[0][Verb.REPLACE]
    assert [change.path for change in replaced.changes] == ["spec.agent_id"]


def test_a_cancel_counts_who_is_in_flight_and_names_its_batches() -> None:
    running = batch("b1", members(a=QUEUED, b=QUEUED, c=Phase.IN_FLIGHT))
    actions, work = planned(case(running, wanted=None))
    cancel = actions[Verb.CANCEL]
    assert (cancel.people, cancel.reason, cancel.remote_ids) == (2, Reason.REMOVED, ("b1",))
    assert cancel.counts["in_flight"] == 1
    assert work is not None
    assert (work.cancels, work.forget, len(work.to_call)) == (("b1",), False, 0)


def test_the_reasons_of_a_verb_are_counted_and_the_most_frequent_leads() -> None:
    running = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=QUEUED))
    replaced = planned(case(running, wanted=resource("bcd")))[0]
    assert replaced[Verb.REPLACE].reasons == {"batch_mates": 3}
    assert replaced[Verb.CANCEL].reasons == {"not_desired": 1}


# -- retries ------------------------------------------------------------------------------------------------------


def ended(wanted: str = "ab", **known: Any) -> Facts:
    over = batch("b1", members(a=UNREACHED, b=REACHED))
    sent = {"count": 2, "payloads": resource("ab").recipients.payloads, **known}
    record = ResourceRecord(generation=1, remotes={"b1": remembered(**sent)})
    return case(over, wanted=resource(wanted, retry=ABLE_TO_RETRY), record=record)


def test_a_retry_by_request_calls_nobody_by_a_new_batch() -> None:
    actions, work = planned(ended())
    retry = actions[Verb.RETRY]
    assert (retry.people, retry.remote_ids, retry.outcomes) == (1, ("b1",), {"dial_no_answer": 1})
    assert (retry.counts["attempt"], retry.counts["attempts"]) == (2, 2)
    assert work is not None
    assert (work.requests, len(work.to_call)) == (("b1",), 0)


def test_a_retry_that_the_request_cannot_do_is_a_new_batch_of_the_next_attempt() -> None:
    actions, work = planned(ended(payloads=None))
    assert (actions[Verb.RETRY].people, actions[Verb.RETRY].remote_ids) == (1, ())
    assert work is not None
    assert (work.requests, called(work)) == ((), [(number("a"), "retry", 2)])


def test_a_wait_says_when_it_ends() -> None:
    of = ended()
    assert of.resource is not None
    resting = replace(of.resource, retry=replace(ABLE_TO_RETRY, after=timedelta(hours=4)))
    actions, work = planned(replace(of, resource=resting))
    wait = actions[Verb.WAIT]
    assert (wait.reason, wait.people, wait.next_at) == (Reason.RETRY_AFTER, 1, NOON + timedelta(hours=3))
    assert work is not None
    assert (work.due_later, work.complete) == (True, True)


def test_a_wait_for_the_hours_ends_when_they_open() -> None:
    opens = NOON + timedelta(hours=5)
    of = case(wanted=resource("ab"), record=ResourceRecord(), timing=Timing.CLOSED, opens_at=opens)
    actions, work = planned(of)
    assert (actions[Verb.WAIT].people, actions[Verb.WAIT].next_at) == (2, opens)
    assert work is not None
    assert (work.due_later, work.complete) == (True, False)


# -- nothing to do ------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_one_keep_of_everybody() -> None:
    actions, work = planned(case(batch("b1", members(a=REACHED, b=QUEUED)), wanted=resource("ab")))
    assert [(a.verb, a.reason, a.people) for a in actions.values()] == [(Verb.KEEP, Reason.UNCHANGED, 2)]
    assert work is not None
    assert work.complete


def test_a_quiet_resource_is_kept_without_its_people() -> None:
    actions, work = planned(case(wanted=resource("ab"), record=ResourceRecord(generation=1)), unchanged=True)
    assert (actions[Verb.KEEP].people, work and work.unchanged) == (2, True)


@pytest.mark.parametrize(
    "edited",
    [call_resource("b"), call_resource("a", settings={"agent_id": "agent_b"}), call_resource({"a": '{"x":1}'})],
    ids=["its number", "its agent", "its data"],
)
def test_an_edited_call_is_called_once_all_the_same(edited: Any) -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").recipients
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    actions, _ = planned(case(placed, wanted=edited, record=record))
    assert [(a.verb, a.reason) for a in actions.values()] == [(Verb.KEEP, Reason.CALLED_ONCE)]


def test_an_unedited_call_is_unchanged() -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").recipients
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    assert planned(case(placed, wanted=call_resource("a"), record=record))[0][Verb.KEEP].reason is Reason.UNCHANGED
