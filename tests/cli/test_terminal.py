"""Sentences at a terminal that is too narrow for them."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from declarative.cli.terminal import wrap

ROW = "  + batch/first-campaign  create    40 people (40 taken off earlier), at the earliest moment"


def test_a_line_is_broken_between_words_and_goes_on_indented() -> None:
    assert wrap(f"short\n{ROW}", 80).split("\n") == [
        "short",
        "  + batch/first-campaign  create    40 people (40 taken off earlier), at the",
        "      earliest moment",
    ]


def test_color_takes_no_room_and_goes_on_behind_the_break() -> None:
    assert click.unstyle(wrap(click.style(ROW, fg="green"), 80)) == wrap(ROW, 80)
    assert wrap(click.style("x" * 80, fg="green"), 80).count("\n") == 0


def test_what_has_no_words_stays_whole_to_be_copied() -> None:
    assert wrap(f"see {'x' * 200}", 80) == f"see\n    {'x' * 200}"


@given(st.text("ab \x1b", max_size=200), st.integers(8, 100))
def test_nothing_is_lost_or_added_but_breaks(line: str, width: int) -> None:
    assert wrap(line, width).split() == line.split()
