"""The time zones of numbers."""

from __future__ import annotations

from phonenumbers.tzdata import TIMEZONE_DATA

from declarative.model import zones


def test_a_number_says_its_zones() -> None:
    assert zones.zones_for_number("+12125550101") == ("America/New_York",)
    assert zones.zones_for_number("+12085550101") == ("America/Boise", "America/Los_Angeles")


def test_as_much_of_a_number_is_looked_at_as_zones_depend_on() -> None:
    assert 1 + max(len(prefix) for prefix in TIMEZONE_DATA) <= zones._PREFIX


def test_what_is_no_number_has_no_zone() -> None:
    assert zones.zones_for_number("nonsense") == ()
