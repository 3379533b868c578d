"""Durations as flags take them."""

from __future__ import annotations

import math

import click
import pytest

from declarative.cli.main import dialctl
from declarative.cli.options import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5_400), ("2d", 172_800), ("0.5s", 0.5), ("1.5h30s", 5_430)],
)
def test_text_becomes_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "-2m", "m2", "1 h", "2w", "1.5", "2m30"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a duration such as 90s"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize(
    ("words", "bound", "path"),
    [
        ([], None, "."),
        (["--wait"], math.inf, "."),
        (["--wait", "plan.json"], math.inf, "plan.json"),
        (["--wait=30m", "calls"], 1800.0, "calls"),
    ],
)
def test_wait_takes_a_bound_behind_an_equals_sign_alone(words: list[str], bound: float | None, path: str) -> None:
    command = dialctl.get_command(click.Context(dialctl), "apply")
    assert command is not None
    params = command.make_context("apply", words).params
    assert (params["wait"], str(params["path"])) == (bound, path)
