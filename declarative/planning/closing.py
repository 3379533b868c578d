"""Who cannot be begun before calling hours end: a policy that keeps people from a batch which would call them too late.
Pure.

A batch goes on by itself, and no run need come when the hours end. So only as many people are submitted as can be begun
before that, at the pace and concurrency that are known. The others wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import polars as pl

from declarative.model.calling_hours import RECIPIENT, CallingHours, is_open, next_closing, next_opening
from declarative.model.capabilities import Capabilities
from declarative.model.people import People
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.model.zones import are_known, with_zones

_NEVER = datetime.min.replace(tzinfo=UTC)
SLACK = timedelta(minutes=1)
"""Time between a plan and its requests. Whoever is submitted is begun so long before the end."""


@dataclass(frozen=True)
class CallRate:
    """How fast a batch calls its people."""

    per_second: float | None
    """Calls begun a second, at most; None where the provider keeps no such limit."""
    at_once: int
    """Calls under way at the same time, at most."""
    expected_call: timedelta
    """How long a call is taken to last."""

    @classmethod
    def of(cls, resource: Resource, capabilities: Capabilities, remotes: Iterable[Remote] = ()) -> CallRate:
        """The rate that is known. A concurrency that the manifest does not tell is that of its newest batch, and counts
        as 1 until one has shown it."""
        limit = resource.fields.at_once_of(resource.settings)
        if limit is None:
            shown = sorted((remote.created_at or _NEVER, remote.at_once) for remote in remotes if remote.at_once)
            limit = shown[-1][1] if shown else 1
        return cls(capabilities.per_second, limit, resource.expected_call)

    def count_before(self, time_left: timedelta) -> int:
        """How many calls are begun before the time is over. The first one begins at once."""
        if time_left <= timedelta():
            return 0
        if self.per_second is None:
            return self.at_once * ceil(time_left / self.expected_call)
        seconds, length = time_left.total_seconds(), self.expected_call.total_seconds()
        if self.at_once >= length * self.per_second:  # a line is always free
            return ceil(seconds * self.per_second)
        rounds, rest = divmod(seconds, length)
        return int(rounds) * self.at_once + min(self.at_once, ceil(rest * self.per_second))


@dataclass(frozen=True)
class Closing:
    """When the calling hours of a batch end that would begin now."""

    begins_at: datetime
    """When the first call may begin (UTC)."""
    closes_at: datetime | pl.DataFrame
    """When the hours end: one moment (UTC) for all people, or a frame of `number` and `closes_at`, which is null where
    no call is allowed at `begins_at`."""
    reopens_at: datetime | None
    """The first moment after an end at which calls are allowed again (UTC); None where none comes."""
    rate: CallRate
    """How fast the batch calls."""

    def find_first_end(self, numbers: pl.Series) -> datetime | None:
        """When the hours end of the first of these people; None where there is nobody, or no end."""
        if isinstance(self.closes_at, datetime):
            return self.closes_at if len(numbers) else None
        first = self.closes_at.filter(pl.col("number").is_in(numbers.implode())).get_column("closes_at").min()
        return first if isinstance(first, datetime) else None

    def find_late(self, numbers: pl.Series, already_waiting: int, slack: timedelta = SLACK) -> pl.Series:
        """Whether each person, in the order of their calls, cannot be begun in time. Before the first of them
        `already_waiting` people are called."""
        frame = numbers.to_frame("number")
        if isinstance(self.closes_at, datetime):
            frame = frame.with_columns(pl.lit(self.closes_at).alias("closes_at"))
        else:
            frame = frame.join(self.closes_at, on="number", how="left", maintain_order="left")
        frame = frame.with_columns(pl.lit(False).alias("late"))
        counts = {
            end: max(0, self.rate.count_before(end - self.begins_at - slack) - already_waiting)
            for end in frame.get_column("closes_at").drop_nulls().unique().to_list()
        }
        # Whoever's end comes first leaves the line first: then the others move up.
        for end, count in sorted(counts.items(), key=lambda item: item[1]):
            position = (~pl.col("late")).cum_sum() - 1
            is_late = (pl.col("closes_at") == end).fill_null(False) & (position >= count)
            frame = frame.with_columns(late=pl.col("late") | is_late)
        return frame.get_column("late")


def find_closing(
    resource: Resource, begins_at: datetime, rate: CallRate, get_people: Callable[[], People]
) -> Closing | None:
    """The end of the calling hours for a batch that begins at a moment; None where no hours can end while it calls."""
    hours = resource.policy.calling_hours
    if hours is None or resource.route is not Route.BATCH:
        return None
    if hours.zone != RECIPIENT:
        closes_at = _end_of(hours, [hours.zone], begins_at)
        if closes_at is None:
            return None
        return Closing(begins_at, closes_at, next_opening(hours, [hours.zone], closes_at), rate)
    frame = with_zones(get_people().for_zones(hours.column), hours.column).select("number", "zones")
    ends = {
        zones: _end_of(hours, zones.split(), begins_at) if are_known(zones) else None
        for zones in frame.get_column("zones").unique().to_list()
    }
    openings = [next_opening(hours, zones.split(), end) for zones, end in ends.items() if end]
    column = pl.col("zones").replace_strict(ends, return_dtype=pl.Datetime("us", "UTC")).alias("closes_at")
    reopens_at = min((opening for opening in openings if opening), default=None)
    return Closing(begins_at, frame.select("number", column), reopens_at, rate)


def _end_of(hours: CallingHours, zones: list[str], moment: datetime) -> datetime | None:
    """When the hours end in which the moment is; None outside them."""
    return next_closing(hours, zones, moment) if is_open(hours, zones, moment) else None
