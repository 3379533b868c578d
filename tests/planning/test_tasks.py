"""The task behind the actions of one address; and what holds of it whatever was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from declarative.model.lock import RequestKind, ResourceRecord
from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.facts import Facts
from tests.planning.actions_fixture import actions_of, called, task_of
from tests.planning.drawn_scenes import facts_of, scenes
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    NOON,
    batch,
    intent,
    make_facts,
    members,
    number,
    open_intents,
    remembered,
    resource,
)
from tests.planning.people_oracle import Scene

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def ended(wanted: str = "ab", **known: Any) -> Facts:
    over = batch("b1", members(a=UNREACHED, b=REACHED))
    sent = {"count": 2, "payloads": resource("ab").recipients.payloads, **known}
    record = ResourceRecord(generation=1, remotes={"b1": remembered(**sent)})
    return make_facts(over, wanted=resource(wanted, retry=ABLE_TO_RETRY), record=record)


def test_over_and_no_longer_wanted_is_forgotten() -> None:
    actions, task = actions_of(make_facts(batch("b1", members(a=REACHED)), wanted=None))
    assert [(a.verb, a.reason) for a in actions.values()] == [(Verb.FORGET, Reason.OVER)]
    assert task is not None
    assert task.forget


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(make_facts(batch("b1", members(a=Phase.IN_FLIGHT)), wanted=None), id="somebody still speaks"),
        pytest.param(
            make_facts(
                batch("b1", members(a=REACHED)),
                wanted=None,
                record=ResourceRecord(generation=1, remotes={"b1": remembered()}, intents=open_intents(intent())),
            ),
            id="an answer was lost",
        ),
    ],
)
def test_it_is_not_forgotten_while(of: Facts) -> None:
    assert not task_of(of).forget


@pytest.mark.parametrize(("phase", "later"), [(Phase.IN_FLIGHT, True), (REACHED, False)])
def test_whoever_is_called_under_also_right_now_may_be_due_later(phase: Phase, later: bool) -> None:
    theirs = batch("x1", members(a=phase), mark=None)
    of = make_facts(theirs, wanted=resource("a", also=("x1",)), record=ResourceRecord(), also=frozenset({"x1"}))
    assert task_of(of).due_later is later


# -- retries -----------------------------------------------------------------------------------------------------------


def test_a_retry_by_request_calls_nobody_by_a_new_batch() -> None:
    actions, task = actions_of(ended())
    retry = actions[Verb.RETRY]
    assert (retry.people, retry.remote_ids, retry.outcomes) == (1, ("b1",), {"dial_no_answer": 1})
    assert (retry.counts["attempt"], retry.counts["attempts"]) == (2, 2)
    assert task is not None
    assert (task.requests, len(task.to_call)) == (("b1",), 0)


def test_a_retry_that_the_request_cannot_do_is_a_new_batch_of_the_next_attempt() -> None:
    actions, task = actions_of(ended(payloads=None))
    assert (actions[Verb.RETRY].people, actions[Verb.RETRY].remote_ids) == (1, ())
    assert task is not None
    assert (task.requests, called(task)) == ((), [(number("a"), "retry", 2)])


def test_a_wait_says_when_it_ends() -> None:
    of = ended()
    assert of.resource is not None
    resting = replace(of.resource, retry=replace(ABLE_TO_RETRY, after=timedelta(hours=4)))
    actions, task = actions_of(replace(of, resource=resting))
    wait = actions[Verb.WAIT]
    assert (wait.reason, wait.people, wait.next_at) == (Reason.RETRY_AFTER, 1, NOON + timedelta(hours=3))
    assert task is not None
    assert (task.due_later, task.complete) == (True, True)


def test_a_wait_for_the_hours_ends_when_they_open() -> None:
    opens = NOON + timedelta(hours=5)
    of = make_facts(wanted=resource("ab"), record=ResourceRecord(), timing=Timing.CLOSED, opens_at=opens)
    actions, task = actions_of(of)
    assert (actions[Verb.WAIT].people, actions[Verb.WAIT].next_at) == (2, opens)
    assert task is not None
    assert (task.due_later, task.complete) == (True, False)


# -- whatever was seen --------------------------------------------------------------------------------------------


@given(scenes)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_the_work_is_what_the_actions_say(scene: Scene) -> None:
    actions, task = actions_of(facts_of(scene))
    assert task is not None
    assert "+1415" not in repr(list(actions.values())), "no number in what is shown"
    by_request = sum(
        len(frame.filter(pl.col("phase") == UNREACHED))
        for key in task.requests
        if (frame := task.facts.remotes[key].members) is not None
    )
    assert sum(a.people for a in actions.values() if a.verb.dials) == len(task.to_call) + by_request
    assert task.to_call.get_column("number").is_unique().all()
    assert bool(task.cancels) == bool({Verb.CANCEL, Verb.REPLACE} & set(actions))
    named = {key for verb in (Verb.CANCEL, Verb.REPLACE) if verb in actions for key in actions[verb].remote_ids}
    assert named == set(task.cancels)


def test_a_retry_whose_answer_was_lost_is_not_asked_for_again() -> None:
    doubted = intent(request=RequestKind.RETRY, remote="b1", mark="retry:b1:0", retry_count=0)
    of = ended()
    actions, task = actions_of(replace(of, resource_record=replace(of.resource_record, intents=open_intents(doubted))))
    assert set(actions) == {Verb.BLOCK}
    assert task is not None
    assert (task.requests, len(task.to_call)) == ((), 0)
