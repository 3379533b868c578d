"""Charts of the report as SVG, by pygal. Their colors are variables of the page, so that one chart is right in light,
dark and print. They run no script."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import pygal
from pygal.style import Style

# pygal adds a finder for plugins with maps to the import system, of a kind that Python 3.12 dropped and 3.11 warns of.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_INK, _LINE = "var(--ink)", "var(--line)"
_WIDTH = 760
_MOST_LABELS = 24
"""Labels that have room under one chart."""


def draw_columns(name: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Draw stacked columns, one for each label. `series` maps the name of a part to its counts."""
    chart = pygal.StackedBar(**_options(series, height=300), x_label_rotation=_rotation(labels))
    return _render(chart, name, title, labels, series)


def draw_bars(name: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Draw stacked bars from left to right, the first label on top."""
    chart = pygal.HorizontalStackedBar(**_options(series, height=90 + 34 * len(labels)))
    reversed_series = {part: list(reversed(counts)) for part, counts in series.items()}
    return _render(chart, name, title, list(reversed(labels)), reversed_series)


def draw_areas(name: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Draw sums over time as filled areas, each below the one before it."""
    options = _options(series, height=300)
    chart = pygal.StackedLine(**options, fill=True, show_dots=False, x_label_rotation=_rotation(labels))
    return _render(chart, name, title, labels, series)


def _rotation(labels: Sequence[str]) -> int:
    return 35 if sum(map(len, labels)) > 90 else 0


def _options(series: Mapping[str, Sequence[int]], *, height: int) -> dict[str, Any]:
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=_INK,
        foreground_strong=_INK,
        foreground_subtle=_LINE,
        guide_stroke_color=_LINE,
        guide_stroke_dasharray="none",
        major_guide_stroke_color=_LINE,
        major_guide_stroke_dasharray="none",
        colors=tuple(f"var(--{part.replace(' ', '-')})" for part in series),
        value_colors=(_INK,) * len(series),
        font_family="inherit",
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=13,
        opacity="1",
        opacity_hover="1",
        transition="0s",
    )
    return {
        "style": style,
        "js": [],
        "width": _WIDTH,
        "height": height,
        "legend_at_bottom": True,
        "show_legend": len(series) > 1,
        "margin": 8,
        "min_scale": 2,
        "max_scale": 7,
        "include_x_axis": True,
        "value_formatter": lambda value: f"{value:,.0f}",
        "no_data_text": "",
    }


def _render(chart: Any, name: str, title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    chart.uuid = name  # else a random one: the same figures make the same file
    chart.x_labels = labels
    if len(labels) > _MOST_LABELS:
        chart.x_labels_major = labels[:: -(-len(labels) // _MOST_LABELS)]
        chart.show_minor_x_labels = False
    for part, counts in series.items():
        chart.add(part, counts)
    return _clean(chart.render_tree(), title)


def _clean(root: ElementTree.Element, title: str) -> str:
    """Take script, comments and what only a script shows out of a chart, and name it for readers of the page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.endswith(("script", "desc")):
                parent.remove(child)
            elif child.tag.endswith("title"):
                child.text = title
    root.set("role", "img")
    root.set("aria-label", title)
    return ElementTree.tostring(root, encoding="unicode")
