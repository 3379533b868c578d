"""Sentences at a terminal that is narrow, lacks our symbols, or is the log of a CI runner."""

from __future__ import annotations

import io
import json
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.cli.terminal import disarm, prepare_streams, wrap

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


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("::set-output name=a::b", ": :set-output name=a::b"),
        ("fine\n  ::stop-commands::x", "fine\n  : :stop-commands::x"),
        ("fine\r::warning::x", "fine\r: :warning::x"),
        ("in a line ##[add-mask]x", "in a line ## [add-mask]x"),
        ("a::b", "a::b"),
    ],
)
def test_a_runner_is_given_no_command(text: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert disarm(text) == text
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert disarm(text) == printed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_stream_that_lacks_a_letter_gets_a_plain_one(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    prepare_streams()
    print("+1415•••0101 → 名 😀", flush=True)
    shown = written.getvalue().decode(encoding)
    assert "0101" in shown
    assert json.loads(f'"{shown.strip()}"').endswith("名 😀")
