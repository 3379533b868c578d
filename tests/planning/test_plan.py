"""The plan as a value: its sums, its order, and the checksum by which two plans are called the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import Action, Plan, count_values, main_reason, sort_actions
from tests.planning.actions_fixture import compose_one
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import ABLE_TO_RETRY, ADDRESS, NOON, batch, knowing, make_facts, members, resource


def action(verb: Verb, people: int = 1, reason: Reason = Reason.NEW, **changes: Any) -> Action:
    known = {"address": ADDRESS, "verb": verb, "reason": reason, "provider": "cartesia", "people": people}
    return Action(**{**known, **changes})


def plan(*actions: Action, **changes: Any) -> Plan:
    return Plan(project="spring", created_at=NOON, actions=actions, **changes)


ALL = [action(verb, 10 + place) for place, verb in enumerate(Verb)]


def test_people_to_call_are_those_in_requests_that_dial() -> None:
    assert plan(*ALL).people_to_call == 10 + 11 + 12
    assert plan(*ALL).people_moved == 11


@pytest.mark.parametrize("verb", Verb)
def test_it_sends_and_it_is_empty(verb: Verb) -> None:
    assert plan(action(verb)).sends is (verb in (Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.CANCEL))
    assert plan(action(verb)).is_empty is (verb in (Verb.KEEP, Verb.WAIT))


def test_no_action_is_empty() -> None:
    assert plan().is_empty
    assert not plan().sends
    assert plan().next_at is None


def test_the_next_time_is_the_first_of_all_waits() -> None:
    times = [NOON + timedelta(hours=hour) for hour in (3, 1, 2)]
    waits = [action(Verb.WAIT, next_at=moment) for moment in times]
    assert plan(*waits, action(Verb.WAIT)).next_at == NOON + timedelta(hours=1)


@pytest.mark.parametrize(("reason", "human"), [(Reason.UNSURE, True), (Reason.LOST, True), (Reason.NOT_READ, False)])
def test_a_block_needs_a_human_unless_the_provider_could_not_be_read(reason: Reason, human: bool) -> None:
    assert plan(action(Verb.BLOCK, reason=reason)).needs_human is human
    assert plan(action(Verb.BLOCK, reason=reason)).has_unread is not human or reason is not Reason.NOT_READ


def test_what_is_being_applied_needs_no_human() -> None:
    assert not plan(action(Verb.BLOCK, reason=Reason.BEING_APPLIED)).needs_human


def test_actions_are_ordered_by_manifest_and_then_by_verb_the_gone_last() -> None:
    actions = [
        action(Verb.CANCEL, address="batch/gone"),
        action(Verb.CANCEL, address="batch/b"),
        action(Verb.CREATE, address="batch/b"),
        action(Verb.CREATE, address="batch/a"),
        action(Verb.CANCEL, address="batch/also-gone"),
    ]
    order = [(one.address, str(one.verb)) for one in sort_actions(actions, ["batch/b", "batch/a"])]
    assert order == [
        ("batch/b", "create"),
        ("batch/b", "cancel"),
        ("batch/a", "create"),
        ("batch/also-gone", "cancel"),
        ("batch/gone", "cancel"),
    ]


def test_counts_have_the_most_frequent_first_and_leave_out_nothing_said() -> None:
    counts = count_values(pl.Series(["twins", "added", None, "added"]))
    assert list(counts.items()) == [("added", 2), ("twins", 1)]
    assert main_reason(counts) is Reason.ADDED


# -- checksum -----------------------------------------------------------------------------------------------------


def made(of: Any) -> Plan:
    actions, work = compose_one(Observation(facts=of, provider="cartesia"), BATCHES)
    return plan(*actions, tasks={ADDRESS: work} if work else {})


def created(who: str = "a", **changes: Any) -> str:
    return made(make_facts(wanted=resource(who, **changes), record=knowing())).checksum


def test_the_same_facts_have_the_same_checksum_whenever_it_was_made() -> None:
    assert created() == created()
    assert replace(made(make_facts(wanted=resource("a"))), created_at=NOON + timedelta(days=1)).checksum == created()


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert created("ab") == created("ba")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("b", {}), id="other people"),
        pytest.param(("ab", {}), id="more people"),
        pytest.param(({"a": '{"x":1}'}, {}), id="other data"),
        pytest.param(("a", {"settings": {"agent_id": "agent_b"}}), id="another agent"),
    ],
)
def test_a_plan_that_would_call_otherwise_has_another_checksum(other: tuple[Any, dict[str, Any]]) -> None:
    who, changes = other
    assert created(who, **changes) != created()


def test_batches_that_are_cancelled_or_retried_are_in_the_checksum() -> None:
    def checksum(remote_id: str, phase: Phase, wanted: Any) -> str:
        return made(make_facts(batch(remote_id, members(a=phase)), wanted=wanted)).checksum

    again = resource("a", retry=ABLE_TO_RETRY)
    assert checksum("b1", Phase.QUEUED, None) != checksum("b2", Phase.QUEUED, None)
    assert checksum("b1", Phase.QUEUED, None) != checksum("b1", Phase.REACHED, None)
    assert checksum("b1", Phase.UNREACHED, again) != checksum("b1", Phase.REACHED, again)


def test_a_block_is_in_the_checksum_and_a_keep_is_not() -> None:
    assert plan(action(Verb.BLOCK)).checksum != plan().checksum
    assert plan(action(Verb.KEEP, 7)).checksum == plan(action(Verb.KEEP, 8)).checksum


def test_projects_differ() -> None:
    assert replace(plan(*ALL), project="summer").checksum != plan(*ALL).checksum


def test_a_block_that_names_no_way_out_has_none() -> None:
    assert Block(Reason.LOST, "gone").hint == ""
