"""What each batch and call says of each person: whose data changed, what is over, what is ours to touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from declarative.model import frames as people
from declarative.model.capabilities import Cancellable
from declarative.model.lock import CancelProgress, ResourceRecord
from declarative.model.remote import Phase, is_over
from declarative.model.resource import Route
from declarative.planning import entries
from declarative.planning.columns import FactColumns
from declarative.planning.entries import QUEUED
from declarative.planning.facts import Facts
from declarative.planning.remote_facts import SCHEMA
from tests.planning.capabilities_fixture import BATCHES
from tests.planning.facts_fixture import (
    KEY,
    NOON,
    a_mark,
    batch,
    call,
    call_resource,
    crowd,
    decisions,
    knowing,
    make_facts,
    members,
    number,
    person,
    remembered,
    resource,
    verbs,
)

WAITING = Phase.QUEUED


def echoing(who: str, payload: str | None) -> pl.DataFrame:
    return members(**dict.fromkeys(who, WAITING)).with_columns(payload=pl.lit(payload, dtype=pl.String))


def sent(data: dict[str, str]) -> str:
    """The digest of the data as it was sent."""
    return people.payloads_digest(crowd(data).frame, KEY)


def told(of: Facts) -> pl.DataFrame:
    return entries.build_entries(entries.read_members(FactColumns([of])))


def only(of: Facts) -> dict[str, Any]:
    return told(of).row(0, named=True)


# -- whose data changed -------------------------------------------------------------------------------------------


def test_data_that_the_provider_echoes_otherwise_moves_that_person_alone() -> None:
    waiting = batch("b1", pl.concat([echoing("a", '{"plan":"old"}'), echoing("b", '{"plan":"new"}')]))
    apart = batch("b2", echoing("c", '{"plan":"new"}'))
    wanted = resource(dict.fromkeys("abc", '{"plan":"new"}'))
    assert verbs(make_facts(waiting, apart, wanted=wanted)) == {"a": "replace", "b": "replace", "c": "keep"}


def test_somebody_who_waits_without_data_was_sent_none() -> None:
    waiting = batch("b1", echoing("ab", None))
    assert verbs(make_facts(waiting, wanted=resource({"a": '{"x":1}', "b": "{}"}))) == {"a": "replace", "b": "replace"}
    assert decisions(make_facts(waiting, wanted=resource({"a": "{}", "b": "{}"})))["a"][0] == "keep"


SILENT = replace(BATCHES, returns_data=False)


@pytest.mark.parametrize(
    ("now", "verb"),
    [
        ({"a": '{"x":1}', "b": '{"x":2}'}, "keep"),
        ({"a": '{"x":1}', "b": '{"x":3}'}, "replace"),
        ({"a": '{"x":1}', "b": "{}"}, "replace"),
    ],
)
def test_where_no_data_come_back_all_who_wait_in_a_shard_that_differs_move_together(
    now: dict[str, str], verb: str
) -> None:
    """A person's data were changed, and the provider does not say whose: nobody stays with the old ones in silence."""
    shard, apart = batch("b1", echoing("ab", None)), batch("b2", echoing("c", None))
    known = remembered(count=2, payloads=sent({"a": '{"x":1}', "b": '{"x":2}'}))
    other = remembered(count=1, payloads=sent({"c": '{"x":9}'}))
    record = ResourceRecord(generation=1, remotes={"b1": known, "b2": other})
    of = make_facts(shard, apart, wanted=resource({**now, "c": '{"x":9}'}), record=record, capabilities=SILENT)
    assert verbs(of) == {"a": verb, "b": verb, "c": "keep"}


def test_where_no_data_come_back_nobody_who_was_called_moves() -> None:
    phases = members(a=WAITING, b=Phase.REACHED, c=Phase.REFUSED)
    shard = batch("b1", phases.with_columns(payload=pl.lit(None, dtype=pl.String)))
    known = remembered(count=3, payloads=sent(dict.fromkeys("abc", '{"x":1}')))
    record = ResourceRecord(generation=1, remotes={"b1": known})
    of = make_facts(shard, wanted=resource(dict.fromkeys("abc", '{"x":2}')), record=record, capabilities=SILENT)
    assert verbs(of) == {"a": "replace", "b": "keep", "c": "keep"}


def test_a_shard_of_which_not_even_the_digest_is_known_moves() -> None:
    """It was found by its mark alone, and nothing says that its people wait with the data wanted now."""
    known = replace(knowing(), remotes={"b1": remembered(count=1)})
    of = make_facts(
        batch("b1", echoing("a", None)), wanted=resource({"a": '{"x":1}'}), record=known, capabilities=SILENT
    )
    assert verbs(of) == {"a": "replace"}


# -- what may still be taken back ---------------------------------------------------------------------------------

EARLY = replace(BATCHES, cancellable=Cancellable.BEFORE_START)


@pytest.mark.parametrize(
    ("starts", "verb"),
    [
        (timedelta(seconds=31), "cancel"),
        (timedelta(seconds=29), "keep"),
        (timedelta(minutes=-5), "keep"),
        (None, "keep"),
    ],
)
def test_nobody_is_taken_off_once_a_batch_has_begun_where_that_is_too_late(starts: timedelta | None, verb: str) -> None:
    waiting = batch("b1", members(a=WAITING), scheduled_at=None if starts is None else NOON + starts)
    assert verbs(make_facts(waiting, wanted=None, capabilities=EARLY)) == {"a": verb}
    assert verbs(make_facts(waiting, wanted=None)) == {"a": "cancel"}
    known = ResourceRecord(generation=1, remotes={"b1": remembered(count=1, settings="other")})
    of = make_facts(waiting, wanted=resource("a"), record=known, capabilities=EARLY)
    assert verbs(of) == {"a": "replace" if verb == "cancel" else "keep"}


def test_an_echo_that_the_provider_rewrote_is_no_change_where_the_digest_of_what_was_sent_agrees() -> None:
    waiting = batch("b1", echoing("a", '{"x":"1"}'))
    record = replace(knowing(waiting), remotes={"b1": remembered(count=1, payloads=sent({"a": '{"x":1}'}))})
    assert verbs(make_facts(waiting, wanted=resource({"a": '{"x":1}'}), record=record)) == {"a": "keep"}


def test_the_digest_of_a_shard_is_compared_with_the_data_wanted_for_its_own_people() -> None:
    shard = batch("b1", echoing("ab", "{}"))
    data = {"a": '{"x":1}', "b": '{"x":2}', "c": '{"x":3}'}
    known = remembered(count=2, payloads=sent({"a": '{"x":1}', "b": '{"x":2}'}))
    of = make_facts(shard, wanted=resource(data), record=ResourceRecord(generation=1, remotes={"b1": known}))
    assert told(of).get_column("exact").all()
    assert verbs(of) == {"a": "keep", "b": "keep", "c": "create"}


def test_a_shard_whose_people_left_in_part_is_compared_by_its_echo() -> None:
    shard = batch("b1", echoing("ab", '{"x":1}'))
    known = remembered(count=2, payloads=sent({"a": '{"x":1}', "b": '{"x":1}'}))
    of = make_facts(
        shard, wanted=resource({"a": '{"x":1}'}), record=ResourceRecord(generation=1, remotes={"b1": known})
    )
    assert not told(of).get_column("exact").any()
    assert decisions(of) == {"a": ("replace", "batch_mates"), "b": ("cancel", "not_desired")}


def test_whose_data_changed_while_they_were_called_is_left_alone() -> None:
    called = members(a=Phase.REACHED).with_columns(payload=pl.lit('{"x":0}'))
    assert verbs(make_facts(batch("b1", called), wanted=resource({"a": '{"x":1}'}))) == {"a": "keep"}


# -- settings -----------------------------------------------------------------------------------------------------


def test_settings_known_by_the_mark_alone_are_compared_by_its_hash() -> None:
    same, other = batch("b1", members(a=WAITING)), batch("b2", members(b=WAITING), mark=a_mark(settings="other"))
    of = make_facts(same, other, wanted=resource("ab"), record=ResourceRecord(generation=1))
    assert dict(told(of).select("remote", "stale").iter_rows()) == {"b1": False, "b2": True}


def test_settings_that_nothing_tells_are_not_changed() -> None:
    unmarked = batch("b1", members(a=WAITING), mark=None)
    of = make_facts(
        unmarked, wanted=resource("a"), record=ResourceRecord(generation=1, remotes={"b1": remembered(settings=None)})
    )
    assert not only(of)["stale"]


def test_a_revoked_mark_is_stale_whatever_its_settings() -> None:
    late = batch("b1", members(a=WAITING))
    record = replace(knowing(late), revoked=(str(late.mark),))
    assert only(make_facts(late, wanted=resource("a"), record=record))["stale"]
    assert verbs(make_facts(late, wanted=resource("a"), record=record)) == {"a": "replace"}


def test_a_revoked_mark_that_the_lock_does_not_know_as_a_batch_is_stale_too() -> None:
    late = batch("b1", members(a=WAITING))
    record = ResourceRecord(generation=1, revoked=(str(late.mark),))
    assert only(make_facts(late, wanted=resource("a"), record=record))["stale"]


# -- what an entry is ---------------------------------------------------------------------------------------------


def test_nothing_seen_is_an_empty_frame_of_the_same_columns() -> None:
    assert told(make_facts(wanted=resource("a"), record=ResourceRecord())).schema == pl.Schema(SCHEMA)


def test_a_batch_whose_people_were_not_read_has_no_entries() -> None:
    assert told(make_facts(batch("b1", None, total=5), wanted=resource("a"))).is_empty()


@pytest.mark.parametrize(
    ("changes", "touchable"),
    [({}, True), ({"route": Route.CALL}, False)],
    ids=["a batch is ours to cancel", "a single call is not"],
)
def test_touchable(changes: dict[str, Any], touchable: bool) -> None:
    of = make_facts(batch("b1", members(a=WAITING), **changes), wanted=resource("a"))
    assert only(of)["touchable"] is touchable
    assert told(of).filter(QUEUED).is_empty() is not touchable


def test_whether_a_cancel_was_ours_is_what_the_lock_says() -> None:
    gone = batch("b1", members(a=Phase.CANCELLED), cancelled=True)
    for cancel, ours in ((None, False), (CancelProgress.ASKED, True), (CancelProgress.DONE, True)):
        record = ResourceRecord(remotes={"b1": remembered(cancel=cancel)})
        assert only(make_facts(gone, wanted=resource("a"), record=record))["by_us"] is ours


@pytest.mark.parametrize(
    ("proves", "finished", "cancelled", "freed"),
    [(True, 1, False, True), (True, 0, False, False), (False, 1, False, False), (True, 1, True, False)],
)
def test_a_window_that_closed_frees_whom_it_left_out(proves: bool, finished: int, cancelled: bool, freed: bool) -> None:
    closed = batch("b1", members(a=Phase.CANCELLED), total=1, finished=finished, cancelled=cancelled)
    facts = make_facts(closed, wanted=resource("a"), record=ResourceRecord(remotes={"b1": remembered()}))
    facts = replace(facts, capabilities=replace(BATCHES, ends_unreached=proves))
    assert only(facts)["by_us"] is freed


def test_the_greater_count_of_retries_is_the_upper_bound() -> None:
    seen = batch("b1", members(a=WAITING), retry_count=1)
    for known, bound in ((None, 1), (0, 1), (2, 2)):
        record = ResourceRecord(remotes={"b1": remembered(retry_count=known)})
        assert only(make_facts(seen, wanted=resource("a"), record=record))["retries"] == bound


def test_the_attempt_of_what_the_lock_does_not_know_is_in_its_mark() -> None:
    found = batch("b1", members(a=WAITING), mark=a_mark(attempt=3))
    assert only(make_facts(found, wanted=resource("a"), record=ResourceRecord()))["attempt"] == 3


@pytest.mark.parametrize("text", ["", "yesterday", "17"])
def test_a_time_that_cannot_be_read_falls_back_to_the_creation(text: str) -> None:
    odd = batch("b1", members(a=Phase.UNREACHED), last_updated_at=text)
    assert only(make_facts(odd, wanted=resource("a")))["over_at"] == odd.created_at


@pytest.mark.parametrize("text", ["2026-12-01T11:00:00Z", "2026-12-01T12:00:00+01:00", "2026-12-01T11:00:00"])
def test_times_are_utc_whatever_their_offset(text: str) -> None:
    remote = batch("b1", members(a=Phase.UNREACHED), last_updated_at=text)
    assert only(make_facts(remote, wanted=resource("a")))["over_at"].isoformat() == "2026-12-01T11:00:00+00:00"


def test_the_calls_of_a_lock_are_matched_to_people_by_digest() -> None:
    known = {
        "c1": remembered(route=Route.CALL, person=person("b"), phase=Phase.REACHED),
        "c2": remembered(route=Route.CALL, person=person("z"), phase=Phase.REACHED),
    }
    of = make_facts(wanted=resource("ab", route=Route.CALL), record=ResourceRecord(remotes=known))
    assert told(of).select("number", "remote").rows() == [(number("b"), "c1")]


def test_a_call_that_was_read_is_not_counted_twice() -> None:
    read = call("c1", "a", Phase.REACHED)
    record = ResourceRecord(remotes={"c1": remembered(route=Route.CALL, person=person("a"), phase=Phase.QUEUED)})
    assert told(make_facts(read, wanted=resource("a", route=Route.CALL), record=record)).height == 1


def test_a_call_that_shows_another_number_is_still_of_whom_it_was_placed_to() -> None:
    """Some show the agent's own number there. Whoever was called by it would look never called, and be called again."""
    read = call("c1", "z", Phase.REACHED)
    record = ResourceRecord(remotes={"c1": remembered(route=Route.CALL, person=person("a"), phase=Phase.IN_FLIGHT)})
    of = make_facts(read, wanted=resource("a", route=Route.CALL), record=record)
    assert told(of).select("number", "remote").rows() == [(number("a"), "c1")]
    assert verbs(of) == {"a": "keep"}


def test_every_entry_of_a_call_is_of_its_one_person() -> None:
    record = ResourceRecord(remotes={"c1": remembered(route=Route.CALL, person=person("z"))}, placed=(person("y"),))
    frame = told(make_facts(call("c2", "x", Phase.REACHED), wanted=call_resource("a"), record=record))
    assert frame.get_column("number").to_list() == [number("a")] * 3


# -- over ---------------------------------------------------------------------------------------------------------


def test_a_batch_is_over_when_all_that_was_scheduled_finished() -> None:
    assert is_over(batch("b1", None, total=3, finished=3))
    assert not is_over(batch("b1", None, total=3, finished=2))


def test_a_status_that_says_completed_is_not_the_end() -> None:
    assert not is_over(batch("b1", members(a=Phase.IN_FLIGHT), status="completed"))


@pytest.mark.parametrize(
    ("phase", "over"),
    [(Phase.QUEUED, False), (Phase.IN_FLIGHT, False), (Phase.UNKNOWN, False), (Phase.CANCELLED, True)],
)
def test_after_a_cancel_it_is_over_when_nobody_of_it_calls(phase: Phase, over: bool) -> None:
    gone = batch("b1", members(a=phase, b=Phase.REACHED), cancelled=True, finished=1)
    assert is_over(gone) is over


def test_a_cancelled_batch_that_nobody_read_is_not_known_to_be_over() -> None:
    assert not is_over(batch("b1", None, cancelled=True, total=2, finished=1))


def test_a_batch_that_tells_no_total_is_not_over() -> None:
    assert not is_over(batch("b1", None, total=-1, finished=0))
    assert not is_over(batch("b1", None, total=0, finished=0))
