"""Values are quoted briefly, without control characters, and phone numbers masked."""

from __future__ import annotations

import pytest

from declarative.manifest import messages


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "recipients", 3, "to_number"), "spec.recipients[3].to_number"),
        (("metadata", "a b"), 'metadata["a b"]'),
        (("spec", "+14155550101"), 'spec["+1415•••0101"]'),
    ],
)
def test_a_path_is_written_as_in_code(path: messages.Path, text: str) -> None:
    assert messages.format_path(path) == text


def test_a_quoted_text_is_short_and_without_control_characters() -> None:
    quoted = messages.quote("\x1b[31m" + "x" * 100)
    assert len(quoted) == 62
    assert "\x1b" not in quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing (null)"), (True, "the boolean true"), (5, "the number 5"), ("a", '"a"'), ([], "a list")],
)
def test_a_value_is_described_by_its_type(value: object, text: str) -> None:
    assert messages.describe_value(value) == text


@pytest.mark.parametrize("number", ["4155550101", 4155550101, "415-555-0101"])
def test_a_value_in_the_place_of_a_number_is_masked(number: object) -> None:
    assert "555" not in messages.describe_number(number)


def test_an_unknown_word_gets_the_closest_one_or_all() -> None:
    assert messages.suggest("sate", ["state", "retry"]) == 'did you mean "state"?'
    assert messages.suggest("x", ["state", "retry"]) == "known: state, retry"
