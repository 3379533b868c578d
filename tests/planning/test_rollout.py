"""Steps of a campaign: how many people a run submits, who they are, and when the next step opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.lock import CancelProgress
from declarative.model.policy import Rollout, Step
from declarative.model.remote import Phase
from declarative.planning import standing
from declarative.planning.resubmit import recipients_to_resubmit
from declarative.planning.rollout import find_step
from tests.planning.facts_fixture import (
    NOON,
    batch,
    decisions,
    knowing,
    letter,
    make_facts,
    members,
    remembered,
    resource,
    verbs,
)

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
TWO_THEN_ALL = Rollout((Step(2), Step(100, is_share=True)))
ENDED_AT = NOON - timedelta(hours=1)


def test_the_first_step_takes_people_in_the_order_of_the_manifest() -> None:
    facts = make_facts(wanted=resource("cabd", rollout=TWO_THEN_ALL))
    assert decisions(facts) == {
        "c": ("create", "added"),
        "a": ("create", "added"),
        "b": ("wait", "rollout"),
        "d": ("wait", "rollout"),
    }


@pytest.mark.parametrize("phase", [QUEUED, IN_FLIGHT])
def test_the_next_step_waits_until_all_calls_are_over(phase: Phase) -> None:
    facts = make_facts(batch("b1", members(a=REACHED, b=phase)), wanted=resource("abcd", rollout=TWO_THEN_ALL))
    assert verbs(facts) == {"a": "keep", "b": "keep", "c": "wait", "d": "wait"}


@pytest.mark.parametrize("phase", [REACHED, UNREACHED, REFUSED])
def test_the_next_step_opens_once_all_calls_are_over(phase: Phase) -> None:
    facts = make_facts(batch("b1", members(a=REACHED, b=phase)), wanted=resource("abcd", rollout=TWO_THEN_ALL))
    assert {verbs(facts)["c"], verbs(facts)["d"]} == {"create"}


def test_a_pause_is_kept_after_the_last_change_of_the_batch() -> None:
    over = batch("b1", members(a=REACHED, b=REACHED), last_updated_at=ENDED_AT.isoformat())
    rollout = Rollout(TWO_THEN_ALL.steps, pause=timedelta(hours=2))
    facts = make_facts(over, wanted=resource("abc", rollout=rollout))
    assert verbs(facts)["c"] == "wait"
    people, finished = standing.decide_open(facts)
    step = find_step(facts, rollout, people, finished.people, 3)
    assert (step.opens_at, step.waits_for) == (ENDED_AT + timedelta(hours=2), "step 2 of 2: 2 of 2 are over")
    later = make_facts(over, wanted=resource("abc", rollout=rollout), now=ENDED_AT + timedelta(hours=2))
    assert verbs(later)["c"] == "create"


def test_an_ending_without_a_time_counts_as_now() -> None:
    over = batch("b1", members(a=REACHED, b=REACHED), last_updated_at="")
    rollout = Rollout(TWO_THEN_ALL.steps, pause=timedelta(minutes=1))
    assert verbs(make_facts(over, wanted=resource("abc", rollout=rollout)))["c"] == "wait"


def test_steps_that_were_made_smaller_open_nothing_by_themselves() -> None:
    """Two people are called by a step of two. A step of one makes them more than a step, and not a reason to go on."""
    running = batch("b1", members(a=REACHED, b=IN_FLIGHT))
    smaller = Rollout((Step(1), Step(100, is_share=True)))
    assert verbs(make_facts(running, wanted=resource("abc", rollout=smaller)))["c"] == "wait"


def test_people_who_move_are_not_held_by_the_step_that_admitted_them() -> None:
    running = batch("b1", members(a=IN_FLIGHT, b=QUEUED, c=QUEUED))
    wanted = resource("abcd", rollout=Rollout((Step(1),)), settings={"agent_id": "agent_b"}, settings_digest="new")
    assert verbs(make_facts(running, wanted=wanted)) == {"a": "keep", "b": "replace", "c": "replace", "d": "wait"}
    stopped = batch("b1", members(a=IN_FLIGHT, b=CANCELLED, c=CANCELLED), cancelled=True)
    record = replace(knowing(stopped), remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    facts = make_facts(stopped, wanted=wanted, record=record)
    moved = recipients_to_resubmit(facts, stopped)
    assert sorted(letter(who) for who in moved.get_column("number")) == ["b", "c"]


_PHASES = st.sampled_from([None, REACHED, UNREACHED, REFUSED, IN_FLIGHT, QUEUED])
_STEPS = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).map(sorted)


@given(phases=st.lists(_PHASES, min_size=1, max_size=10), limits=_STEPS)
def test_a_step_is_never_exceeded_and_nobody_is_lost(phases: list[Phase | None], limits: list[int]) -> None:
    people = "abcdefghij"[: len(phases)]
    seen = {who: phase for who, phase in zip(people, phases, strict=True) if phase is not None}
    remotes = [batch("b1", members(**seen))] if seen else []
    rollout = Rollout(tuple(Step(limit) for limit in limits))
    found = verbs(make_facts(*remotes, wanted=resource(people, rollout=rollout)))
    new = [who for who in people if who not in seen]
    created = [who for who in new if found[who] == "create"]
    assert {found[who] for who in new} <= {"create", "wait"}
    assert created == new[: len(created)]
    bound = next((limit for limit in limits if limit > len(seen)), len(people))
    assert len(seen) + len(created) <= max(bound, len(seen))
    going_on = any(phase in (QUEUED, IN_FLIGHT) for phase in seen.values())
    if going_on and limits[0] <= len(seen) and limits[0] < len(people):
        assert not created
    if not going_on and new:
        assert created
