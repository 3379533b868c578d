"""People held back, things found by their marks, addresses that are over; and what holds whatever was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from declarative.model.lock import RequestKind, ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Block, Facts
from tests.planning.cases import (
    ABLE_TO_RETRY,
    batch,
    call_resource,
    case,
    intent,
    knowing,
    members,
    open_intents,
    remembered,
    resource,
)
from tests.planning.composed import planned, worked
from tests.planning.plain import Scene
from tests.planning.scenes import case_of, scenes

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def ended(wanted: str = "ab", **known: Any) -> Facts:
    over = batch("b1", members(a=UNREACHED, b=REACHED))
    sent = {"count": 2, "payloads": resource("ab").recipients.payloads, **known}
    record = ResourceRecord(generation=1, remotes={"b1": remembered(**sent)})
    return case(over, wanted=resource(wanted, retry=ABLE_TO_RETRY), record=record)


# -- blocks -------------------------------------------------------------------------------------------------------


def test_a_block_of_the_resource_is_all_there_is() -> None:
    block = Block(Reason.LOST, "the provider does not know b1", "dialctl state rm batch/march")
    actions, work = planned(case(wanted=resource("ab"), record=ResourceRecord()), block=block)
    assert work is None
    assert list(actions) == [Verb.BLOCK]
    held = actions[Verb.BLOCK]
    assert (held.reason, held.people, held.detail, held.hint) == (Reason.LOST, 2, block.detail, block.hint)


def lost(**intents: Any) -> Facts:
    running = batch("b1", members(a=QUEUED))
    record = replace(knowing(running), intents=open_intents(intent(**intents)))
    return case(running, wanted=resource("ab"), record=record)


def test_a_lost_answer_holds_back_its_people_alone_and_says_when() -> None:
    actions, work = planned(lost())
    assert (actions[Verb.BLOCK].people, actions[Verb.BLOCK].reason) == (1, Reason.UNSURE)
    assert "11:59 UTC on 1 Dec" in actions[Verb.BLOCK].detail
    assert "dialctl apply" in actions[Verb.BLOCK].hint
    assert work is not None
    assert (work.complete, work.due_later, len(work.to_call)) == (False, True, 0)


def test_a_lost_single_call_is_a_humans_to_resolve() -> None:
    of = case(
        wanted=call_resource("a"), record=ResourceRecord(intents=open_intents(intent(route=Route.CALL, person="p")))
    )
    assert planned(of)[0][Verb.BLOCK].hint == "dialctl resolve call/ada --placed | --not-placed"


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(None, id="the manifest is gone"),
        pytest.param(resource("ab", paused=True), id="it is paused"),
        pytest.param(resource("a"), id="who may be in it is no longer wanted"),
    ],
)
@pytest.mark.parametrize("applying", [None, "ada@mill"])
def test_a_lost_answer_is_shown_where_none_of_its_people_is_known(
    wanted: Resource | None, applying: str | None
) -> None:
    waiting = batch("b1", members(a=QUEUED))
    record = replace(knowing(waiting), intents=open_intents(intent(count=7)))
    actions, work = planned(case(waiting, wanted=wanted, record=record), lease_holder=applying)
    block = actions[Verb.BLOCK]
    assert block.people == 7
    assert block.reason is (Reason.BEING_APPLIED if applying else Reason.UNSURE)
    assert bool(block.hint) is (applying is None)
    assert work is not None
    assert not work.forget


def test_a_request_that_probably_never_arrived_holds_up_nothing_that_leaves() -> None:
    actions, _ = planned(
        case(wanted=None, record=ResourceRecord(generation=1, intents=open_intents(intent(absent=True))))
    )
    assert set(actions) == {Verb.KEEP}


def test_what_is_being_applied_is_no_alarm() -> None:
    block = planned(lost(), lease_holder="ada@mill")[0][Verb.BLOCK]
    assert (block.reason, block.detail, block.hint) == (Reason.BEING_APPLIED, "being applied by ada@mill", "")


# -- found, forgotten ---------------------------------------------------------------------------------------------


def test_what_was_found_by_its_mark_is_adopted_beside_what_else_happens() -> None:
    found = batch("b1", members(a=QUEUED, b=QUEUED))
    actions, work = planned(case(found, wanted=resource("abc"), record=ResourceRecord(generation=1)), to_adopt=(found,))
    assert set(actions) == {Verb.ADOPT, Verb.CREATE}
    adopt = actions[Verb.ADOPT]
    assert (adopt.reason, adopt.people, adopt.remote_ids) == (Reason.FOUND, 2, ("b1",))
    assert work is not None
    assert work.facts.remotes == {"b1": found}, "what the lock takes in"


def test_a_renamed_resource_says_what_it_was() -> None:
    old = batch("b1", members(a=REACHED))
    actions, work = planned(case(old, wanted=resource("a")), renamed_from=("batch/feb",))
    assert (actions[Verb.ADOPT].reason, actions[Verb.ADOPT].detail) == (Reason.RENAMED, "was batch/feb")
    assert work is not None
    assert work.renamed_from == ("batch/feb",)


def test_over_and_no_longer_wanted_is_forgotten() -> None:
    actions, work = planned(case(batch("b1", members(a=REACHED)), wanted=None))
    assert [(a.verb, a.reason) for a in actions.values()] == [(Verb.FORGET, Reason.OVER)]
    assert work is not None
    assert work.forget


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(case(batch("b1", members(a=Phase.IN_FLIGHT)), wanted=None), id="somebody still speaks"),
        pytest.param(
            case(
                batch("b1", members(a=REACHED)),
                wanted=None,
                record=ResourceRecord(generation=1, remotes={"b1": remembered()}, intents=open_intents(intent())),
            ),
            id="an answer was lost",
        ),
    ],
)
def test_it_is_not_forgotten_while(of: Facts) -> None:
    assert not worked(of).forget


def test_a_tombstone_is_not_shown_again() -> None:
    over = batch("b1", members(a=REACHED))
    of = case(over, wanted=None, record=knowing(over, tombstone=True))
    assert planned(of)[0] == {}
    assert planned(of, unchanged=True)[0] == {}


@pytest.mark.parametrize(("phase", "later"), [(Phase.IN_FLIGHT, True), (REACHED, False)])
def test_whoever_is_called_under_also_right_now_may_be_due_later(phase: Phase, later: bool) -> None:
    theirs = batch("x1", members(a=phase), mark=None)
    of = case(theirs, wanted=resource("a", also=("x1",)), record=ResourceRecord(), also=frozenset({"x1"}))
    assert worked(of).due_later is later


# -- whatever was seen --------------------------------------------------------------------------------------------


@given(scenes)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_the_work_is_what_the_actions_say(scene: Scene) -> None:
    actions, work = planned(case_of(scene))
    assert work is not None
    assert "+1415" not in repr(list(actions.values())), "no number in what is shown"
    by_request = sum(
        len(frame.filter(pl.col("phase") == UNREACHED))
        for key in work.requests
        if (frame := work.facts.remotes[key].members) is not None
    )
    assert sum(a.people for a in actions.values() if a.verb.dials) == len(work.to_call) + by_request
    assert work.to_call.get_column("number").is_unique().all()
    assert bool(work.cancels) == bool({Verb.CANCEL, Verb.REPLACE} & set(actions))
    named = {key for verb in (Verb.CANCEL, Verb.REPLACE) if verb in actions for key in actions[verb].remote_ids}
    assert named == set(work.cancels)


def test_a_retry_whose_answer_was_lost_is_not_asked_for_again() -> None:
    doubted = intent(request=RequestKind.RETRY, remote="b1", mark="retry:b1:0", retry_count=0)
    of = ended()
    actions, work = planned(replace(of, resource_record=replace(of.resource_record, intents=open_intents(doubted))))
    assert set(actions) == {Verb.BLOCK}
    assert work is not None
    assert (work.requests, len(work.to_call)) == ((), 0)
