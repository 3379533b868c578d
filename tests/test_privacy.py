"""What may be shown of phone numbers, of secrets, and of text from elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.privacy import LIMIT, clean, hide_numbers, is_loopback, mask, mask_all, mask_written, redact


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
        ("the password hunter22 and 555-0101", "the password ••• and •••"),
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


FORMATS = [
    "{plus}",
    "{cc}-{a}-{b}-{c}",
    "+{cc} {a} {b} {c}",
    "+{cc} ({a}) {b}-{c}",
    "({a}) {b}-{c}",
    "{a}-{b}-{c}",
    "{a}.{b}.{c}",
    "0{a} {b}{c}",
    "00{cc} {a} {b} {c}",
]
"""Ways in which a provider may write a phone number that it was never told in this request."""


@given(
    number=st.tuples(
        st.sampled_from(["1", "44", "49"]),
        st.from_regex(r"[2-9][0-9]{2}", fullmatch=True),
        st.from_regex(r"[2-9][0-9]{2}", fullmatch=True),
        st.from_regex(r"[0-9]{4}", fullmatch=True),
    ),
    written=st.sampled_from(FORMATS),
    before=st.sampled_from(["", "to ", "number: ", '"', "(", "calls to ", "é "]),
    after=st.sampled_from(["", " failed", '"', ")", ", ", ". Try again", " is not E.164"]),
)
def test_what_reads_as_a_phone_number_is_masked(
    number: tuple[str, str, str, str], written: str, before: str, after: str
) -> None:
    country, area, middle, last = number
    text = written.format(plus=f"+{country}{area}{middle}{last}", cc=country, a=area, b=middle, c=last)
    redacted = redact(f"{before}{text}{after}")
    assert "•••" in redacted
    assert f"{area}{middle}{last}" not in "".join(letter for letter in redacted if letter.isdigit())


@given(
    number=st.from_regex(r"[1-9][0-9]{7,14}", fullmatch=True),
    cut=st.integers(0, 3),
    separators=st.lists(st.sampled_from(["", "-", " ", ".", ") ", "/"]), min_size=15, max_size=15),
)
def test_a_number_of_the_request_is_masked_however_it_is_written(number: str, cut: int, separators: list[str]) -> None:
    digits = number[min(cut, len(number) - 8) :].lstrip("0")
    written = "".join(f"{separator}{digit}" for separator, digit in zip(separators, digits, strict=False)).lstrip(
        ")-. /"
    )
    redacted = redact(f"no route to {written}!", sent=f'{{"recipients":[{{"to_number":"+{number}"}}]}}'.encode())
    assert len(digits) < 7 or digits not in "".join(letter for letter in redacted if letter.isdigit())


@pytest.mark.parametrize(
    "text",
    [
        "the body is larger than 4194304 bytes",
        "limit 4294967296 bytes, 5368709120 ms, 2147483648kb",
        "batch acb_20261201123456 of org 12345678",
        "retry after 1767225600 (2026-01-01T00:00:00Z), or 1767225600000",
        "5,000,000 of 12.345.678 people, 1.234.567.890 in all",
        "balance is $1.88, hold $3.00",
        "at 10.0.110.200:8443, 192.168.100.200",
        "request 550e8400-e29b-41d4-a716-446655440000",
        "CA1234567890abcdef1234567890abcdef",
        "2026-12-01 16:00:00 to 2026-12-08",
    ],
)
def test_numbers_that_are_no_phone_numbers_stay(text: str) -> None:
    assert redact(text, sent=b'{"to_number":"+14155550101"}') == text


@given(size=st.integers(0, 10**12), unit=st.sampled_from(["bytes", "ms", "seconds", "kb"]))
def test_a_size_stays(size: int, unit: str) -> None:
    assert redact(f"more than {size} {unit}") == f"more than {size} {unit}"


def test_an_international_number_within_a_word_is_masked() -> None:
    assert (
        mask_written("agent 0x10+14155550101aa, at +00:00 or +0000") == "agent 0x10+1415•••0101aa, at +00:00 or +0000"
    )


def test_numbers_are_masked_in_a_text_and_sizes_stay() -> None:
    assert mask_written("no route to +14155550101: 4194304 bytes") == "no route to +1415•••0101: 4194304 bytes"


def test_nothing_of_a_number_is_kept() -> None:
    assert hide_numbers("no route to +1415•••0101 or 415-555-0102: 4194304 bytes") == (
        "no route to ••• or •••: 4194304 bytes"
    )
