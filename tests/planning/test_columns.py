"""Several addresses decided at once: the same as each alone."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model.policy import Retry, Rollout, Step
from declarative.model.remote import Phase
from declarative.planning.columns import FactColumns, repeat, split_by_address, stack
from declarative.planning.decide import Reason
from declarative.planning.facts import Facts
from declarative.planning.standing import decide_addresses, decide_open
from declarative.planning.totals import split_decisions
from tests.planning.drawn_scenes import facts_of, scenes
from tests.planning.facts_fixture import batch, call_resource, make_facts, members, number, resource


def elsewhere(facts: Facts, address: str) -> Facts:
    """The same facts at another address: ids are the provider's, and no two of them are the same."""
    record = facts.resource_record
    return replace(
        facts,
        address=address,
        resource=replace(facts.resource, address=address) if facts.resource else None,
        remotes={f"{address}/{key}": replace(one, id=f"{address}/{key}") for key, one in facts.remotes.items()},
        also=frozenset(f"{address}/{key}" for key in facts.also),
        unmatched=frozenset(f"{address}/{key}" for key in facts.unmatched),
        resource_record=replace(
            record,
            remotes={f"{address}/{key}": one for key, one in record.remotes.items()},
            also=tuple(f"{address}/{key}" for key in record.also),
            intents={
                mark: replace(intent, remote=f"{address}/{intent.remote}" if intent.remote else None)
                for mark, intent in record.intents.items()
            },
        ),
    )


@given(st.lists(scenes, min_size=2, max_size=4), st.sampled_from([None, Reason.HALTED, Reason.LOST]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_each_address_is_decided_as_if_it_were_alone(drawn: list[object], block: Reason | None) -> None:
    all_facts = [elsewhere(facts_of(scene), f"batch/{place}") for place, scene in enumerate(drawn)]  # type: ignore[arg-type]
    blocks = [block if place == 0 else None for place in range(len(all_facts))]
    decided = decide_addresses(FactColumns(all_facts), blocks)
    together = split_decisions(decided)
    for place, (facts, own_block) in enumerate(zip(all_facts, blocks, strict=True)):
        alone = split_decisions(decide_addresses(FactColumns([facts]), [own_block]))[0]
        people, ended = decide_open(facts, own_block)
        assert decided.finished[place] == ended
        assert together[place].totals == alone.totals
        left = decided.people_of(place).drop("address").sort("number")
        assert left.equals(people.drop("address").sort("number"))


def test_the_policy_of_one_address_is_not_that_of_another() -> None:
    unreached = members(a=Phase.UNREACHED)
    retried = make_facts(
        batch("b1", unreached), wanted=resource("a", retry=Retry(max_retries=1, on=frozenset({"dial_no_answer"})))
    )
    left = elsewhere(make_facts(batch("b2", unreached), wanted=resource("a")), "batch/april")
    stepped = elsewhere(make_facts(wanted=resource("ab", rollout=Rollout((Step(1),)))), "batch/may")
    called = make_facts(wanted=call_resource("a"))
    decided = split_decisions(decide_addresses(FactColumns([retried, left, stepped, called]), [None] * 4))
    verbs = [dict(one.people.select("number", "verb").iter_rows()) for one in decided]
    assert verbs == [
        {number("a"): "retry"},
        {},  # finished: nothing is due
        {number("a"): "create", number("b"): "wait"},
        {number("a"): "create"},
    ]
    assert decided[1].finished.people == 1


def test_an_address_without_people_has_no_rows() -> None:
    gone = make_facts(wanted=None)
    (only,) = split_decisions(decide_addresses(FactColumns([gone]), [None]))
    assert (len(only.people), only.person_count, only.totals.verbs) == (0, 0, {})


def test_frames_are_put_under_each_other_with_the_place_of_each() -> None:
    frames = [(2, pl.DataFrame({"x": [1, 2]})), (0, pl.DataFrame({"x": [3]})), (1, pl.DataFrame({"x": []}))]
    stacked = stack(frames, {"x": pl.Int64})
    assert stacked.rows() == [(1, 2), (2, 2), (3, 0)]
    parts = split_by_address(stacked, include_key=False)
    assert {place: part.rows() for place, part in parts.items()} == {0: [(3,)], 2: [(1,), (2,)]}
    assert stack([], {"x": pl.Int64}).schema == {"x": pl.Int64, "address": pl.UInt32}


@pytest.mark.parametrize("values", [["a"], ["a", "b"], ["a", "a"]])
def test_a_value_of_an_address_is_that_of_each_of_its_rows(values: list[str]) -> None:
    columns = FactColumns([make_facts(wanted=None)] * len(values))
    frame = repeat(range(len(values)), [2] * len(values), pl.UInt32).to_frame()
    got = frame.with_columns(columns.of_values(values, pl.String).alias("value")).get_column("value").to_list()
    assert got == [value for value in values for _ in range(2)]
