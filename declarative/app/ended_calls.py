"""The calls that ended, with their times as far as they are known here, and how many of them began outside calling
hours. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from declarative.app.call_details import CallDetails
from declarative.app.call_evidence import add_evidence
from declarative.app.results import add_details
from declarative.app.selected_observations import is_unknown
from declarative.app.session import Session
from declarative.model import frames
from declarative.model.remote import Phase
from declarative.planning.columns import FactColumns
from declarative.planning.entries import build_entries, read_members
from declarative.planning.facts import Observation

_CALLED = (Phase.REACHED, Phase.UNREACHED, Phase.UNKNOWN)
HoursCounts = Mapping[str, tuple[int, int]]
"""By address: ended calls whose time is known, and those of them that began outside calling hours."""


def list_calls(observations: Iterable[Observation]) -> pl.DataFrame:
    """List the ended calls: one for each person in each batch, the last one there, and each single call.

    Columns `address`, `number`, `remote`, `data` (null for whom no manifest wants), `call_id`, `note`, `attempt`,
    `retries`, `is_reached`, `ended`.
    """
    parts = []
    for observation in observations:
        facts = observation.facts
        entries = build_entries(read_members(FactColumns([facts])))
        was_called = pl.col("phase").is_in(_CALLED) & (
            pl.col("call_id").is_not_null() | pl.col("outcome").is_not_null()
        )
        recipients = facts.resource.recipients.frame if facts.resource else frames.empty_frame()
        data = recipients.select("number", pl.col("payload").alias("data"))
        calls = entries.filter(was_called).join(data, on="number", how="left", maintain_order="left")
        parts.append(
            calls.select(
                pl.lit(facts.address).alias("address"),
                "number",
                "remote",
                "data",
                "call_id",
                "note",
                "attempt",
                "retries",
                (pl.col("phase") == Phase.REACHED).alias("is_reached"),
                pl.lit(True).alias("ended"),
            )
        )
    return pl.concat(parts)


def count_known_hours(session: Session, observations: Sequence[Observation]) -> HoursCounts:
    """Count by what is known without asking for a call: what lists show, and the calls that were asked for before."""
    parts = []
    for provider in dict.fromkeys(observation.provider for observation in observations):
        known = [one for one in observations if one.provider == provider and not is_unknown(one)]
        if known and not (calls := list_calls(known)).is_empty():
            parts.append(add_evidence(add_details(calls, CallDetails(session, provider).frame), known))
    return count_hours(parts)


def count_hours(parts: Sequence[pl.DataFrame]) -> HoursCounts:
    """Count the rows of `add_evidence`."""
    if not parts:
        return {}
    timed = pl.concat([part.select("address", "called_at", "within_hours") for part in parts]).drop_nulls("called_at")
    counted = timed.group_by("address").agg(pl.len(), (~pl.col("within_hours")).sum().alias("outside"))
    return {address: (size, outside) for address, size, outside in counted.iter_rows()}
