"""Values of the model as JSON: in one order, and no two that differ alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum, StrEnum

import pytest

from declarative.model.digest import WrittenNumber, json_digest
from declarative.model.plain import to_plain


class Word(StrEnum):
    ONE = "one"


class Place(Enum):
    FIRST = 1


@dataclass(frozen=True)
class Inner:
    hours: tuple[time, ...]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    secret: str = ""


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (1.5, 1.5),
        (Word.ONE, "one"),
        (Place.FIRST, "1"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-12-01T00:00:00+00:00"),
        (timedelta(minutes=2), 120.0),
        ({"b": Word.ONE, "a": (1, None)}, {"b": "one", "a": [1, None]}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (Outer("x", Inner((time(9),))), {"name": "x", "inner": {"hours": ["09:00:00"]}, "secret": ""}),
        (Inner, str(Inner)),
    ],
)
def test_a_value_becomes_json(value: object, plain: object) -> None:
    assert to_plain(value) == plain


def test_a_number_keeps_the_text_that_it_was_written_with() -> None:
    written = {"version": WrittenNumber("3.10")}
    assert json_digest(to_plain(written)) == json_digest({"version": "3.10"}) != json_digest({"version": 3.1})


def test_fields_are_left_out_of_the_value_itself_alone() -> None:
    assert to_plain(Outer("x", Inner(())), leave_out=("secret", "hours")) == {"name": "x", "inner": {"hours": []}}
