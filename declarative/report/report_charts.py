"""The charts of the report: which figures each of them shows. Needs the extra `dialctl[report]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from markupsafe import Markup

from declarative.app.people_counts import PeopleCounts
from declarative.app.report import CallCount, ProjectReport
from declarative.app.status import AddressStatus
from declarative.report import charts

_MOST_BARS = 12
"""Resources that have a bar, the largest first. All are in the table."""


def draw_charts(report: ProjectReport, reasons: Mapping[str, int]) -> dict[str, Markup]:
    """Draw every chart of the page, by name; empty where there is nothing to show. `reasons` counts the people who were
    not reached, by our word."""
    drawn = {
        "resources": _draw_resources(report.statuses),
        "reasons": _draw_reasons(reasons),
        "attempts": _draw_calls("attempts", "Calls by attempt", report.by_attempt),
        "hours": _draw_calls("hours", "Calls by hour of the day", report.by_hour),
        "time": _draw_sums(report.over_time),
    }
    return {name: Markup(svg) for name, svg in drawn.items()}


def _draw_resources(statuses: Sequence[AddressStatus]) -> str:
    largest = sorted(statuses, key=lambda status: -status.counts.people)[:_MOST_BARS]
    parts = [_split_people(status.counts) for status in largest]
    series = {name: [part[name] for part in parts] for name in _split_people(PeopleCounts())}
    series = {name: counts for name, counts in series.items() if any(counts)}
    if not series:
        return ""
    return charts.draw_bars("chart-resources", "People by resource", [status.address for status in largest], series)


def _split_people(counts: PeopleCounts) -> dict[str, int]:
    """Split the people of an address into parts that make up all of them."""
    return {
        "reached": counts.reached,
        "not reached": counts.not_reached,
        "unclear": counts.outcome_unknown,
        "in a call": counts.in_flight,
        "waiting": counts.waiting + counts.called_again,
        "turned away": counts.refused,
        "in doubt": counts.in_doubt,
        "not submitted": counts.not_submitted,
    }


def _draw_reasons(reasons: Mapping[str, int]) -> str:
    if not reasons:
        return ""
    series = {"not reached": list(reasons.values())}
    return charts.draw_bars("chart-reasons", "People not reached, by reason", list(reasons), series)


def _draw_calls(name: str, title: str, counts: Sequence[CallCount]) -> str:
    if not counts:
        return ""
    series = {"reached": [one.reached for one in counts], "not reached": [one.not_reached for one in counts]}
    return charts.draw_columns(f"chart-{name}", title, [one.label for one in counts], series)


def _draw_sums(counts: Sequence[CallCount]) -> str:
    """Draw how the calls added up. One moment alone makes no line."""
    if len(counts) < 2:
        return ""
    series = {
        "reached": list(accumulate(one.reached for one in counts)),
        "not reached": list(accumulate(one.not_reached for one in counts)),
    }
    return charts.draw_areas("chart-time", "Calls so far", [one.label for one in counts], series)
