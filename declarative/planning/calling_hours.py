"""Which people may be called at a moment, by calling hours in a fixed zone or their own. Pure.

A person's own zone is what the column says, or else what the prefix of their number says. A prefix may lie in several
zones: then a call must be allowed in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

import orjson
import polars as pl

from declarative.model.calling_hours import RECIPIENT, CallingHours, is_open, is_time_zone, next_opening
from declarative.planning.decide import Timing

_PREFIX = 10
"""Characters of a number that decide its zones: the longest prefix that phonenumbers tells zones by has nine digits."""


def hours_timing(
    hours: CallingHours | None, get_recipients: Callable[[], pl.DataFrame], moment: datetime
) -> tuple[Timing | pl.DataFrame, datetime | None]:
    """Return the timing of a call at the moment, and when the first closed zone opens.

    The timing is one value for all people, or a frame of `number` and `timing` where each person has their own zone.
    `get_recipients` returns the people; it is called only in the latter case.
    """
    if hours is None:
        return Timing.NOW, None
    if hours.zone != RECIPIENT:
        is_allowed = is_open(hours, [hours.zone], moment)
        return (Timing.NOW, None) if is_allowed else (Timing.CLOSED, next_opening(hours, [hours.zone], moment))
    frame = with_zones(get_recipients(), hours.column)
    groups = frame.get_column("zones").unique().to_list()
    timing_by_zones = {zones: _zones_timing(hours, zones, moment) for zones in groups}
    closed = [
        zones
        for zones, zones_timing in timing_by_zones.items()
        if zones_timing == Timing.CLOSED.value and _has_valid_zones(zones)
    ]
    openings = [next_opening(hours, zones.split(), moment) for zones in closed]
    column = pl.col("zones").replace_strict(timing_by_zones, return_dtype=pl.String).alias("timing")
    return frame.select("number", column), min((opening for opening in openings if opening), default=None)


def with_zones(frame: pl.DataFrame, column: str | None) -> pl.DataFrame:
    """Add `zones`: the names of a person's zones, with spaces between; empty where none is known.

    What the column says comes before what the number says.
    """
    prefixes = frame.with_columns(pl.col("number").str.slice(0, _PREFIX).alias("prefix"))
    samples = prefixes.group_by("prefix").agg(pl.col("number").first())
    zones = [" ".join(zones_for_number(number)) for number in samples.get_column("number").to_list()]
    table = samples.select("prefix").with_columns(pl.Series("zones", zones, dtype=pl.String))
    by_number = prefixes.join(table, on="prefix", how="left", maintain_order="left").drop("prefix")
    if column is None:
        return by_number
    column_zones = _column_values(by_number.get_column("payload"), column)
    return by_number.with_columns(pl.coalesce(column_zones, "zones").alias("zones"))


def column_is_missing(column: str, frame: pl.DataFrame) -> bool:
    """Whether no person has the column, which is then probably misspelt."""
    values = _column_values(frame.get_column("payload"), column)
    return values.null_count() == values.len()


def _column_values(payloads: pl.Series, column: str) -> pl.Series:
    """Return what each person's own data say under the column; null where they say nothing."""
    values = []
    for payload in payloads.to_list():
        fields = [
            data[column] for data in orjson.loads(payload).values() if isinstance(data, dict) and data.get(column)
        ]
        values.append(str(fields[0]) if fields else None)
    return pl.Series("named", values, dtype=pl.String)


@cache
def zones_for_number(number: str) -> tuple[str, ...]:
    """Return the IANA zones of a number's prefix, by phonenumbers; empty where it knows none."""
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    try:
        names = time_zones_for_number(parse(number))
    except NumberParseException:
        return ()
    return tuple(sorted(zone for zone in names if zone != UNKNOWN_TIMEZONE))


def count_without_zone(hours: CallingHours, frame: pl.DataFrame) -> int:
    """Count the people without a known zone, who are called at no time. 0 where the hours have a fixed zone."""
    if hours.zone != RECIPIENT:
        return 0
    counts = with_zones(frame, hours.column).get_column("zones").value_counts()
    return sum(count for zones, count in counts.iter_rows() if not _has_valid_zones(zones))


def _zones_timing(hours: CallingHours, zones: str, moment: datetime) -> str:
    """Return the timing in these zones. A person without a known zone is never called under hours of their own."""
    is_allowed = _has_valid_zones(zones) and is_open(hours, zones.split(), moment)
    return Timing.NOW.value if is_allowed else Timing.CLOSED.value


def _has_valid_zones(zones: str) -> bool:
    return bool(zones) and all(is_time_zone(name) for name in zones.split())
