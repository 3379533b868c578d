"""One address: its actions for people to read, and the work behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from declarative.memory import Cancel, Record, Request
from declarative.model import Route
from declarative.planning import explain
from declarative.planning.blocks import Block
from declarative.planning.case import Case
from declarative.planning.compose import compose
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.outlook import Outlook
from declarative.planning.plan import Action, Work
from declarative.remote import Phase
from tests.planning.cases import (
    ABLE_TO_RETRY,
    NOON,
    batch,
    call,
    call_resource,
    case,
    intent,
    knowing,
    members,
    number,
    open_intents,
    remembered,
    resource,
)
from tests.planning.channels import BATCHES
from tests.planning.plain import Scene
from tests.planning.scenes import case_of, scenes

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


def planned(of: Case, **outlook: Any) -> tuple[dict[Verb, Action], Work | None]:
    actions, work = compose(Outlook(case=of, provider="cartesia", **outlook), BATCHES)
    by_verb = {action.verb: action for action in actions}
    assert len(by_verb) == len(actions), "at most one action a verb"
    return by_verb, work


def worked(of: Case, **outlook: Any) -> Work:
    work = planned(of, **outlook)[1]
    assert work is not None
    return work


def rung(work: Work) -> list[tuple[str, str, int]]:
    return work.ring.select("number", "verb", "attempt").sort("number").rows()


# -- what is shown ------------------------------------------------------------------------------------------------


def test_a_first_submission_is_new_and_shows_its_settings() -> None:
    actions, work = planned(case(wanted=resource("ab", scheduled_at=NOON), record=Record()))
    assert list(actions) == [Verb.CREATE]
    create = actions[Verb.CREATE]
    assert (create.reason, create.people, create.starts_at) == (Reason.NEW, 2, NOON)
    assert [(change.path, change.before) for change in create.changes] == [("spec.agent_id", None)]
    assert work is not None
    assert rung(work) == [(number("a"), "create", 1), (number("b"), "create", 1)]


def test_further_people_are_added_without_the_settings_that_they_share() -> None:
    old = batch("b1", members(a=REACHED))
    record = knowing(old, numbers="of last time", settings={"agent_id": "agent_a"})
    create = planned(case(old, wanted=resource("ab"), record=record))[0][Verb.CREATE]
    assert (create.reason, create.people, create.changes) == (Reason.ADDED, 1, ())


def test_who_was_taken_off_by_us_is_submitted_again() -> None:
    gone = batch("b1", members(a=Phase.CANCELLED), cancelled=True)
    record = Record(generation=1, remotes={"b1": remembered(cancel=Cancel.DONE)})
    assert planned(case(gone, wanted=resource("a"), record=record))[0][Verb.CREATE].reason is Reason.SUBMITTED_AGAIN


def test_a_replace_shows_what_changed_and_counts_those_it_leaves_alone() -> None:
    running = batch("b1", members(a=QUEUED, b=REACHED, c=Phase.IN_FLIGHT))
    record = knowing(running, settings={"agent_id": "agent_old"})
    record = replace(record, remotes={"b1": remembered(settings="old")})
    actions, work = planned(case(running, wanted=resource("abc"), record=record))
    replaced = actions[Verb.REPLACE]
    assert (replaced.people, replaced.reason, replaced.remote_ids) == (1, Reason.SETTINGS_CHANGED, ("b1",))
    assert [(c.path, c.before, c.after) for c in replaced.changes] == [("spec.agent_id", "agent_old", "agent_a")]
    counts = {"total": 3, "rung": 2, "queued": 1, "in_flight": 1}
    assert replaced.counts == counts
    assert work is not None
    assert (work.cancels, rung(work)) == (("b1",), [(number("a"), "replace", 1)])


def test_settings_that_the_lock_keeps_as_digests_are_no_change() -> None:
    told = {"agent_id": "agent_a", "instructions": "Say hello.", "from_number": "+14155550199"}
    running = batch("b1", members(a=QUEUED))
    record = knowing(running, settings=explain.remembered(told | {"agent_id": "agent_old"}))
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
    assert (work.cancels, work.forget, len(work.ring)) == (("b1",), False, 0)


def test_the_reasons_of_a_verb_are_counted_and_the_most_frequent_leads() -> None:
    running = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=QUEUED))
    replaced = planned(case(running, wanted=resource("bcd")))[0]
    assert replaced[Verb.REPLACE].reasons == {"batch_mates": 3}
    assert replaced[Verb.CANCEL].reasons == {"not_desired": 1}


# -- retries ------------------------------------------------------------------------------------------------------


def ended(wanted: str = "ab", **known: Any) -> Case:
    over = batch("b1", members(a=UNREACHED, b=REACHED))
    sent = {"count": 2, "payloads": resource("ab").people.payloads, **known}
    record = Record(generation=1, remotes={"b1": remembered(**sent)})
    return case(over, wanted=resource(wanted, retry=ABLE_TO_RETRY), record=record)


def test_a_retry_by_request_rings_nobody_by_a_new_batch() -> None:
    actions, work = planned(ended())
    retry = actions[Verb.RETRY]
    assert (retry.people, retry.remote_ids, retry.outcomes) == (1, ("b1",), {"dial_no_answer": 1})
    assert (retry.counts["attempt"], retry.counts["attempts"]) == (2, 2)
    assert work is not None
    assert (work.requests, len(work.ring)) == (("b1",), 0)


def test_a_retry_that_the_request_cannot_do_is_a_new_batch_of_the_next_attempt() -> None:
    actions, work = planned(ended(payloads=None))
    assert (actions[Verb.RETRY].people, actions[Verb.RETRY].remote_ids) == (1, ())
    assert work is not None
    assert (work.requests, rung(work)) == ((), [(number("a"), "retry", 2)])


def test_a_wait_says_when_it_ends() -> None:
    of = ended()
    assert of.resource is not None
    resting = replace(of.resource, retry=replace(ABLE_TO_RETRY, after=timedelta(hours=4)))
    actions, work = planned(replace(of, resource=resting))
    wait = actions[Verb.WAIT]
    assert (wait.reason, wait.people, wait.next_at) == (Reason.RETRY_AFTER, 1, NOON + timedelta(hours=3))
    assert work is not None
    assert (work.later, work.complete) == (True, True)


def test_a_wait_for_the_hours_ends_when_they_open() -> None:
    opens = NOON + timedelta(hours=5)
    of = case(wanted=resource("ab"), record=Record(), timing=Timing.CLOSED, opens_at=opens)
    actions, work = planned(of)
    assert (actions[Verb.WAIT].people, actions[Verb.WAIT].next_at) == (2, opens)
    assert work is not None
    assert (work.later, work.complete) == (True, False)


# -- blocks -------------------------------------------------------------------------------------------------------


def test_a_block_of_the_resource_is_all_there_is() -> None:
    block = Block(Reason.LOST, "the provider does not know b1", "dialctl state rm batch/march")
    actions, work = planned(case(wanted=resource("ab"), record=Record()), block=block)
    assert work is None
    assert list(actions) == [Verb.BLOCK]
    held = actions[Verb.BLOCK]
    assert (held.reason, held.people, held.detail, held.way_out) == (Reason.LOST, 2, block.detail, block.way_out)


def lost(**intents: Any) -> Case:
    running = batch("b1", members(a=QUEUED))
    record = replace(knowing(running), intents=open_intents(intent(**intents)))
    return case(running, wanted=resource("ab"), record=record)


def test_a_lost_answer_holds_back_its_people_alone_and_says_when() -> None:
    actions, work = planned(lost())
    assert (actions[Verb.BLOCK].people, actions[Verb.BLOCK].reason) == (1, Reason.UNSURE)
    assert "11:59 UTC on 1 Dec" in actions[Verb.BLOCK].detail
    assert "dialctl apply" in actions[Verb.BLOCK].way_out
    assert work is not None
    assert (work.complete, work.later, len(work.ring)) == (False, True, 0)


def test_a_lost_single_call_is_a_humans_to_resolve() -> None:
    of = case(wanted=call_resource("a"), record=Record(intents=open_intents(intent(route=Route.CALL, person="p"))))
    assert planned(of)[0][Verb.BLOCK].way_out == "dialctl resolve call/ada --placed | --not-placed"


def test_what_is_being_applied_is_no_alarm() -> None:
    block = planned(lost(), applying="ada@mill")[0][Verb.BLOCK]
    assert (block.reason, block.detail, block.way_out) == (Reason.BEING_APPLIED, "being applied by ada@mill", "")


# -- nothing to do ------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_one_keep_of_everybody() -> None:
    actions, work = planned(case(batch("b1", members(a=REACHED, b=QUEUED)), wanted=resource("ab")))
    assert [(a.verb, a.reason, a.people) for a in actions.values()] == [(Verb.KEEP, Reason.UNCHANGED, 2)]
    assert work is not None
    assert work.complete


def test_a_quiet_resource_is_kept_without_its_people() -> None:
    actions, work = planned(case(wanted=resource("ab"), record=Record(generation=1)), quiet=True)
    assert (actions[Verb.KEEP].people, work and work.quiet) == (2, True)


@pytest.mark.parametrize(
    "edited",
    [call_resource("b"), call_resource("a", settings={"agent_id": "agent_b"}), call_resource({"a": '{"x":1}'})],
    ids=["its number", "its agent", "its data"],
)
def test_an_edited_call_is_rung_once_all_the_same(edited: Any) -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").people
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    actions, _ = planned(case(placed, wanted=edited, record=record))
    assert [(a.verb, a.reason) for a in actions.values()] == [(Verb.KEEP, Reason.RUNG_ONCE)]


def test_an_unedited_call_is_unchanged() -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").people
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    assert planned(case(placed, wanted=call_resource("a"), record=record))[0][Verb.KEEP].reason is Reason.UNCHANGED


# -- found, forgotten ---------------------------------------------------------------------------------------------


def test_what_was_found_by_its_mark_is_adopted_beside_what_else_happens() -> None:
    found = batch("b1", members(a=QUEUED, b=QUEUED))
    actions, work = planned(case(found, wanted=resource("abc"), record=Record(generation=1)), adopt=(found,))
    assert set(actions) == {Verb.ADOPT, Verb.CREATE}
    adopt = actions[Verb.ADOPT]
    assert (adopt.reason, adopt.people, adopt.remote_ids) == (Reason.FOUND, 2, ("b1",))
    assert work is not None
    assert work.adopt == (found,)


def test_a_renamed_resource_says_what_it_was() -> None:
    old = batch("b1", members(a=REACHED))
    actions, work = planned(case(old, wanted=resource("a")), renamed=("batch/feb",))
    assert (actions[Verb.ADOPT].reason, actions[Verb.ADOPT].detail) == (Reason.RENAMED, "was batch/feb")
    assert work is not None
    assert work.renamed == ("batch/feb",)


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
                record=Record(generation=1, remotes={"b1": remembered()}, intents=open_intents(intent())),
            ),
            id="an answer was lost",
        ),
    ],
)
def test_it_is_not_forgotten_while(of: Case) -> None:
    assert not worked(of).forget


def test_a_tombstone_is_not_shown_again() -> None:
    of = case(batch("b1", members(a=REACHED)), wanted=None)
    assert planned(of, tombstone=True)[0] == {}
    assert planned(of, tombstone=True, quiet=True)[0] == {}


# -- whatever was seen --------------------------------------------------------------------------------------------


@given(scenes)
@settings(max_examples=120, derandomize=True, deadline=None)
def test_the_work_is_what_the_actions_say(scene: Scene) -> None:
    actions, work = planned(case_of(scene))
    assert work is not None
    assert "+1415" not in repr(list(actions.values())), "no number in what is shown"
    by_request = sum(
        len(frame.filter(pl.col("phase") == UNREACHED))
        for key in work.requests
        if (frame := work.case.remotes[key].members) is not None
    )
    assert sum(a.people for a in actions.values() if a.verb.dials) == len(work.ring) + by_request
    assert work.ring.get_column("number").is_unique().all()
    assert bool(work.cancels) == bool({Verb.CANCEL, Verb.REPLACE} & set(actions))
    named = {key for verb in (Verb.CANCEL, Verb.REPLACE) if verb in actions for key in actions[verb].remote_ids}
    assert named == set(work.cancels)


def test_a_retry_whose_answer_was_lost_is_not_asked_for_again() -> None:
    doubted = intent(request=Request.RETRY, remote="b1", mark="retry:b1:0", retry_count=0)
    of = ended()
    actions, work = planned(replace(of, record=replace(of.record, intents=open_intents(doubted))))
    assert set(actions) == {Verb.BLOCK}
    assert work is not None
    assert (work.requests, len(work.ring)) == ((), 0)
