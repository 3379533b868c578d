"""Charts as SVG: no script, nothing random, colors of the page, and every figure drawn."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest

from declarative.report import charts

SERIES = {"reached": [3, 0, 2], "not reached": [1, 4, 0]}
DRAWN: list[Callable[..., str]] = [charts.draw_columns, charts.draw_bars, charts.draw_areas]


@pytest.mark.parametrize("draw", DRAWN)
def test_a_chart_is_svg_without_script_and_the_same_each_time(draw: Callable[..., str]) -> None:
    first, second = (draw("hours", "Calls by hour", ["08:00", "09:00", "10:00"], SERIES) for _ in range(2))
    assert first == second
    assert first.startswith("<svg ")
    assert not re.search(r"<script|<!--|https?://(?!www\.w3\.org/)", first)
    assert 'aria-label="Calls by hour"' in first
    assert "var(--reached)" in first
    assert "var(--not-reached)" in first


def test_labels_of_resources_are_text_and_no_markup() -> None:
    drawn = charts.draw_bars("resources", "People", ["batch/<b>"], {"reached": [1]})
    assert "<b>" not in drawn
    assert "batch/&lt;b&gt;" in drawn


def test_many_labels_are_thinned_out() -> None:
    labels = [f"{day} Dec" for day in range(100)]
    drawn = charts.draw_areas("time", "Calls so far", labels, {"reached": list(range(100))})
    assert 10 < len(re.findall(r">\d+ Dec<", drawn)) < 30


def test_drawing_leaves_the_import_system_as_it_was() -> None:
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)
