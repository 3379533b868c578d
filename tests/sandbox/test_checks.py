"""Checks of single request values."""

from __future__ import annotations

import pytest

from declarative.sandbox.checks import (
    VARIABLES,
    VARIABLES_BYTES,
    parse_instant,
    require_choice,
    require_fields,
    require_integer,
    require_phone,
    require_variables,
)
from declarative.sandbox.request import ApiError


def test_a_missing_and_an_unknown_field_are_named() -> None:
    with pytest.raises(ApiError, match=r"recipients\[0\]\.to_number is required"):
        require_fields({}, ("to_number",), (), "recipients[0].")
    with pytest.raises(ApiError, match="colour is not a field"):
        require_fields({"name": "x", "colour": "red"}, ("name",), ("region",))
    require_fields({"name": "x"}, ("name",), ("region",))


@pytest.mark.parametrize("value", [0, 6, 1.0, True, "3", None])
def test_an_integer_outside_its_bounds_or_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(ApiError, match="an integer from 1 to 5"):
        require_integer({"lines": value}, "lines", 1, 5, 3)


def test_an_absent_integer_takes_its_default() -> None:
    assert require_integer({}, "lines", 1, 5, 3) == 3
    assert require_integer({"lines": 5}, "lines", 1, 5, 3) == 5


def test_a_choice_lists_what_is_allowed() -> None:
    with pytest.raises(ApiError, match="region must be one of EU, US"):
        require_choice({"region": ["EU"]}, "region", {"US", "EU"})


@pytest.mark.parametrize("value", ["4155550100", "+0155550100", "+1 4155550100", "+14155550100\n", 14155550100])
def test_what_is_no_e164_number_is_refused(value: object) -> None:
    with pytest.raises(ApiError, match=r"to must be an E\.164 phone number"):
        require_phone(value, "to")


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T00:00:00Z", "2026-03-01t00:00:00z", "2026-03-01T01:00:00+01:00", "2026-02-28T19:00:00.000-05:00"],
)
def test_an_instant_is_read_with_its_offset(text: str) -> None:
    assert parse_instant(text, "at") == 1_772_323_200.0


@pytest.mark.parametrize("value", ["2026-03-01T00:00:00", "2026-03-01", "2026-13-01T00:00:00Z", "yesterday", 1, None])
def test_a_time_without_an_offset_or_calendar_date_is_refused(value: object) -> None:
    with pytest.raises(ApiError, match="at must be an RFC 3339 time"):
        parse_instant(value, "at")


def test_variables_are_bounded_in_number_and_bytes() -> None:
    require_variables({f"x{index}": 1 for index in range(VARIABLES)}, "dynamic_variables")
    for variables in ({f"x{index}": 1 for index in range(VARIABLES + 1)}, {"x": "y" * VARIABLES_BYTES}):
        with pytest.raises(ApiError, match="may hold 64 entries"):
            require_variables(variables, "dynamic_variables")
