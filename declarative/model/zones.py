"""The time zones of people: what a column of theirs says, or else the prefix of their number, which may lie in several
zones."""

from __future__ import annotations

from functools import cache

import orjson
import polars as pl

from declarative.model.calling_hours import is_time_zone

_PREFIX = 10
"""Characters of a number that decide its zones: the longest prefix that phonenumbers tells zones by has nine digits."""


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
    column_zones = column_values(by_number.get_column("payload"), column)
    return by_number.with_columns(pl.coalesce(column_zones, "zones").alias("zones"))


def column_values(payloads: pl.Series, column: str) -> pl.Series:
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


def are_known(zones: str) -> bool:
    """Whether `zones` of `with_zones` names some, and each of them is one."""
    return bool(zones) and all(is_time_zone(name) for name in zones.split())
