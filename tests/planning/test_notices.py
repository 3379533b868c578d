"""What a reader should know before approving: said when it is so, and not otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import polars as pl
import pytest

from declarative.model.calling_hours import CallingHours, Window, next_closing
from declarative.model.capabilities import Capabilities
from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.people import People
from declarative.model.policy import Pace, Policy
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route
from declarative.planning.closing import CallRate, find_closing
from declarative.planning.decide import Timing, Verb
from declarative.planning.facts import Observation
from declarative.planning.notices import plan_notices
from declarative.planning.plan import Plan
from declarative.planning.policy import earliest_call
from tests.planning.actions_fixture import compose_one
from tests.planning.capabilities_fixture import BATCHES, CALLS, abilities
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    NOON,
    SETTINGS,
    batch,
    call,
    call_resource,
    crowd,
    knowing,
    make_facts,
    members,
    number,
    remembered,
    resource,
)


def said(
    wanted: Resource,
    *remotes: Any,
    able: Capabilities | None = None,
    record: ResourceRecord | None = None,
    timing: Timing = Timing.NOW,
    also: frozenset[str] = frozenset(),
    facts: Mapping[str, Any] | None = None,
) -> list[str]:
    """The warnings of the plan of this one resource."""
    asked = (lambda provider, route: able) if able else abilities
    known = {"record": record or knowing(*remotes), "timing": timing, "also": also, **(facts or {})}
    of = make_facts(*remotes, wanted=wanted, **known)
    actions, work = compose_one(Observation(facts=of, provider="cartesia"), asked(wanted.provider, wanted.route))
    assert work is not None
    plan = Plan(project="spring", created_at=NOON, actions=tuple(actions), tasks={wanted.address: work})
    found = list(plan_notices(plan, [wanted], asked))
    assert {notice.address for notice in found} <= {wanted.address}
    return [notice.message for notice in found]


def test_an_ordinary_plan_warns_of_nothing() -> None:
    assert said(resource("abc", settings={"target_concurrency_limit": 10})) == []


def test_whoever_was_taken_off_in_a_batch_under_also_is_never_called_and_that_is_said() -> None:
    people = members(a=Phase.CANCELLED, b=Phase.REACHED)
    theirs = batch("x1", people, status="cancelled", cancelled=True, mark=None)
    [message] = said(resource("abc", also=("x1",)), theirs, record=ResourceRecord(), also=frozenset({"x1"}))
    assert message == (
        "x1 (spec.also) was cancelled: 1 person was taken off, and this manifest does not call them either"
    )


# -- shards -------------------------------------------------------------------------------------------------------


def test_shards_multiply_the_concurrency_limit() -> None:
    """Three people a request: four are two shards."""
    (message,) = said(resource("abcd", settings={"target_concurrency_limit": 10}))
    assert "2 remote batches" in message
    assert "20 at once" in message


def test_shards_without_a_limit_need_no_word() -> None:
    assert said(resource("abcd")) == []


def test_batches_that_end_by_themselves_say_for_how_long_they_call() -> None:
    able = replace(BATCHES, window=timedelta(hours=1), max_people=1000)
    wanted = resource("abcd", settings={"target_concurrency_limit": 1})
    messages = said(replace(wanted, expected_call=timedelta(minutes=20)), able=able)
    message = "a batch at cartesia calls for 1h at most, 3 people at this concurrency"
    assert f"{message}; whoever is not called in time is called by a later apply" in messages
    assert not any("at most" in message for message in said(wanted, able=able))


def test_whoever_was_taken_off_a_moment_ago_comes_later() -> None:
    gone = batch("b1", members(a=Phase.CANCELLED), status="cancelled", cancelled=True)
    record = ResourceRecord(remotes={"b1": remembered(cancel=CancelProgress.DONE, cancelled_at=NOON)})
    settles = {"cancel_settles": timedelta(seconds=30)}
    (message,) = said(resource("a"), gone, record=record, facts=settles)
    assert message == (
        "a batch was cancelled less than 30s ago, and a call may still go out of it; apply again in 30s for whoever "
        "was taken off"
    )
    assert said(resource("a"), gone, record=record) == []


# -- expiry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "late"), [(3, False), (2, True)])
def test_people_who_cannot_be_through_before_the_expiry(seconds: int, late: bool) -> None:
    """One call a second."""
    messages = said(resource("abc", expires_at=NOON + timedelta(seconds=seconds)))
    assert ["before expires_at" in message for message in messages] == [True] * late


def test_time_runs_from_the_schedule() -> None:
    times = {"scheduled_at": NOON + timedelta(hours=1), "expires_at": NOON + timedelta(hours=1, seconds=1)}
    assert said(resource("abc", **times)) != []
    assert said(resource("a", **times)) == []


def test_5000_people_take_84_minutes() -> None:
    everybody = replace(BATCHES, max_people=5000)
    frame = crowd("a").frame
    many = crowd("a")
    many.count = 5000
    wanted = resource(many, expires_at=NOON + timedelta(minutes=83))
    of = make_facts(wanted=wanted, record=knowing())
    actions, _ = compose_one(Observation(facts=of, provider="cartesia"), everybody)
    plan = Plan(project="spring", created_at=NOON, actions=tuple(replace(one, people=5000) for one in actions))
    assert len(frame) == 1
    (notice,) = plan_notices(plan, [wanted], lambda provider, route: everybody)
    assert "5,000 people take at least 84 minutes" in notice.message


def test_a_provider_that_keeps_no_pace_promises_no_time() -> None:
    assert said(resource("abc", expires_at=NOON + timedelta(seconds=1)), able=replace(BATCHES, per_second=None)) == []


def test_whoever_is_never_called_because_of_the_expiry_is_told() -> None:
    (over,) = said(resource("ab", expires_at=NOON), timing=Timing.EXPIRED)
    assert over == "2 people are not called: expires_at is over"
    (late,) = said(resource("a", expires_at=NOON + timedelta(minutes=1)), timing=Timing.TOO_LATE)
    assert late.startswith("1 person is not called: a batch begins to call after the guard")


@pytest.mark.parametrize(("seconds", "message"), [(3, ""), (2, "1 person waits"), (1, "2 people wait")])
def test_people_who_cannot_be_begun_before_their_calling_hours_end_are_told(seconds: int, message: str) -> None:
    hours = CallingHours((Window(time(9), time(12, 1, seconds)),), "UTC")
    wanted = resource("abc", policy=Policy(hours))
    end = find_closing(wanted, NOON, CallRate(1.0, 10, timedelta(minutes=3)), lambda: wanted.recipients.people)
    expected = (
        f"{message} until 09:00 UTC on 2 Dec: they cannot be begun before their calling hours end (10 at once, "
        "3m a call, 1 begun a second); target_concurrency_limit and expected_call decide how many can"
    )
    assert said(wanted, facts={"closing": end}) == ([expected] if message else [])


def test_hours_that_cross_midnight_close_on_the_next_day() -> None:
    hours = CallingHours((Window(time(20), time(9)),), "UTC")
    assert next_closing(hours, ["UTC"], NOON) == NOON.replace(day=NOON.day + 1, hour=9)


def test_single_calls_go_at_the_pace_of_the_manifest() -> None:
    slow = {"route": Route.CALL, "pace": Pace(calls_per_second=0.1), "expires_at": NOON + timedelta(seconds=15)}
    assert any("before expires_at" in message for message in said(resource("ab", **slow)))
    fast = slow | {"pace": Pace(calls_per_second=10)}
    assert not any("before expires_at" in message for message in said(resource("ab", **fast)))


# -- where numbers are --------------------------------------------------------------------------------------------


def abroad(*numbers: str) -> Resource:
    frame = pl.DataFrame({"number": numbers, "payload": ["{}"] * len(numbers)})
    people = crowd("".join("abc"[: len(numbers)]))
    people.__dict__["people"] = People.of(frame)
    return resource(people)


def test_numbers_that_the_provider_does_not_reach_are_counted() -> None:
    (message,) = said(abroad("+442079460101", "+14155550101", "+493055550102"))
    assert message == "2 of the numbers are outside +1: US destinations only"


def test_one_number_is_one() -> None:
    (message,) = said(abroad("+442079460101"))
    assert message.startswith("1 of the numbers is ")


def test_a_provider_that_reaches_everybody_says_nothing() -> None:
    assert said(abroad("+442079460101"), able=replace(BATCHES, destinations="")) == []


def test_numbers_that_are_not_called_are_not_counted() -> None:
    called = batch("b1", members(a=Phase.REACHED))
    assert said(resource("a"), called) == []


# -- single calls -------------------------------------------------------------------------------------------------


def test_a_lowered_batch_says_what_the_provider_cannot_do() -> None:
    (message,) = said(resource("abc", route=Route.CALL, pace=Pace(calls_per_second=0.5)))
    assert "3 calls are placed one by one while apply runs, 0.5 a second" in message
    assert "neither moved nor taken off" in message


def test_a_single_call_needs_no_such_word() -> None:
    assert said(call_resource("a")) == []


def test_a_route_of_which_little_can_be_proven_says_so() -> None:
    old = replace(CALLS, returns_data=False, notes="An old route.")
    assert said(call_resource("a"), able=old) == ["An old route."]


def test_where_no_list_shows_what_the_lock_knows_only_a_shared_state_protects() -> None:
    wanted = call_resource("a")
    warnings = said(wanted, facts={"marks_are_listed": False})
    assert len(warnings) == 1
    assert "an older copy of the lock would not notice that it is older" in warnings[0]
    assert "only a shared state protects from that (spec.state.url)" in warnings[0]


def test_nobody_called_is_nothing_to_warn_of() -> None:
    placed = call("c1", "a", Phase.REACHED)
    wanted = call_resource("a")
    record = knowing(placed, numbers=wanted.recipients.numbers, payloads=wanted.recipients.payloads)
    assert said(wanted, placed, able=replace(CALLS, returns_data=False, notes="An old route."), record=record) == []


def test_an_edited_call_says_that_editing_changes_nothing() -> None:
    placed, first = call("c1", "a", Phase.REACHED), call_resource("a").recipients
    record = knowing(placed, numbers=first.numbers, payloads=first.payloads)
    (message,) = said(call_resource("b"), placed, record=record)
    assert "called once in its life" in message


# -- retries that do not come -------------------------------------------------------------------------------------


def test_whoever_waits_for_a_retry_and_is_taken_off_is_counted() -> None:
    again = batch("b1", members(a=Phase.QUEUED, b=Phase.REACHED), retry_count=1)
    (message,) = said(resource("ab", retry=ABLE_TO_RETRY, paused=True), again)
    assert message == "1 person who waits for a retry is taken off, and will not be called again by this resource"


def test_whoever_was_taken_off_while_waiting_for_a_retry_is_counted_once_wanted_again() -> None:
    paused = batch("b1", members(a=Phase.CANCELLED, b=Phase.CANCELLED, c=Phase.REACHED), retry_count=1, cancelled=True)
    known = knowing(paused)
    ours = replace(known.remotes["b1"], cancel=CancelProgress.DONE)
    record = replace(known, remotes={"b1": ours})
    wanted = resource("abc", retry=ABLE_TO_RETRY)
    (message,) = said(wanted, paused, record=record)
    assert message == "2 people were taken off while waiting for a retry, and will not be called again"
    assert said(replace(wanted, paused=True), paused, record=record) == []


def test_whoever_waits_for_a_first_call_is_called_after_a_pause_and_needs_no_such_word() -> None:
    waiting = batch("b1", members(a=Phase.QUEUED))
    assert said(resource("a", retry=ABLE_TO_RETRY, paused=True), waiting) == []


# -- calls that go on ---------------------------------------------------------------------------------------------

GOES_ON = "1 person no longer wanted has a call that was placed already: a single call is neither moved nor taken off"


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.IN_FLIGHT])
def test_somebody_removed_after_their_call_was_placed_is_told_of(phase: Phase) -> None:
    placed = [call("c1", "a", Phase.REACHED), call("c2", "b", phase)]
    assert said(resource("a", route=Route.CALL), *placed) == [GOES_ON]
    assert said(resource("ab", route=Route.CALL), *placed) == []
    assert said(resource("ab", route=Route.CALL, paused=True), *placed) == [GOES_ON]


def test_of_a_removed_manifest_as_well() -> None:
    of = make_facts(call("c1", "a", Phase.QUEUED), wanted=None)
    actions, work = compose_one(Observation(facts=of, provider="callingbox"), None)
    assert work is not None
    plan = Plan(project="spring", created_at=NOON, actions=tuple(actions), tasks={of.address: work})
    assert [notice.message for notice in plan_notices(plan, [], abilities)] == [GOES_ON]


def test_a_call_that_is_over_or_a_batch_that_can_be_cancelled_needs_no_such_word() -> None:
    assert said(resource("", route=Route.CALL), call("c1", "a", Phase.UNREACHED)) == []
    assert said(resource("b"), batch("b1", members(a=Phase.QUEUED, b=Phase.REACHED))) == []


# -- nobody left --------------------------------------------------------------------------------------------------


def test_a_resource_whose_people_are_all_held_back_is_named() -> None:
    """Its address, since the counts of all policies together do not tell where nobody is left."""
    (message,) = said(resource(crowd("", excluded_counts={"suppressed": 1200, "other_country": 1})))
    held_back = "1,200 held back (on a do-not-call list), 1 held back (in a country that is not allowed)"
    assert message == f"nobody is left to call: {held_back}"


def test_where_somebody_is_left_or_a_pause_is_meant_nobody_is_missed() -> None:
    assert said(resource(crowd("a", excluded_counts={"other_country": 1}))) == []
    assert said(resource(crowd("", excluded_counts={"other_country": 1}), paused=True)) == []


# -- zones --------------------------------------------------------------------------------------------------------


def test_a_column_of_zones_that_nobody_has_is_told() -> None:
    own = Policy(CallingHours((Window(time(0), time(0)),), "recipient", column="zone"))
    assert any('nobody has the column "zone"' in message for message in said(resource("a", policy=own)))


def test_no_warning_holds_a_number() -> None:
    everything = said(
        abroad("+442079460101", "+14155550101"), able=replace(CALLS, returns_data=False, notes="An old route.")
    )
    assert everything
    assert not [message for message in everything if number("a")[2:] in message or "2079460101" in message]


@pytest.mark.parametrize(("minutes", "count"), [(59, 0), (60, 1)])
def test_a_batch_that_waits_an_hour_after_its_time_is_said(minutes: int, count: int) -> None:
    wanted = resource("a", settings={"target_concurrency_limit": 5})
    waiting = batch("b1", members(a=Phase.QUEUED), status="pending", scheduled_at=NOON - timedelta(minutes=minutes))
    messages = [message for message in said(wanted, waiting) if "nobody in it was called" in message]
    assert len(messages) == count
    assert not count or "after 1 hour" in messages[0]
    assert not count or "it asks for 5 calls at once" in messages[0]


def test_the_verbs_that_call_are_those_that_warn() -> None:
    waiting = batch("b1", members(a=Phase.QUEUED, b=Phase.QUEUED))
    actions, _ = compose_one(Observation(facts=make_facts(waiting, wanted=None), provider="cartesia"), None)
    assert [action.verb for action in actions] == [Verb.CANCEL]
    assert said(resource("ab", paused=True), waiting) == []


# -- batches that do not begin --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "is_said"), [(timedelta(minutes=59), False), (timedelta(hours=1), True), (timedelta(hours=50), True)]
)
def test_a_batch_that_does_not_begin_is_said_an_hour_after_its_time(late: timedelta, is_said: bool) -> None:
    pending = batch("b1", members(a=Phase.QUEUED), scheduled_at=NOON - late, created_at=NOON - late, status="pending")
    messages = said(resource("a", settings={**SETTINGS, "target_concurrency_limit": 10}), pending)
    assert ["b1 was to begin at" in message for message in messages] == [True] * is_said
    if is_said:
        hours = int(late / timedelta(hours=1))
        assert f"after {hours} hour{'s' if hours > 1 else ''} nobody in it was called" in messages[0]
        assert "(the provider says pending)" in messages[0]
        assert "it asks for 10 calls at once" in messages[0]


@pytest.mark.parametrize("phase", [Phase.IN_FLIGHT, Phase.REACHED])
def test_a_batch_that_has_called_somebody_is_not_said_to_wait(phase: Phase) -> None:
    begun = batch("b1", members(a=phase, b=Phase.QUEUED), scheduled_at=NOON - timedelta(hours=5), dispatched=1)
    assert said(resource("ab"), begun) == []


# -- what a route cannot do ---------------------------------------------------------------------------------------


def test_people_who_move_together_since_nobody_tells_whose_data_changed_are_said() -> None:
    silent = members(a=Phase.QUEUED, b=Phase.QUEUED).with_columns(payload=pl.lit(None, dtype=pl.String))
    waiting, able = batch("b1", silent, at_once=5), replace(BATCHES, returns_data=False)
    known = remembered(count=2, payloads=crowd({"a": "{}", "b": '{"x":1}'}).payloads)
    wanted = resource({"a": "{}", "b": '{"x":2}'})
    record = replace(knowing(waiting), remotes={"b1": known}, settings=SETTINGS)
    assert (
        "2 people move together: somebody's data changed in a batch where they wait, and cartesia does not return data "
        "that say whose"
    ) in said(wanted, waiting, able=able, record=record, facts={"capabilities": able})


@pytest.mark.parametrize(("guard", "warned"), [(timedelta(minutes=3), False), (timedelta(minutes=2), True)])
def test_a_guard_that_the_provider_does_not_take_is_lengthened_and_said(*, guard: timedelta, warned: bool) -> None:
    wanted = resource("a", least_guard=timedelta(minutes=3))
    of = make_facts(wanted=wanted)
    actions, work = compose_one(Observation(facts=of, provider="cartesia"), BATCHES)
    assert work is not None
    plan = Plan(project="spring", created_at=NOON, actions=tuple(actions), tasks={wanted.address: work})
    messages = [notice.message for notice in plan_notices(plan, [wanted], abilities, guard)]
    expected = "cartesia takes no start sooner than 3m: calls begin 3m after the request, not after the guard of 2m"
    assert messages == ([expected] if warned else [])
    assert earliest_call(wanted, NOON, guard) == NOON + timedelta(minutes=3, seconds=1)
