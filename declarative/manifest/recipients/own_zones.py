"""Finds people whom calling hours in their own time zone never allow to be called: without an error they would wait for
ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from declarative.errors import Problem
from declarative.manifest.messages import EVERY_PROBLEM, and_more, quote
from declarative.manifest.recipients.duplicates import table_places
from declarative.manifest.recipients.spec import RecipientSpec
from declarative.model.calling_hours import CallingHours, is_time_zone, never_meet
from declarative.privacy import mask

if TYPE_CHECKING:
    import polars as pl

    from declarative.model.people import People

_MOST_NAMED = 3
"""Zones that a message names."""


def zone_problems(
    recipient_spec: RecipientSpec,
    parts: Sequence[pl.DataFrame],
    frame: pl.DataFrame,
    recipients: People,
    most_described: int,
) -> Iterator[Problem]:
    """Find people with a zone that is none, and people whose zones never allow a call together. `frame` joins `parts`,
    and `recipients` are those of it who may be called. Some are described, the rest counted."""
    import polars as pl

    from declarative.model.zones import with_zones

    hours = recipient_spec.hours
    assert hours is not None
    zones = with_zones(recipients.for_zones(hours.column), hours.column).select("number", "zones")
    faults = {text: fault for text in zones.get_column("zones").unique() if (fault := _find_fault(hours, text))}
    if not faults:
        return
    faulty = zones.filter(pl.col("zones").is_in(list(faults)))
    rows = frame.with_row_index("joined").join(faulty, on="number", how="inner", maintain_order="left")
    described = rows.head(most_described)
    places = table_places(recipient_spec, parts, described.get_column("joined").to_list())
    for joined_row, number, text in described.select("joined", "number", "zones").iter_rows():
        place, (message, hint) = places[joined_row], faults[text]
        yield Problem(place.file, place.line, place.column, place.path, f"{mask(number)}: {message}", hint)
    if more_count := rows.height - described.height:
        message = and_more(more_count, "uncallable number")
        yield Problem(place.file, 0, 0, "", message, EVERY_PROBLEM, count=more_count)


def _find_fault(hours: CallingHours, text: str) -> tuple[str, str] | None:
    """Message and hint for the zones of a person; None where they are in order, or nothing is known of them."""
    names = text.split()
    if unknown := [name for name in names if not is_time_zone(name)]:
        message = f"column {quote(hours.column or '')} says {quote(text)}, and {quote(unknown[0])} is no time zone"
        return message, "an IANA area such as America/New_York, or UTC"
    if len(names) > 1 and never_meet(hours.windows, tuple(names)):
        named = ", ".join(names[:_MOST_NAMED])
        others = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
        message = f"may lie in {len(names)} zones ({named}{others}), and the calling hours never allow them all"
        return message, "name a column with the zone, or a fixed zone"
    return None
