"""The report as one HTML file for people who do not read YAML. Its figures are those of `status --json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from declarative import humanize
from declarative.app.people_counts import PeopleCounts, add_counts
from declarative.app.report import ProjectReport
from declarative.app.status import AddressStatus
from declarative.errors import UsageError
from declarative.humanize import people, plural
from declarative.model.recipients import HELD_BACK
from declarative.privacy import clean, mask_all
from declarative.report.outcome_words import count_outcome_words
from declarative.report.status_text import describe_costs, state_headline

if TYPE_CHECKING:
    from jinja2 import Template

_COLUMNS = {
    "people": "people",
    "called": "called",
    "reached": "reached",
    "not_reached": "not reached",
    "outside_hours": "calls outside hours",
}
"""Columns that the table of resources always has: a count of `status --json`, and its words."""
_MORE_COLUMNS = {
    "outcome_unknown": "unclear",
    "in_flight": "in a call",
    "called_again": "to be called again",
    "waiting": "waiting",
    "refused": "turned away",
    "in_doubt": "in doubt",
    "not_submitted": "not submitted",
}
"""Columns that it has where somebody counts in them."""


@dataclass(frozen=True)
class Figure:
    """A number of the page."""

    key: str
    """What it is called in `status --json`."""
    text: str
    """The number as people read it."""
    words: str
    """What it counts."""


@dataclass(frozen=True)
class Decision:
    """Something that a person has to decide."""

    address: str
    """The resource."""
    what: str
    """What was found."""
    way_out: str
    """A command, or what else can be done; empty where nothing can."""


def render_report(report: ProjectReport) -> str:
    """Render the page. It needs the extra `dialctl[report]` (`check_installed`)."""
    from declarative.report.report_charts import draw_charts

    total = add_counts(status.counts for status in report.statuses)
    columns = {**_COLUMNS, **{key: words for key, words in _MORE_COLUMNS.items() if getattr(total, key)}}
    reasons = count_outcome_words({word or "no word": count for word, count in total.not_reached_by.items()})
    latest = max((status.seen_at for status in report.statuses if status.seen_at), default=None)
    return _load_template().render(
        report=report,
        zone=humanize.display_zone_name(),
        seen_at=f"{humanize.when(latest)} {humanize.localize(latest).year}" if latest else "",
        lead=describe_total(total),
        tiles=_list_tiles(total, report.statuses),
        decisions=[decision for status in report.statuses for decision in list_decisions(status)],
        columns=list(columns.values()),
        resources=[_resource_row(report, status, columns) for status in report.statuses],
        total=total,
        total_cells=_list_cells(total, columns),
        reasons=reasons,
        held={HELD_BACK.get(name, name): count for name, count in total.held.items()},
        timed_note=_describe_timed(report),
        costs=[f"The calls {sentence}." for sentence in describe_costs(report.costs)],
        charts=draw_charts(report, reasons),
        share=share,
    )


def check_installed() -> None:
    """Raise UsageError where the extra `dialctl[report]` is not installed."""
    for name in ("jinja2", "pygal"):
        if find_spec(name) is None:
            raise UsageError(f"the report needs {name}, which is not installed", hint="pip install 'dialctl[report]'")


def _load_template() -> Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(files("declarative.report").joinpath("report.html.jinja").read_text("utf-8"))


def describe_total(total: PeopleCounts) -> str:
    """Sum up in one or two sentences what was wanted and what came of it."""
    if not total.people:
        return "No manifest wants anybody called."
    sentence = f"{people(total.people)} in all. "
    if not total.called:
        return f"{sentence}Nobody was called yet."
    reached = f"{total.reached:,} of them were reached ({share(total.reached, total.called)})"
    left = f", and {total.coming:,} are still to come or under way" if total.coming else ""
    return f"{sentence}{total.called:,} were called so far; {reached}{left}."


def share(part: int, whole: int) -> str:
    """`73%` of two counts; `-` where there is no whole."""
    return f"{round(100 * part / whole)}%" if whole else "-"


def list_decisions(status: AddressStatus) -> Iterator[Decision]:
    """List what a person has to decide about one address, with the way out."""
    if status.block is not None:
        hint = _safe(status.block.hint)
        yield Decision(status.address, f"{status.block.reason}: {_safe(status.block.detail)}", hint)
    resolve = f"dialctl resolve {status.address} --placed | --not-placed"
    if unsure_count := sum(intent.count for intent in status.unsure):
        what = f"an answer was lost: it is not known whether {people(unsure_count)} were called"
        yield Decision(status.address, what, resolve)
    if status.unseen:
        what = f"{people(status.unseen)} not found when the lock was rebuilt, and perhaps called"
        yield Decision(status.address, what, resolve)
    yield from (Decision(status.address, _safe(warning), "") for warning in status.warnings)


def _safe(text: str) -> str:
    return mask_all(clean(text))


def _list_tiles(total: PeopleCounts, statuses: Sequence[AddressStatus]) -> list[Figure]:
    reached_words = f"reached, {share(total.reached, total.called)} of the called"
    return [
        Figure("people", f"{total.people:,}", "people"),
        Figure("called", f"{total.called:,}", "called"),
        Figure("reached", f"{total.reached:,}", reached_words),
        Figure("not_reached", f"{total.not_reached:,}", "not reached"),
        Figure("coming", f"{total.coming:,}", "still to come or under way"),
        Figure("outside_hours", f"{total.outside_hours:,}", _describe_hours(total)),
        Figure("", f"{sum(status.needs_person for status in statuses):,}", "resources need a decision"),
    ]


def _describe_hours(total: PeopleCounts) -> str:
    calls = plural(total.timed, "call", "calls")
    return f"begun outside calling hours, of {calls} whose time is known"


def _resource_row(report: ProjectReport, status: AddressStatus, columns: Mapping[str, str]) -> dict[str, object]:
    title = clean(report.titles.get(status.address, ""))
    is_name = title == status.address.partition("/")[2]
    return {
        "address": status.address,
        "title": "" if is_name else mask_all(title),
        "headline": state_headline(status),
        "cells": _list_cells(replace(status.counts, people=status.people), columns),
    }


def _list_cells(counts: PeopleCounts, columns: Mapping[str, str]) -> list[Figure]:
    return [Figure(key, f"{getattr(counts, key):,}", words) for key, words in columns.items()]


def _describe_timed(report: ProjectReport) -> str:
    if report.timed_count == report.ended_count:
        return "A call that nobody took counts at the time when it ended, where the provider tells no other."
    return (
        f"The time of {report.timed_count:,} of {report.ended_count:,} ended calls is known. The provider tells it "
        "with the call alone: dialctl report --details asks for each of the others once."
    )
