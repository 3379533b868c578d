"""What blocks a whole resource, and which of several reasons is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from declarative.model.lock import CancelProgress, Lock, RemoteRecord, ResourceRecord
from declarative.model.mark import project_hash
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.planning.blocks import lock_block, resource_block
from declarative.planning.decide import BLOCKS_RESOURCE, Reason
from declarative.planning.facts import Block
from tests.planning.facts_fixture import (
    ADDRESS,
    LINEAGE,
    NOON,
    PROJECT,
    a_mark,
    batch,
    call,
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

NONE: frozenset[str] = frozenset()


def reason(block: Block | None) -> str | None:
    assert block is None or block.detail
    return str(block.reason) if block else None


def of(*remotes: Remote, wanted: Resource | None, unknown: frozenset[str] = NONE, **facts: Any) -> str | None:
    quiet, routes = facts.pop("quiet", False), facts.pop("routes", tuple(Route))
    return reason(resource_block(make_facts(*remotes, wanted=wanted, **facts), unknown, routes=routes, unchanged=quiet))


# -- the lock -----------------------------------------------------------------------------------------------------


def lock_reason(*remotes: Remote, lock: Lock | None = None, single_calls: bool = False) -> str | None:
    seen = {remote.id: remote for remote in remotes}
    return reason(lock_block(PROJECT, lock, seen, single_calls=single_calls))


OURS = Lock(project=PROJECT, lineage=LINEAGE, born=NOON, hosts={"main": "api.example.com"})


def test_a_first_run_with_batches_alone_and_no_marks_just_starts() -> None:
    assert lock_reason() is None


def test_marks_of_this_project_without_a_lock() -> None:
    assert lock_reason(batch("b1")) == "no_memory"


def test_single_calls_without_a_lock() -> None:
    assert lock_reason(single_calls=True) == "no_memory"


def test_single_calls_with_a_lock() -> None:
    assert lock_reason(lock=OURS, single_calls=True) is None


def test_marks_of_another_lineage() -> None:
    assert lock_reason(batch("b1"), batch("b2", mark=a_mark(lineage="zzzzzz")), lock=OURS) == "other_lineage"


def test_marks_of_another_lineage_that_the_lock_took_over() -> None:
    taken = ResourceRecord(remotes={"b2": RemoteRecord(route=Route.BATCH, mark=str(a_mark(lineage="zzzzzz")))})
    lock = replace(OURS, resources={ADDRESS: taken})
    other = a_mark(lineage="zzzzzz")
    assert lock_reason(batch("b1"), batch("b2", mark=other), lock=lock) is None
    assert lock_reason(batch("b2", mark=other), batch("b3", mark=other), lock=lock) == "other_lineage"


def test_a_lock_that_nothing_was_sent_under_is_like_none() -> None:
    unused = replace(OURS, hosts={})
    assert lock_reason(batch("b1", mark=a_mark(lineage="zzzzzz")), lock=unused) == "no_memory"
    assert lock_reason(lock=unused, single_calls=True) is None, "init says that the project is new"


def test_marks_of_our_lineage() -> None:
    assert lock_reason(batch("b1"), lock=OURS) is None


@pytest.mark.parametrize("lock", [None, OURS], ids=["without a lock", "with one"])
def test_things_of_other_projects_and_without_a_mark_hold_back_nobody(lock: Lock | None) -> None:
    theirs = a_mark(project=project_hash("summer"), lineage="zzzzzz")
    assert lock_reason(batch("b1", mark=theirs), batch("b2", mark=None), lock=lock) is None


# -- one resource -------------------------------------------------------------------------------------------------


def test_a_resource_in_order_is_held_back_by_nothing() -> None:
    assert of(batch("b1", members(a=Phase.REACHED)), wanted=resource("a")) is None


def test_a_mark_of_a_later_generation_tells_of_a_newer_lock() -> None:
    newer = batch("b2", members(a=Phase.REACHED), mark=a_mark(generation=2))
    assert of(newer, wanted=resource("a"), record=ResourceRecord(generation=1)) == "lock_is_older"
    assert of(newer, wanted=None, record=ResourceRecord(generation=1)) == "lock_is_older"


def test_a_later_generation_that_an_intent_of_ours_explains_is_ours() -> None:
    newer = batch("b2", members(a=Phase.REACHED), mark=a_mark(generation=2))
    record = ResourceRecord(generation=1, provider="cartesia", intents=open_intents(intent()))
    assert of(newer, wanted=resource("a"), record=record) is None


def test_what_is_read_under_also_tells_nothing_of_our_lock() -> None:
    theirs = batch("x1", members(a=Phase.REACHED), mark=a_mark(generation=9))
    assert of(theirs, wanted=resource("a"), record=ResourceRecord(generation=1), also=frozenset({"x1"})) is None


def test_an_older_generation_that_the_lock_does_not_know_is_adopted() -> None:
    assert of(batch("b1", members(a=Phase.REACHED)), wanted=resource("a"), record=ResourceRecord(generation=4)) is None


def test_an_id_of_the_lock_that_the_provider_does_not_know() -> None:
    record = ResourceRecord(generation=1, remotes={"b1": remembered()})
    assert of(wanted=resource("a"), record=record, unknown=frozenset({"b1"})) == "lost"


def test_an_id_under_also_that_the_provider_does_not_know() -> None:
    assert (
        of(wanted=resource("a"), record=ResourceRecord(), also=frozenset({"x1"}), unknown=frozenset({"x1"})) == "lost"
    )


def test_an_unknown_id_of_another_resource_is_no_concern() -> None:
    assert of(wanted=resource("a"), record=ResourceRecord(), unknown=frozenset({"b9"})) is None


@pytest.mark.parametrize("total", [0, 1, 3, -1])
def test_a_batch_whose_people_are_not_as_many_as_scheduled(total: int) -> None:
    some = batch("b1", members(a=Phase.REACHED, b=Phase.REACHED), total=total)
    assert of(some, wanted=resource("ab")) == "members_unreadable"


def test_people_are_counted_once_a_number() -> None:
    doubled = members(a=Phase.REACHED).vstack(members(a=Phase.REACHED))
    assert of(batch("b1", doubled), wanted=resource("a")) == "members_unreadable"


def test_a_batch_that_the_lock_knows_and_nobody_read_holds_back_its_resource() -> None:
    assert of(
        wanted=resource("a"), record=ResourceRecord(generation=1, remotes={"b1": remembered()}, provider="cartesia")
    ) == ("members_unreadable")


def test_a_batch_seen_in_the_list_only_holds_back_its_resource() -> None:
    assert of(batch("b1", None, total=1), wanted=resource("a")) == "members_unreadable"


def test_a_batch_under_also_that_nobody_read_holds_back_its_resource() -> None:
    of_also = of(wanted=resource("a"), record=ResourceRecord(), also=frozenset({"x1"}))
    assert of_also == "members_unreadable"


def test_a_call_of_a_lowered_batch_whose_person_nobody_knows_holds_back_its_resource() -> None:
    known = ResourceRecord(generation=1, provider="cartesia", remotes={"c1": remembered(route=Route.CALL)})
    assert of(wanted=resource("a", route=Route.CALL), record=known) == "members_unreadable"


def test_a_remembered_call_need_not_be_read() -> None:
    known = ResourceRecord(
        generation=1, provider="cartesia", remotes={"c1": remembered(route=Route.CALL, person=person("a"))}
    )
    assert of(wanted=resource("a", route=Route.CALL), record=known) is None
    assert of(wanted=call_resource("a"), record=known) is None


def test_of_a_quiet_resource_nobodys_people_need_to_be_read() -> None:
    assert of(batch("b1", None, total=1), wanted=resource("a"), quiet=True) is None


def test_a_redacted_call_that_we_know_is_not_unreadable() -> None:
    redacted = call("c1", "a", Phase.REACHED, members=members(), total=1)
    assert of(redacted, wanted=resource("a", route=Route.CALL)) is None


def elsewhere(**changes: Any) -> Remote:
    return batch("b1", members(a=Phase.CANCELLED, b=Phase.REACHED), **{"cancelled": True, **changes})


def test_a_batch_cancelled_without_us() -> None:
    assert of(elsewhere(), wanted=resource("ab")) == "cancelled_elsewhere"


@pytest.mark.parametrize("cancel", CancelProgress)
def test_a_cancel_of_ours_is_nobody_elses(cancel: CancelProgress) -> None:
    record = replace(knowing(elsewhere()), remotes={"b1": remembered(cancel=cancel)})
    assert of(elsewhere(), wanted=resource("ab"), record=record) is None


def test_a_cancel_elsewhere_that_kept_nobody_wanted_from_a_call_is_no_block() -> None:
    assert of(elsewhere(), wanted=resource("b")) is None


def test_a_cancel_elsewhere_agrees_with_a_pause_and_with_a_manifest_that_is_gone() -> None:
    assert of(elsewhere(), wanted=resource("ab", paused=True)) is None
    assert of(elsewhere(), wanted=None) is None


def test_others_may_cancel_what_is_theirs() -> None:
    theirs = elsewhere(mark=None)
    assert of(theirs, wanted=resource("ab"), record=ResourceRecord(), also=frozenset({"b1"})) is None


def test_another_provider_than_the_one_where_it_was_placed() -> None:
    assert of(batch("b1", members(a=Phase.REACHED)), wanted=resource("a", provider="callingbox")) == "provider_changed"


def test_a_provider_changes_freely_before_anything_was_placed() -> None:
    assert of(wanted=resource("a", provider="callingbox"), record=ResourceRecord(provider="cartesia")) is None


def test_batches_at_a_provider_that_now_places_single_calls() -> None:
    lowered = resource("a", route=Route.CALL)
    assert of(wanted=lowered, record=knowing(batch("b1", members(a=Phase.REACHED)))) == "provider_changed"


def test_a_lost_request_keeps_its_people_where_it_was_sent() -> None:
    """It may have arrived there: at another provider, or by another route, they would call once more."""
    lost = ResourceRecord(generation=1, provider="cartesia", intents=open_intents(intent()))
    assert of(wanted=resource("a"), record=lost) is None
    assert of(wanted=resource("a", provider="callingbox"), record=lost) == "provider_changed"
    assert of(wanted=resource("a", route=Route.CALL), record=lost) == "provider_changed"


def test_a_removed_manifest_whose_provider_has_no_batches_any_more_says_so() -> None:
    over = batch("b1", members(a=Phase.REACHED))
    for record in (knowing(over), ResourceRecord(generation=1, intents=open_intents(intent()))):
        assert of(wanted=None, record=record, routes=[Route.CALL]) == "provider_changed"


def test_nobody_has_to_read_again_what_is_forgotten() -> None:
    over = knowing(batch("b1", members(a=Phase.REACHED)), tombstone=True)
    assert of(wanted=None, record=over, routes=[Route.CALL], quiet=True) is None


def unsigned(**changes: Any) -> ResourceRecord:
    taken_back = remembered(mark=None, cancel=CancelProgress.DONE, **changes)
    return ResourceRecord(generation=1, provider="cartesia", remotes={"b5": taken_back})


NAMELESS = batch("b5", members(a=Phase.CANCELLED), mark=None, cancelled=True)


def test_a_batch_that_did_not_get_our_name_holds_back_the_next_one() -> None:
    assert of(NAMELESS, wanted=resource("a"), record=unsigned()) == "mark_lost"
    assert of(NAMELESS, wanted=resource("a", paused=True), record=unsigned()) is None


def test_a_batch_without_a_name_of_an_earlier_generation_was_resumed() -> None:
    assert of(NAMELESS, wanted=resource("a"), record=unsigned(generation=0)) is None


WRONGS = {
    Reason.LOCK_IS_OLDER: batch("b1", members(a=Phase.REACHED), mark=a_mark(generation=9)),
    Reason.LOST: batch("b2", None),
    Reason.PROVIDER_CHANGED: None,
    Reason.MEMBERS_UNREADABLE: batch("b3", members(a=Phase.REACHED), total=7),
    Reason.CANCELLED_ELSEWHERE: elsewhere(id="b4"),
    Reason.MARK_LOST: batch("b5", members(c=Phase.REACHED), mark=None),
}
OWN_REASONS = [reason for reason in BLOCKS_RESOURCE if reason in WRONGS]


@pytest.mark.parametrize("place", range(len(OWN_REASONS)))
def test_of_several_reasons_the_first_of_the_list_is_named(place: int) -> None:
    wrongs = OWN_REASONS[place:]
    remotes = {found.id: found for found in (WRONGS[one] for one in wrongs) if found}
    unknown = remotes.keys() & {"b2"}
    provider = "elsewhere" if Reason.PROVIDER_CHANGED in wrongs else "cartesia"
    remembers = {key: remembered(mark=str(found.mark) if found.mark else None) for key, found in remotes.items()}
    record = ResourceRecord(generation=1, provider=provider, remotes=remembers)
    seen = [remote for key, remote in remotes.items() if key not in unknown]
    found = resource_block(
        make_facts(*seen, wanted=resource("ab"), record=record), frozenset(unknown), routes=tuple(Route)
    )
    assert reason(found) == OWN_REASONS[place]
