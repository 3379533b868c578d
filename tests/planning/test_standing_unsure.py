"""People who may be in a request whose answer was lost; and single calls, which no list shows in full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model.lock import RequestKind, ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Resource, Route
from declarative.planning import standing
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    LINEAGE,
    a_mark,
    batch,
    call,
    call_resource,
    decisions,
    intent,
    knowing,
    make_facts,
    members,
    open_intents,
    person,
    remembered,
    resource,
    row,
    verbs,
)

QUEUED, IN_FLIGHT, REACHED, UNREACHED, REFUSED, UNFUNDED, CANCELLED, UNKNOWN = Phase
RETRIED = resource("a", retry=ABLE_TO_RETRY)


# -- doubts -------------------------------------------------------------------------------------------------------


def test_a_batch_that_may_be_out_there_holds_back_whoever_it_may_hold() -> None:
    remote = batch("b1", members(a=QUEUED, b=REACHED, c=REFUSED))
    record = replace(knowing(remote), intents=open_intents(intent()))
    said = verbs(make_facts(remote, wanted=resource("abcd"), record=record))
    assert said == {"a": "keep", "b": "keep", "c": "block", "d": "block"}


def test_it_holds_back_the_unreached_who_are_due_again() -> None:
    remote = batch("b1", members(a=UNREACHED))
    record = replace(knowing(remote), intents=open_intents(intent()))
    assert decisions(make_facts(remote, wanted=RETRIED, record=record)) == {"a": ("block", "unsure")}


def test_a_batch_found_by_its_mark_is_no_doubt() -> None:
    lost = intent()
    found = batch("b1", members(a=QUEUED), mark=a_mark(generation=2))
    record = ResourceRecord(generation=2, intents=open_intents(lost))
    assert verbs(make_facts(found, wanted=resource("ab"), record=record)) == {"a": "keep", "b": "create"}


@pytest.mark.parametrize("wanted", [resource("ab", retry=ABLE_TO_RETRY), resource("ab")])
def test_a_batch_that_was_declared_to_have_arrived_is_left_alone_when_it_is_found(wanted: Resource) -> None:
    """Else its people would look called by it and by the other one that was never seen, and be taken off."""
    found = batch("b1", members(a=QUEUED))
    record = replace(knowing(found), placed=(person("a"), person("b"), str(found.mark)))
    assert verbs(make_facts(found, wanted=wanted, record=record)) == {"a": "keep", "b": "keep"}
    unseen = replace(record, remotes={})
    assert verbs(make_facts(wanted=wanted, record=unseen)) == {"a": "keep", "b": "keep"}


def test_a_retry_that_may_have_happened_holds_back_whoever_it_may_have_called() -> None:
    remote = batch("b1", members(a=UNREACHED, b=REACHED))
    lost = intent(request=RequestKind.RETRY, remote="b1")
    wanted = resource("ab", retry=replace(ABLE_TO_RETRY, max_retries=5))
    record = replace(knowing(remote), intents=open_intents(lost))
    assert verbs(make_facts(remote, wanted=wanted, record=record)) == {"a": "block", "b": "keep"}


def test_a_single_call_that_may_have_been_placed_holds_back_its_one_person() -> None:
    lost = intent(route=Route.CALL, person=person("a"))
    record = ResourceRecord(intents=open_intents(lost))
    assert verbs(make_facts(wanted=resource("ab", route=Route.CALL), record=record)) == {"a": "block", "b": "create"}


def test_a_call_that_may_have_been_placed_is_held_back_though_its_number_was_edited() -> None:
    record = ResourceRecord(intents=open_intents(intent(route=Route.CALL, person=person("a"))))
    assert verbs(make_facts(wanted=call_resource("b"), record=record)) == {"b": "block"}


# -- calls --------------------------------------------------------------------------------------------------------


def test_a_placed_call_is_never_moved_nor_taken_off() -> None:
    placed = call("c1", "a", QUEUED)
    changed = replace(knowing(placed), remotes={"c1": remembered(route=Route.CALL, settings="old")})
    assert verbs(make_facts(placed, wanted=resource("a", route=Route.CALL), record=changed)) == {"a": "keep"}
    assert verbs(make_facts(placed, wanted=None)) == {"a": "keep"}


@pytest.mark.parametrize(("now", "verb"), [("a", "keep"), ("b", "replace")], ids=["the same", "another"])
def test_a_call_that_waits_and_is_known_by_its_mark_alone_follows_its_number(now: str, verb: str) -> None:
    of = make_facts(batch("b1", members(a=QUEUED)), wanted=call_resource(now, route=Route.BATCH))
    assert verbs(of) == {now: verb}


@pytest.mark.parametrize("seen", [True, False], ids=["read now", "remembered"])
def test_a_call_is_called_once_whatever_its_number_becomes(seen: bool) -> None:
    known = ResourceRecord(
        generation=1, remotes={"c1": remembered(route=Route.CALL, person=person("a"), phase=REACHED)}
    )
    remotes = [call("c1", "a", REACHED)] if seen else []
    assert verbs(make_facts(*remotes, wanted=call_resource("b"), record=known)) == {"b": "keep"}


def test_a_call_that_is_remembered_without_its_person_is_never_placed_again() -> None:
    known = ResourceRecord(generation=1, remotes={"c1": remembered(route=Route.CALL, settled=True)})
    assert verbs(make_facts(wanted=call_resource("a"), record=known)) == {"a": "keep"}


def test_a_call_whose_number_cannot_be_read_any_more_is_the_one_call_of_its_address() -> None:
    redacted = call("c1", "a", REACHED, members=members(), total=1)
    assert verbs(make_facts(redacted, wanted=call_resource("a"), record=ResourceRecord(generation=1))) == {"a": "keep"}


def test_a_remembered_call_of_a_lowered_batch_counts_without_being_read() -> None:
    known = {"c1": remembered(route=Route.CALL, person=person("a"), phase=REACHED, settled=True)}
    of = make_facts(wanted=resource("ab", route=Route.CALL), record=ResourceRecord(generation=1, remotes=known))
    assert verbs(of) == {"a": "keep", "b": "create"}


def test_a_remembered_call_of_unknown_outcome_is_not_retried() -> None:
    known = {"c1": remembered(route=Route.CALL, person=person("a"))}
    wanted = resource("a", route=Route.CALL, retry=ABLE_TO_RETRY)
    assert verbs(make_facts(wanted=wanted, record=ResourceRecord(generation=1, remotes=known))) == {"a": "keep"}


def test_whom_somebody_declared_called_is_not_called() -> None:
    assert verbs(make_facts(wanted=resource("ab"), record=ResourceRecord(placed=(person("a"),)))) == {
        "a": "keep",
        "b": "create",
    }


def test_whom_somebody_declared_called_counts_one_attempt() -> None:
    assert row(make_facts(wanted=RETRIED, record=ResourceRecord(placed=(person("a"),))))["attempts"] == 1


def test_a_persons_digest_belongs_to_its_lineage() -> None:
    of = make_facts(wanted=resource("a"), record=ResourceRecord(placed=(person("a"),)), lineage=LINEAGE[::-1])
    assert verbs(of) == {"a": "create"}


def test_a_call_without_anybody_left_to_call_is_quiet() -> None:
    of = make_facts(call("c1", "a", REACHED), wanted=call_resource(""))
    assert set(standing.decide_all(of).get_column("verb")) == {"keep"}


# -- batches that count as called, and nobody knows who was in them -----------------------------------------------


def test_whoever_may_be_in_a_batch_that_was_declared_placed_is_unsure() -> None:
    seen = batch("b1", members(a=QUEUED, b=REACHED))
    unnamed = remembered(count=2, closed=True, settled=True, unnamed=True, mark=str(a_mark(generation=2)))
    record = replace(knowing(seen), remotes={**knowing(seen).remotes, "placed:m": unnamed})
    facts = make_facts(seen, wanted=resource("abc"), record=record)
    assert verbs(facts) == {"a": "keep", "b": "keep", "c": "block"}
    named = replace(record, remotes={**record.remotes, "placed:m": replace(unnamed, unnamed=False)})
    assert verbs(replace(facts, resource_record=named))["c"] == "create"


def test_one_that_is_seen_after_all_shows_who_is_in_it() -> None:
    seen = batch("b2", members(a=REACHED), mark=a_mark(generation=2))
    unnamed = remembered(count=1, closed=True, settled=True, unnamed=True, mark=str(a_mark(generation=2)))
    record = ResourceRecord(generation=2, provider="cartesia", remotes={"placed:m": unnamed})
    assert verbs(make_facts(seen, wanted=resource("ab"), record=record)) == {"a": "keep", "b": "create"}
