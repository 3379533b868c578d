"""What `dialctl report` shows: the status of each address, and its calls by attempt, by hour and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from declarative import humanize
from declarative.app.call_details import CallDetails
from declarative.app.call_evidence import add_evidence
from declarative.app.costs import SpentCost, add_costs
from declarative.app.ended_calls import count_hours, list_calls
from declarative.app.results import add_details, ended_calls, read_costs
from declarative.app.selected_observations import is_unknown, observe_selected
from declarative.app.session import Session
from declarative.app.status import AddressStatus, summarize, with_hours
from declarative.model.selection import Selection
from declarative.planning.facts import Observation

_HOURLY_SPAN = timedelta(days=2)
"""Calls within so long a time are shown hour by hour, others day by day."""


@dataclass(frozen=True)
class CallCount:
    """Ended calls of one kind. A person who was called twice counts twice."""

    label: str
    """Which attempt, which hour, or which day."""
    reached: int
    """Calls that somebody took."""
    not_reached: int
    """Calls that nobody took, or whose outcome is not known."""

    @property
    def called(self) -> int:
        return self.reached + self.not_reached


@dataclass(frozen=True, kw_only=True)
class ProjectReport:
    """Everything that the report shows."""

    project: str
    """`metadata.name` of the Project."""
    statuses: Sequence[AddressStatus]
    """Each selected address."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Address to its display name, for those that a manifest wants."""
    by_attempt: Sequence[CallCount] = ()
    """By first call, second call, and so on."""
    by_hour: Sequence[CallCount] = ()
    """By the hour of the day in the display zone, as far as the time of calls is known."""
    over_time: Sequence[CallCount] = ()
    """By hour or day, the earliest first, as far as the time of calls is known."""
    ended_count: int = 0
    """Calls that ended."""
    timed_count: int = 0
    """Ended calls whose time is known."""
    unread_count: int = 0
    """Calls whose details were asked for and could not be read."""
    costs: Sequence[SpentCost] = ()
    """What all calls have cost, one for each currency; empty without a price."""


def read_report(session: Session, selection: Selection, *, details: bool = False) -> ProjectReport:
    """Gather the report of the selected addresses. `details` asks for each ended call that does not tell its time yet.

    Raises UsageError for an address that is not known.
    """
    observations = observe_selected(session, selection)
    frames: list[pl.DataFrame] = []
    all_details: dict[str, pl.DataFrame] = {}
    unread_count = 0
    for provider in dict.fromkeys(observation.provider for observation in observations):
        known = [one for one in observations if one.provider == provider and not is_unknown(one)]
        if known:
            calls, call_details = list_calls(known), CallDetails(session, provider)
            if details:
                call_details.fetch(ended_calls(calls), known[0].facts.now)
            frames.append(add_details(calls, call_details.frame))
            all_details[provider] = call_details.frame
            unread_count += call_details.unread_count
    session.options.progress("counting people and calls")
    report = build_report(session.desired.project.name, observations, frames, unread_count)
    return replace(report, costs=add_costs(read_costs(session, observations, all_details).values()))


def build_report(
    project: str, observations: Sequence[Observation], frames: Sequence[pl.DataFrame], unread_count: int = 0
) -> ProjectReport:
    """Count people and calls. `frames` are those of `list_calls`, with `called_at`."""
    columns = ("attempt", "retries", "is_reached", "called_at")
    calls = pl.concat([frame.select(columns) for frame in frames]) if frames else _no_calls()
    hours_counts = count_hours([add_evidence(frame, observations) for frame in frames])
    timed = calls.drop_nulls("called_at")
    zone = humanize.display_zone_name()
    local = timed.with_columns(pl.col("called_at").dt.convert_time_zone(zone))
    return ProjectReport(
        project=project,
        statuses=[with_hours(summarize(observation), hours_counts) for observation in observations],
        titles={
            observation.facts.address: observation.facts.resource.display_name
            for observation in observations
            if observation.facts.resource is not None
        },
        by_attempt=_count(calls.with_columns(_attempt_label()).sort("label")),
        by_hour=_count_by_hour(local),
        over_time=_count_over_time(local),
        ended_count=len(calls),
        timed_count=len(timed),
        unread_count=unread_count,
    )


def _no_calls() -> pl.DataFrame:
    schema = {"attempt": pl.Int64, "retries": pl.Int64, "is_reached": pl.Boolean}
    return pl.DataFrame(schema={**schema, "called_at": pl.Datetime("us", "UTC")})


def _attempt_label() -> pl.Expr:
    """Name the attempt of a call. After a retry request no answer tells by which of the calls a person was reached."""
    first, last = pl.col("attempt"), pl.col("attempt") + pl.col("retries")
    is_bounded = pl.col("is_reached") & (pl.col("retries") > 0)
    return pl.when(is_bounded).then(pl.format("{} to {}", first, last)).otherwise(last.cast(pl.String)).alias("label")


def _count(calls: pl.DataFrame) -> list[CallCount]:
    """Count the calls by their `label`, in the order in which the labels come."""
    counts = calls.group_by("label", maintain_order=True).agg(
        pl.col("is_reached").sum().alias("reached"), (~pl.col("is_reached")).sum().alias("not_reached")
    )
    return [CallCount(label, reached, not_reached) for label, reached, not_reached in counts.iter_rows()]


def _count_by_hour(local: pl.DataFrame) -> list[CallCount]:
    """Count calls by the hour of the day, from the first hour with a call to the last one."""
    calls = local.with_columns(pl.col("called_at").dt.hour().cast(pl.Int64).alias("hour"))
    if calls.is_empty():
        return []
    steps = calls.select(pl.int_range(pl.col("hour").min(), pl.col("hour").max() + 1).alias("hour"))
    counted = steps.join(calls, on="hour", how="left", maintain_order="left")
    return _count(counted.with_columns(pl.format("{}:00", pl.col("hour").cast(pl.String).str.zfill(2)).alias("label")))


def _count_over_time(local: pl.DataFrame) -> list[CallCount]:
    """Count calls by hour or by day. Hours and days between them in which nobody was called are there, with 0."""
    if local.is_empty():
        return []
    begin, end = (local.select(bound).item() for bound in (pl.col("called_at").min(), pl.col("called_at").max()))
    assert isinstance(begin, datetime)
    assert isinstance(end, datetime)
    unit, text = ("1h", "%-d %b %H:00") if end - begin <= _HOURLY_SPAN else ("1d", "%-d %b")
    moments = local.with_columns(pl.col("called_at").dt.truncate(unit))
    steps = pl.datetime_range(pl.lit(begin).dt.truncate(unit), end, unit, eager=True).alias("called_at").to_frame()
    counted = steps.join(moments, on="called_at", how="left", maintain_order="left")
    labelled = counted.with_columns(pl.col("called_at").dt.strftime(text).alias("label"))
    return _count(labelled)
