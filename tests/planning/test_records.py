"""How what was seen becomes what is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model import records
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Route
from tests.planning.facts_fixture import batch, call, members, remembered


def test_a_call_whose_number_is_shown_no_longer_keeps_what_was_known_of_it() -> None:
    known = remembered(route=Route.CALL, person="p1", phase=Phase.IN_FLIGHT)
    shown = replace(call("c1", "a", Phase.REACHED), members=members())
    assert records.refreshed(known, shown).phase == Phase.IN_FLIGHT


def test_the_outcome_of_a_call_is_that_of_its_person() -> None:
    known = remembered(route=Route.CALL, person="p1")
    assert records.refreshed(known, call("c1", "a", Phase.UNREACHED)).outcome == "dial_no_answer"


@pytest.mark.parametrize(
    ("cancelled", "is_settled"), [pytest.param(False, False, id="live"), pytest.param(True, True, id="cancelled")]
)
def test_a_batch_over_by_its_counters_is_not_settled_while_it_may_call_a_queued_member(
    cancelled: bool, is_settled: bool
) -> None:
    ended = batch("b1", members(a=Phase.QUEUED, b=Phase.REACHED), finished=2, cancelled=cancelled)
    assert records.refreshed(remembered(), ended).settled is is_settled


@pytest.mark.parametrize(
    ("first", "second", "is_unnamed"),
    [
        pytest.param({"closed": True, "unnamed": True}, {}, True, id="one side closed it"),
        pytest.param({"closed": True, "unnamed": True}, {"closed": True}, False, id="one side knows who was in it"),
        pytest.param({"closed": True}, {}, False, id="known from the start"),
        pytest.param({}, {}, False, id="open"),
    ],
)
def test_who_was_in_a_closed_batch_is_known_where_one_side_knows_it(
    first: dict[str, bool], second: dict[str, bool], is_unnamed: bool
) -> None:
    for sides in ((first, second), (second, first)):
        joined = records.join_remote_records(*(remembered(**side) for side in sides))
        assert joined.unnamed is is_unnamed


def test_two_records_that_disagree_on_what_was_approved_approve_nothing() -> None:
    first, second = ResourceRecord(approved="one"), ResourceRecord(approved="another", generation=3)
    assert records.join_records(first, second).approved == ""
    assert records.join_records(first, replace(second, approved="one")).approved == "one"
