"""What people may see of numbers and of foreign text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.privacy import clean, mask, mask_all


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+14155550101", "+1415•••0101"),
        ("+4415555501", "+441•••5501"),
        ("+1555010", "+1•••10"),
        ("415-555-0101", "41•••01"),
        ("+1", "•••"),
        ("", "•••"),
    ],
)
def test_numbers_are_masked(number: str, masked: str) -> None:
    assert mask(number) == masked


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_number_survives_its_mask(number: str) -> None:
    assert number not in mask(number)
    assert sum(letter.isdigit() for letter in mask(number)) <= len(number) - 1 - 3


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call +14155550101, or (415) 555-0102", "call +1415•••0101, or 415•••0102"),
        ("14155550101 and 5550101", "1415•••0101 and •••"),
        ("recipients-20261201.csv at 2026-12-01T16:00:00Z", "recipients-20261201.csv at 2026-12-01T16:00:00Z"),
    ],
)
def test_numbers_within_a_text_are_masked_and_dates_are_not(text: str, masked: str) -> None:
    assert mask_all(text) == masked


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain – é 🎉", "plain – é 🎉"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\x9b31mred\x7f", "31mred"),
        ("a\r\nb\tc\u2028d", "a  b c d"),
        ("user\u202egnp.exe\u2066\u200f", "usergnp.exe"),
    ],
)
def test_foreign_text_cannot_steer_a_terminal(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
