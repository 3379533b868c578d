"""What may be shown of phone numbers, of secrets, and of text from elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.privacy import LIMIT, clean, is_loopback, mask, mask_all, redact


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


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("key sk_live_1234 of +14155550101", "key ••• of +1415•••0101"),
        ("the password hunter22 and 5550101", "the password ••• and •••"),
        ("two\nlines\x1b[31m \u202eand more", "two lines [31m and more"),
        ("x" * 1000, "x" * (LIMIT - 1) + "…"),
    ],
)
def test_an_answer_is_shown_without_secrets_numbers_or_length(text: str, redacted: str) -> None:
    assert redact(text, secret="hunter22") == redacted


def test_a_short_secret_does_not_black_out_words() -> None:
    assert redact("a batch was made", secret="a") == "a batch was made"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("api.example.com", False)],
)
def test_this_machine_is_known_by_name_and_address(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
