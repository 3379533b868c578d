"""How what was seen becomes what is remembered."""

from __future__ import annotations

from dataclasses import replace

from declarative.model import records
from declarative.model.remote import Phase
from declarative.model.resource import Route
from tests.planning.cases import call, members, remembered


def test_a_call_whose_number_is_shown_no_longer_keeps_what_was_known_of_it() -> None:
    known = remembered(route=Route.CALL, person="p1", phase=Phase.IN_FLIGHT)
    shown = replace(call("c1", "a", Phase.REACHED), members=members())
    assert records.refreshed(known, shown).phase == Phase.IN_FLIGHT


def test_the_outcome_of_a_call_is_that_of_its_person() -> None:
    known = remembered(route=Route.CALL, person="p1")
    assert records.refreshed(known, call("c1", "a", Phase.UNREACHED)).outcome == "dial_no_answer"
