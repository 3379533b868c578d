"""Campaigns that look renamed: who is blocked, and what the user is told to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from declarative.model.lock import ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Resource
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation
from declarative.planning.renames import block_renames
from tests.planning.facts_fixture import (
    batch,
    call_resource,
    intent,
    knowing,
    make_facts,
    members,
    open_intents,
    person,
    remembered,
    resource,
)

OLD_BATCH = batch("b1", members(a=Phase.REACHED, b=Phase.QUEUED))


def new(people: str = "abc", **changes: Any) -> Observation:
    wanted = resource(people, **{"address": "batch/april", **changes})
    return Observation(facts=make_facts(wanted=wanted, record=ResourceRecord()), provider="cartesia")


def leaving(**changes: Any) -> Observation:
    """batch/march with a and b, whose manifest is gone."""
    return Observation(facts=make_facts(OLD_BATCH, wanted=None), provider="cartesia", **changes)


def blocked(*observations: Observation) -> dict[str, str]:
    """Address to detail."""
    blocks = {one.facts.address: one.block for one in block_renames(observations)}
    assert all(block is None or block.reason is Reason.LOOKS_RENAMED for block in blocks.values())
    return {address: block.detail for address, block in blocks.items() if block}


def test_a_new_batch_with_people_of_one_that_leaves_blocks_both() -> None:
    assert blocked(new(), leaving()) == {
        "batch/april": "2 of its people are those of batch/march, which leaves in this plan",
        "batch/march": "batch/april would call people who were submitted as batch/march",
    }


def test_the_hint_names_the_earlier_address_and_the_way_apart() -> None:
    block = block_renames([new(), leaving()])[0].block
    assert block is not None
    assert "metadata.previously: [batch/march]" in block.hint
    assert "if not, run dialctl destroy once" in block.hint


@pytest.mark.parametrize(
    "observation",
    [
        pytest.param(new("cd"), id="it has other people"),
        pytest.param(new(paused=True), id="it is paused"),
        pytest.param(replace(new(), unchanged=True), id="it is unchanged"),
    ],
)
def test_nothing_is_blocked_where(observation: Observation) -> None:
    assert blocked(observation, leaving()) == {}


def test_a_call_is_never_taken_for_a_renamed_batch() -> None:
    one = Observation(facts=make_facts(wanted=call_resource("a"), record=ResourceRecord()), provider="cartesia")
    assert blocked(one, leaving()) == {}


def test_a_tombstone_does_not_leave_again() -> None:
    tombstone = make_facts(OLD_BATCH, wanted=None, record=knowing(OLD_BATCH, tombstone=True))
    assert blocked(new(), Observation(facts=tombstone, provider="cartesia")) == {}


def test_people_whose_lost_batch_leaves_may_be_among_the_new() -> None:
    record = ResourceRecord(generation=1, intents=open_intents(intent(count=7)))
    lost = Observation(facts=make_facts(wanted=None, record=record), provider="cartesia")
    details = blocked(new(), lost)
    assert details["batch/april"].endswith("who was in its lost request of 7 people is not known")
    assert "batch/march" not in details, "it may go: its intent is kept"
    block = block_renames([new(), lost])[0].block
    assert block is not None
    assert "dialctl resolve batch/march --not-placed" in block.hint


def test_people_remembered_by_digest_count_as_submitted() -> None:
    record = ResourceRecord(generation=1, placed=(person("c"),))
    declared = Observation(facts=make_facts(wanted=None, record=record), provider="cartesia")
    assert blocked(new(), declared)["batch/april"].startswith("1 of its people")


def inheriting(people: str) -> Observation:
    """batch/may, which took over batch/march and lists these people."""
    wanted: Resource = resource(people, address="batch/may", previously=("batch/march",))
    facts = make_facts(OLD_BATCH, wanted=wanted, record=knowing(OLD_BATCH))
    return Observation(facts=facts, provider="cartesia", renamed_from=("batch/march",))


def test_who_is_not_taken_over_by_a_successor_is_not_called_elsewhere() -> None:
    assert blocked(new("bc"), inheriting("a")) == {
        "batch/april": "1 of its people were submitted as batch/march, which batch/may takes over without them",
        "batch/may": "batch/april would call people who were submitted as batch/march",
    }
    assert blocked(new("bc"), inheriting("ab")) == {}, "listed there, they are wanted under both on purpose"


def test_what_is_only_read_is_compared_and_then_dropped() -> None:
    observations = block_renames([new(), leaving(read_only=True)])
    assert [one.facts.address for one in observations] == ["batch/april"]
    assert observations[0].block is not None


def test_an_address_that_leaves_with_a_batch_of_unknown_people_may_be_renamed() -> None:
    unnamed = remembered(count=2, closed=True, settled=True, unnamed=True, mark=None)
    record = ResourceRecord(generation=1, provider="cartesia", remotes={"placed:m": unnamed})
    departing = Observation(facts=make_facts(wanted=None, record=record), provider="cartesia")
    block = block_renames([new(), departing])[0].block
    assert block is not None
    assert "who was in its lost request of 2 people is not known" in block.detail
    assert ("run dialctl destroy once" in block.hint, "--not-placed" in block.hint) == (True, False)
    gone = Observation(
        facts=make_facts(wanted=None, record=replace(record, tombstone=True)), provider="cartesia", unchanged=True
    )
    assert blocked(new(), gone) == {}, "it left in a plan of its own"


def test_an_earlier_address_is_proposed_once() -> None:
    block = block_renames([new(previously=("batch/march",)), leaving()])[0].block
    assert block is not None
    assert "metadata.previously: [batch/march];" in block.hint
