"""Which people may be called at a moment, by calling hours in a fixed zone or their own. Pure.

A person's own zone is what the column says, or else what the prefix of their number says. A prefix may lie in several
zones: then a call must be allowed in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl

from declarative.model.calling_hours import RECIPIENT, CallingHours, is_open, next_opening
from declarative.model.people import People
from declarative.model.zones import are_known, column_values, with_zones
from declarative.planning.decide import Timing


def hours_timing(
    hours: CallingHours | None, get_people: Callable[[], People], moment: datetime
) -> tuple[Timing | pl.DataFrame, datetime | None]:
    """Return the timing of a call at the moment, and when the first closed zone opens.

    The timing is one value for all people, or a frame of `number` and `timing` where each person has their own zone.
    `get_people` returns the people; it is called only in the latter case.
    """
    if hours is None:
        return Timing.NOW, None
    if hours.zone != RECIPIENT:
        is_allowed = is_open(hours, [hours.zone], moment)
        return (Timing.NOW, None) if is_allowed else (Timing.CLOSED, next_opening(hours, [hours.zone], moment))
    frame = with_zones(get_people().for_zones(hours.column), hours.column)
    groups = frame.get_column("zones").unique().to_list()
    timing_by_zones = {zones: _zones_timing(hours, zones, moment) for zones in groups}
    closed = [
        zones
        for zones, zones_timing in timing_by_zones.items()
        if zones_timing == Timing.CLOSED.value and are_known(zones)
    ]
    openings = [next_opening(hours, zones.split(), moment) for zones in closed]
    column = pl.col("zones").replace_strict(timing_by_zones, return_dtype=pl.String).alias("timing")
    return frame.select("number", column), min((opening for opening in openings if opening), default=None)


def column_is_missing(column: str, frame: pl.DataFrame) -> bool:
    """Whether no person has the column, which is then probably misspelt."""
    values = column_values(frame.get_column("payload"), column)
    return values.null_count() == values.len()


def count_without_zone(hours: CallingHours, people: People) -> int:
    """Count the people without a known zone, who are called at no time. 0 where the hours have a fixed zone."""
    if hours.zone != RECIPIENT:
        return 0
    counts = with_zones(people.for_zones(hours.column), hours.column).get_column("zones").value_counts()
    return sum(count for zones, count in counts.iter_rows() if not are_known(zones))


def _zones_timing(hours: CallingHours, zones: str, moment: datetime) -> str:
    """Return the timing in these zones. A person without a known zone is never called under hours of their own."""
    is_allowed = are_known(zones) and is_open(hours, zones.split(), moment)
    return Timing.NOW.value if is_allowed else Timing.CLOSED.value
