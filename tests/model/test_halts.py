"""Emergency stops: which of them holds an address, and how it is told."""

from __future__ import annotations

from datetime import UTC, datetime

from declarative.model.halts import EVERYTHING, NO_HALTS, EmergencyHalt, Halts, environment_halt

AT = datetime(2026, 12, 1, 14, 2, tzinfo=UTC)
MARCH = EmergencyHalt(id="a", address="batch/march", at=AT, by="ada on mill", reason="wrong price")


def test_a_halt_holds_its_own_address_under_any_of_its_names() -> None:
    halts = Halts((MARCH,))
    assert halts.find("batch/march") is MARCH
    assert halts.find("batch/april", "batch/march") is MARCH
    assert halts.find("batch/april") is None
    assert NO_HALTS.find("batch/march") is None


def test_a_halt_of_the_project_holds_every_address_and_the_project() -> None:
    halts = Halts((EmergencyHalt(id="b", address=EVERYTHING),))
    assert halts.find("batch/april") is not None
    assert halts.find() is not None
    assert Halts((MARCH,)).find() is None


def test_one_that_takes_people_off_comes_before_that_of_one_machine() -> None:
    assert Halts((environment_halt("sick"), MARCH)).find("batch/march") is MARCH


def test_it_says_who_when_why_and_what_ends_it() -> None:
    assert str(MARCH) == "it was halted by ada on mill at 14:02 UTC on 1 Dec: wrong price"
    assert MARCH.way_out == "dialctl resolve batch/march --resume"
    assert EmergencyHalt(id="b", address=EVERYTHING).way_out == "dialctl resolve --all --resume"
    assert "unset DIALCTL_HALT" in environment_halt("sick").way_out
    assert "\x1b" not in str(EmergencyHalt(id="c", address=EVERYTHING, reason="\x1b[2J"))
