"""One address: its actions, for people to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route
from declarative.planning import diff
from declarative.planning.decide import Reason, Timing, Verb
from declarative.planning.facts import Block, Facts
from tests.planning.actions_fixture import actions_of, called
from tests.planning.capabilities_fixture import FIELDS
from tests.planning.facts_fixture import (
    NOON,
    batch,
    call,
    call_resource,
    intent,
    knowing,
    make_facts,
    members,
    number,
    open_intents,
    remembered,
    resource,
)

QUEUED, REACHED, UNREACHED = Phase.QUEUED, Phase.REACHED, Phase.UNREACHED


# -- what is shown ------------------------------------------------------------------------------------------------


def test_a_first_submission_is_new_and_shows_its_settings() -> None:
    actions, task = actions_of(make_facts(wanted=resource("ab", scheduled_at=NOON), record=ResourceRecord()))
    assert list(actions) == [Verb.CREATE]
    create = actions[Verb.CREATE]
    assert (create.reason, create.people, create.starts_at) == (Reason.NEW, 2, NOON)
    assert [(change.path, change.before) for change in create.changes] == [("spec.agent_id", None)]
    assert task is not None
    assert called(task) == [(number("a"), "create", 1), (number("b"), "create", 1)]


def test_a_submission_says_in_how_many_batches_where_one_does_not_take_all() -> None:
    actions, _ = actions_of(make_facts(wanted=resource("abcdefg"), record=ResourceRecord()))
    assert actions[Verb.CREATE].counts["batches"] == 3
    actions, _ = actions_of(make_facts(wanted=resource("abc"), record=ResourceRecord()))
    assert "batches" not in actions[Verb.CREATE].counts


def test_who_is_too_early_knows_when_they_will_be_called() -> None:
    day = NOON + timedelta(days=40)
    far = make_facts(
        wanted=resource("a", scheduled_at=day), record=ResourceRecord(), timing=Timing.TOO_EARLY, opens_at=NOON
    )
    wait = actions_of(far)[0][Verb.WAIT]
    assert (wait.reason, wait.starts_at, wait.next_at) == (Reason.TOO_EARLY, day, NOON)


def test_further_people_are_added_without_the_settings_that_they_share() -> None:
    old = batch("b1", members(a=REACHED))
    record = knowing(old, numbers="of last time", settings={"agent_id": "agent_a"})
    create = actions_of(make_facts(old, wanted=resource("ab"), record=record))[0][Verb.CREATE]
    assert (create.reason, create.people, create.changes) == (Reason.ADDED, 1, ())


def test_who_was_taken_off_by_us_is_submitted_again() -> None:
    gone = batch("b1", members(a=Phase.CANCELLED), cancelled=True)
    record = ResourceRecord(generation=1, remotes={"b1": remembered(cancel=CancelProgress.DONE)})
    assert (
        actions_of(make_facts(gone, wanted=resource("a"), record=record))[0][Verb.CREATE].reason
        is Reason.SUBMITTED_AGAIN
    )


def test_a_replace_shows_what_changed_and_counts_those_it_leaves_alone() -> None:
    running = batch("b1", members(a=QUEUED, b=REACHED, c=Phase.IN_FLIGHT))
    record = knowing(running, settings={"agent_id": "agent_old"})
    record = replace(record, remotes={"b1": remembered(settings="old")})
    actions, task = actions_of(make_facts(running, wanted=resource("abc"), record=record))
    replaced = actions[Verb.REPLACE]
    assert (replaced.people, replaced.reason, replaced.remote_ids) == (1, Reason.SETTINGS_CHANGED, ("b1",))
    assert [(c.path, c.before, c.after) for c in replaced.changes] == [("spec.agent_id", "agent_old", "agent_a")]
    counts = {"total": 3, "known": 3, "called": 2, "queued": 1, "in_flight": 1}
    assert replaced.counts == counts
    assert task is not None
    assert (task.cancels, called(task)) == (("b1",), [(number("a"), "replace", 1)])


def test_settings_that_the_lock_keeps_as_digests_are_no_change() -> None:
    told = {"agent_id": "agent_a", "instructions": "Say hello.", "from_number": "+14155550199"}
    running = batch("b1", members(a=QUEUED))
    record = knowing(running, settings=diff.redact_settings(told | {"agent_id": "agent_old"}, FIELDS))
    record = replace(record, remotes={"b1": remembered(settings="old")})
    replaced = actions_of(make_facts(running, wanted=resource("a", settings=told), record=record))[0][Verb.REPLACE]
    assert [change.path for change in replaced.changes] == ["spec.agent_id"]


def test_a_cancel_counts_who_is_in_flight_and_names_its_batches() -> None:
    running = batch("b1", members(a=QUEUED, b=QUEUED, c=Phase.IN_FLIGHT))
    actions, task = actions_of(make_facts(running, wanted=None))
    cancel = actions[Verb.CANCEL]
    assert (cancel.people, cancel.reason, cancel.remote_ids) == (2, Reason.REMOVED, ("b1",))
    assert cancel.counts["in_flight"] == 1
    assert task is not None
    assert (task.cancels, task.forget, len(task.to_call)) == (("b1",), False, 0)


def test_the_reasons_of_a_verb_are_counted_and_the_most_frequent_leads() -> None:
    running = batch("b1", members(a=QUEUED, b=QUEUED, c=QUEUED, d=QUEUED))
    replaced = actions_of(make_facts(running, wanted=resource("bcd")))[0]
    assert replaced[Verb.REPLACE].reasons == {"batch_mates": 3}
    assert replaced[Verb.CANCEL].reasons == {"not_desired": 1}


# -- nothing to do ------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_one_keep_of_everybody() -> None:
    actions, task = actions_of(make_facts(batch("b1", members(a=REACHED, b=QUEUED)), wanted=resource("ab")))
    assert [(a.verb, a.reason, a.people) for a in actions.values()] == [(Verb.KEEP, Reason.UNCHANGED, 2)]
    assert task is not None
    assert task.complete


def test_a_quiet_resource_is_kept_without_its_people() -> None:
    actions, task = actions_of(make_facts(wanted=resource("ab"), record=ResourceRecord(generation=1)), unchanged=True)
    assert (actions[Verb.KEEP].people, task and task.unchanged) == (2, True)


@pytest.mark.parametrize(
    "edited",
    [call_resource("b"), call_resource("a", settings={"agent_id": "agent_b"}), call_resource({"a": '{"x":1}'})],
    ids=["its number", "its agent", "its data"],
)
def test_an_edited_call_is_called_once_all_the_same(edited: Any) -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").recipients
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    actions, _ = actions_of(make_facts(placed, wanted=edited, record=record))
    assert [(a.verb, a.reason) for a in actions.values()] == [(Verb.KEEP, Reason.CALLED_ONCE)]


def test_an_unedited_call_is_unchanged() -> None:
    placed, people = call("c1", "a", REACHED), call_resource("a").recipients
    record = knowing(placed, numbers=people.numbers, payloads=people.payloads)
    assert (
        actions_of(make_facts(placed, wanted=call_resource("a"), record=record))[0][Verb.KEEP].reason
        is Reason.UNCHANGED
    )


# -- blocks -------------------------------------------------------------------------------------------------------


def test_a_block_of_the_resource_is_all_there_is() -> None:
    block = Block(Reason.LOST, "the provider does not know b1", "dialctl state rm batch/march")
    actions, task = actions_of(make_facts(wanted=resource("ab"), record=ResourceRecord()), block=block)
    assert task is None
    assert list(actions) == [Verb.BLOCK]
    held = actions[Verb.BLOCK]
    assert (held.reason, held.people, held.detail, held.hint) == (Reason.LOST, 2, block.detail, block.hint)


def lost(**intents: Any) -> Facts:
    running = batch("b1", members(a=QUEUED))
    record = replace(knowing(running), intents=open_intents(intent(**intents)))
    return make_facts(running, wanted=resource("ab"), record=record)


def test_a_lost_answer_holds_back_its_people_alone_and_says_when() -> None:
    actions, task = actions_of(lost())
    assert (actions[Verb.BLOCK].people, actions[Verb.BLOCK].reason) == (1, Reason.UNSURE)
    assert "11:59 UTC on 1 Dec" in actions[Verb.BLOCK].detail
    assert "dialctl apply" in actions[Verb.BLOCK].hint
    assert task is not None
    assert (task.complete, task.due_later, len(task.to_call)) == (False, True, 0)


def test_a_lost_single_call_is_a_humans_to_resolve() -> None:
    of = make_facts(
        wanted=call_resource("a"), record=ResourceRecord(intents=open_intents(intent(route=Route.CALL, person="p")))
    )
    assert actions_of(of)[0][Verb.BLOCK].hint == "dialctl resolve call/ada --placed | --not-placed"


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
    actions, task = actions_of(make_facts(waiting, wanted=wanted, record=record), lease_holder=applying)
    shown = actions[Verb.BLOCK if applying else Verb.KEEP]
    assert shown.people == 7
    assert shown.reason is (Reason.BEING_APPLIED if applying else Reason.UNSURE)
    assert ("dialctl resolve batch/march" in shown.hint) is (applying is None)
    assert task is not None
    assert not task.forget


def test_what_was_answered_is_repeated_until_it_is_settled() -> None:
    lost_intents = open_intents(intent(answer="answered 413 Payload Too Large"))
    waiting = batch("b1", members(a=QUEUED))
    record = replace(knowing(waiting), intents=lost_intents)
    kept = actions_of(make_facts(waiting, wanted=None, record=record))[0][Verb.KEEP]
    assert kept.detail.endswith("not proven either way: answered 413 Payload Too Large")


def test_what_is_being_applied_is_no_alarm() -> None:
    block = actions_of(lost(), lease_holder="ada@mill")[0][Verb.BLOCK]
    assert (block.reason, block.detail, block.hint) == (Reason.BEING_APPLIED, "being applied by ada@mill", "")


# -- adopted, over -----------------------------------------------------------------------------------------------------


def test_what_was_found_by_its_mark_is_adopted_beside_what_else_happens() -> None:
    found = batch("b1", members(a=QUEUED, b=QUEUED))
    actions, task = actions_of(
        make_facts(found, wanted=resource("abc"), record=ResourceRecord(generation=1)), to_adopt=(found,)
    )
    assert set(actions) == {Verb.ADOPT, Verb.CREATE}
    adopt = actions[Verb.ADOPT]
    assert (adopt.reason, adopt.people, adopt.remote_ids) == (Reason.FOUND, 2, ("b1",))
    assert task is not None
    assert task.facts.remotes == {"b1": found}, "what the lock takes in"


def test_a_renamed_resource_says_what_it_was() -> None:
    old = batch("b1", members(a=REACHED))
    actions, task = actions_of(make_facts(old, wanted=resource("a")), renamed_from=("batch/feb",))
    assert (actions[Verb.ADOPT].reason, actions[Verb.ADOPT].detail) == (Reason.RENAMED, "was batch/feb")
    assert task is not None
    assert task.renamed_from == ("batch/feb",)


def test_a_tombstone_is_not_shown_again() -> None:
    over = batch("b1", members(a=REACHED))
    of = make_facts(over, wanted=None, record=knowing(over, tombstone=True))
    assert actions_of(of)[0] == {}
    assert actions_of(of, unchanged=True)[0] == {}
