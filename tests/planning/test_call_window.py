"""Frequency: over all addresses and any facts, no number is called more often than is allowed, and nobody is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.policy import Frequency, Rollout, Step
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.planning import standing
from declarative.planning.call_window import hold_frequent, may_hold_calls
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Observation
from declarative.planning.frequency import find_free_time
from declarative.planning.resubmit import recipients_to_resubmit
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    NOON,
    batch,
    decisions,
    intent,
    knowing,
    letter,
    make_facts,
    members,
    open_intents,
    person,
    remembered,
    resource,
)

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ONCE_A_DAY = Frequency(1, DAY)


def at(moment: datetime) -> str:
    return moment.isoformat()


def over(name: str, ago: timedelta, **phases: Phase) -> Remote:
    return batch(name, members(**phases), last_updated_at=at(NOON - ago))


def address(name: str, wanted: str | None, *remotes: Remote, **changes: Any) -> Observation:
    of_resource = {key: changes.pop(key) for key in ("rollout", "retry", "scheduled_at") if key in changes}
    block = changes.pop("block", None)
    made = None if wanted is None else resource(wanted, address=f"batch/{name}", **of_resource)
    facts = make_facts(*remotes, wanted=made, **{"address": f"batch/{name}", **changes})
    return Observation(facts=facts, block=block)


def start(facts: Facts, wanted: Resource) -> datetime:
    return max(facts.now, wanted.scheduled_at or facts.now)


def held(
    *observations: Observation, frequency: Frequency | None = ONCE_A_DAY, others: Sequence[Observation] = ()
) -> Any:
    """By address: letter to verb and reason."""
    done = hold_frequent(observations, frequency, start, others)
    return {
        one.facts.address.removeprefix("batch/"): decisions(one.facts) for one in done if one.facts.resource is not None
    }


CREATE, WAIT = ("create", "added"), ("wait", "frequency")


def test_in_one_plan_the_address_that_comes_first_by_name_takes_a_person() -> None:
    assert held(address("c", "ab"), address("b", "a")) == {"c": {"a": WAIT, "b": CREATE}, "b": {"a": CREATE}}


def test_without_a_frequency_nobody_is_held() -> None:
    assert held(address("b", "a"), address("c", "a"), frequency=None) == {"b": {"a": CREATE}, "c": {"a": CREATE}}


@pytest.mark.parametrize(
    ("remote", "verb"),
    [
        (over("b1", 2 * HOUR, a=REACHED), WAIT),
        (over("b1", 2 * HOUR, a=UNREACHED), WAIT),
        (over("b1", 25 * HOUR, a=REACHED), CREATE),
        (batch("b1", members(a=IN_FLIGHT)), WAIT),
        (batch("b1", members(a=QUEUED)), WAIT),
        (batch("b1", members(a=UNKNOWN), last_updated_at=at(NOON - 2 * DAY)), WAIT),  # it may call still
        (over("b1", HOUR, a=REFUSED), CREATE),  # no phone rang
        (over("b1", HOUR, a=UNFUNDED), CREATE),
        (batch("b1", members(a=REACHED), last_updated_at=""), WAIT),  # no time is known
    ],
)
def test_calls_of_other_addresses_count_at_the_latest_moment_possible(remote: Remote, verb: tuple[str, str]) -> None:
    assert held(address("b", "z", remote), address("c", "a"))["c"] == {"a": verb}


def test_a_known_time_of_a_call_counts_and_not_the_last_change_of_its_batch() -> None:
    long_ago = members(a=REACHED).with_columns(note=pl.lit(f'{{"called_at":"{at(NOON - 30 * HOUR)}"}}'))
    assert held(address("b", "a", batch("b1", long_ago)), address("c", "a"))["c"] == {"a": CREATE}
    an_hour_ago = members(a=REACHED).with_columns(note=pl.lit(f'{{"called_at":"{at(NOON - HOUR)}"}}'))
    assert held(address("b", "a", batch("b1", an_hour_ago)), address("c", "a"))["c"] == {"a": WAIT}
    unreadable = members(a=REACHED).with_columns(note=pl.lit('{"called_at":"soon"}'))
    assert held(address("b", "a", batch("b1", unreadable)), address("c", "a"))["c"] == {"a": WAIT}


def test_retries_count_and_a_retry_waits_for_them_too() -> None:
    twice = over("b1", HOUR, a=UNREACHED)
    assert held(address("b", "a", twice, retry=ABLE_TO_RETRY))["b"] == {"a": WAIT}
    assert held(address("b", "a", twice, retry=ABLE_TO_RETRY), frequency=Frequency(2, DAY))["b"]["a"][0] == "retry"
    retried = replace(twice, retry_count=1)
    assert held(address("b", "a", retried), address("c", "a"), frequency=Frequency(2, DAY))["c"] == {"a": WAIT}


def test_who_was_taken_off_before_a_call_counts_not_at_all() -> None:
    stopped = batch("b1", members(a=CANCELLED), cancelled=True)
    record = replace(knowing(stopped), remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    assert held(address("b", "", stopped, record=record), address("c", "a"))["c"] == {"a": CREATE}


def test_who_waits_for_a_far_day_keeps_no_call_of_today_back() -> None:
    far = batch("b1", members(a=QUEUED), scheduled_at=NOON + 10 * DAY)
    assert held(address("b", "a", far), address("c", "a"))["c"] == {"a": CREATE}
    assert held(address("b", "a", far), address("c", "a", scheduled_at=NOON + 10 * DAY))["c"] == {"a": WAIT}
    assert held(address("b", "a", over("b1", HOUR, a=REACHED)), address("c", "a", scheduled_at=NOON + 10 * DAY))[
        "c"
    ] == {"a": CREATE}


def test_removed_addresses_and_those_of_another_run_count_while_their_calls_lie_within_the_time() -> None:
    recent, old = over("b1", HOUR, a=REACHED), over("b1", 2 * DAY, a=REACHED)
    assert held(address("c", "a"), address("b", None, recent))["c"] == {"a": WAIT}
    assert held(address("c", "a"), address("b", None, old))["c"] == {"a": CREATE}
    assert held(address("c", "a"), others=[address("b", None, recent)])["c"] == {"a": WAIT}


def test_whoever_an_address_wants_that_could_not_be_read_counts_as_called_now() -> None:
    for reason, verb in ((Reason.NOT_READ, WAIT), (Reason.LOST, WAIT), (Reason.MISSING_REFERENCE, CREATE)):
        unread = address("b", "a", block=Block(reason, ""))
        assert held(unread, address("c", "ab"))["c"] == {"a": verb, "b": CREATE}


def test_of_a_removed_address_that_could_not_be_read_anybody_may_have_been_called() -> None:
    record = ResourceRecord(generation=1, remotes={"b1": remembered(settled=True, last_updated_at=at(NOON - HOUR))})
    unread = address("b", None, record=record, block=Block(Reason.NOT_READ, ""))
    assert held(unread, address("c", "a"))["c"] == {"a": WAIT}
    old = ResourceRecord(generation=1, remotes={"b1": remembered(settled=True, last_updated_at=at(NOON - 2 * DAY))})
    assert held(address("b", None, record=old, block=Block(Reason.NOT_READ, "")), address("c", "a"))["c"] == {
        "a": CREATE
    }


def test_a_tombstone_that_could_not_be_read_is_no_exception() -> None:
    record = ResourceRecord(
        generation=1, tombstone=True, remotes={"b1": remembered(settled=True, last_updated_at=at(NOON - HOUR))}
    )
    unread = replace(address("b", None, record=record), unchanged=True)
    assert held(unread, address("c", "a"))["c"] == {"a": WAIT}


def test_whoever_may_be_in_a_lost_request_counts_as_called_now() -> None:
    lost = replace(ResourceRecord(generation=1), intents=open_intents(intent()))
    assert held(address("b", "a", record=lost), address("c", "ab"))["c"] == {"a": WAIT, "b": CREATE}
    assert held(address("b", None, record=lost), address("c", "a"))["c"] == {"a": WAIT}


def test_single_calls_that_only_the_lock_knows_count_by_their_digest() -> None:
    call = remembered(route=Route.CALL, person=person("a"), settled=True, last_updated_at=at(NOON - HOUR))
    record = ResourceRecord(generation=1, remotes={"c1": call})
    assert held(address("b", None, record=record), address("c", "ab"))["c"] == {"a": WAIT, "b": CREATE}
    placed = ResourceRecord(generation=1, placed=(person("b"),))
    assert held(address("b", None, record=placed), address("c", "ab"))["c"] == {"a": CREATE, "b": WAIT}


def test_a_step_takes_others_in_the_place_of_who_is_held() -> None:
    called = address("b", "a", over("b1", HOUR, a=REACHED))
    rollout = Rollout((Step(1), Step(100, is_share=True)))
    found = held(called, address("c", "abc", rollout=rollout))["c"]
    assert found == {"a": WAIT, "b": CREATE, "c": ("wait", "rollout")}


def test_who_moves_counts_as_called_already_and_is_not_held() -> None:
    stopped = batch("c1", members(a=CANCELLED), cancelled=True)
    record = replace(knowing(stopped), remotes={"c1": remembered(cancel=CancelProgress.DONE)})
    facts = make_facts(stopped, wanted=resource("a"), record=record)
    facts = replace(facts, frequent=pl.DataFrame({"number": [person("a")], "free_at": [NOON]}))
    numbers = members(a=QUEUED).select("number", pl.lit(NOON).alias("free_at"))
    moved = recipients_to_resubmit(replace(facts, frequent=numbers), stopped)
    assert [letter(who) for who in moved.get_column("number")] == ["a"]


def test_the_wait_ends_when_the_call_falls_out_of_the_time() -> None:
    done = hold_frequent(
        [
            address("b", "a", over("b1", 2 * HOUR, a=REACHED), over("b2", 5 * HOUR, a=REACHED)),
            address("c", "a"),
        ],
        Frequency(2, DAY),
        start,
    )
    people, _ = standing.decide_open(done[1].facts)
    assert find_free_time(done[1].facts, people) == NOON - 5 * HOUR + DAY


def test_an_address_is_read_while_its_calls_may_lie_within_the_time() -> None:
    def record(**changes: Any) -> ResourceRecord:
        return ResourceRecord(remotes={"b1": remembered(**changes)})

    recent, old = at(NOON - HOUR), at(NOON - 2 * DAY)
    assert may_hold_calls(ONCE_A_DAY, record(settled=False, last_updated_at=old), NOON)
    assert may_hold_calls(ONCE_A_DAY, record(settled=True, last_updated_at=recent), NOON)
    assert may_hold_calls(ONCE_A_DAY, record(settled=True, last_updated_at=""), NOON)
    assert not may_hold_calls(ONCE_A_DAY, record(settled=True, last_updated_at=old), NOON)
    assert may_hold_calls(ONCE_A_DAY, ResourceRecord(intents=open_intents(intent())), NOON)
    assert not may_hold_calls(None, record(settled=False), NOON)


_HOURS = st.integers(0, 47)
_PHASES = st.sampled_from([REACHED, UNREACHED, IN_FLIGHT, QUEUED, REFUSED, UNFUNDED])
_BATCHES = st.lists(st.tuples(_HOURS, st.dictionaries(st.sampled_from("abc"), _PHASES, min_size=1)), max_size=3)


@settings(max_examples=40)
@given(
    addresses=st.lists(st.tuples(st.sets(st.sampled_from("abc")), _BATCHES), min_size=1, max_size=4),
    most=st.integers(1, 3),
)
def test_no_number_is_called_more_often_than_is_allowed_and_nobody_is_held_without_reason(
    addresses: list[tuple[set[str], list[tuple[int, dict[str, Phase]]]]], most: int
) -> None:
    observations, calls = [], dict.fromkeys("abc", 0)
    for index, (wanted, batches) in enumerate(addresses):
        remotes = []
        for number, (ago, phases) in enumerate(batches):
            remotes.append(over(f"r{index}{number}", ago * HOUR, **phases))
            for who, phase in phases.items():
                is_recent = phase in (IN_FLIGHT, QUEUED) or (phase in (REACHED, UNREACHED) and ago < 24)
                calls[who] += is_recent
        observations.append(address(f"n{index}", "".join(sorted(wanted)), *remotes))
    plain = held(*observations, frequency=None)
    found = held(*observations, frequency=Frequency(most, DAY))
    for who in "abc":
        due = [name for name in plain if plain[name].get(who, ("",))[0] in ("create", "retry")]
        created = [name for name in due if found[name][who][0] in ("create", "retry")]
        assert all(found[name][who] == WAIT for name in due if name not in created)
        assert calls[who] + len(created) <= max(most, calls[who])
        assert len(created) == min(len(due), max(0, most - calls[who]))
        assert created == due[: len(created)]
        unheld = [name for name in plain if name not in due and who in plain[name]]
        assert all(found[name][who] == plain[name][who] for name in unheld)
