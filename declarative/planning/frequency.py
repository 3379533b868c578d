"""Frequency: a number that was called as often as the project allows waits, whichever resource wants it. Pure.

This filter looks at each address by itself. call_window.py finds out whom it holds, from the calls of all addresses.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from declarative.planning.columns import PERSON, FactColumns, stack
from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts


def hold_for_frequency(columns: FactColumns, people: pl.DataFrame, moving: pl.Series | None = None) -> pl.DataFrame:
    """Let people wait who were called as often as is allowed. Who waits at the provider stays there: they count as
    called already, and so do the `moving`, whose batch was cancelled a moment ago to be submitted again."""
    frequent = [(place, facts.frequent) for place, facts in enumerate(columns.all_facts) if facts.frequent is not None]
    held = stack(frequent, {"number": pl.String}).select(*PERSON, pl.lit(True).alias("held"))
    if held.is_empty():
        return people
    is_held = pl.col("held").fill_null(False) & pl.col("verb").is_in([Verb.CREATE, Verb.RETRY])
    if moving is not None:
        is_held &= ~pl.col("number").is_in(moving.implode())
    return (
        people.join(held, on=PERSON, how="left", maintain_order="left")
        .with_columns(
            pl.when(is_held).then(pl.lit(str(Verb.WAIT))).otherwise("verb").alias("verb"),
            pl.when(is_held).then(pl.lit(str(Reason.FREQUENCY))).otherwise("reason").alias("reason"),
        )
        .drop("held")
    )


def find_free_time(facts: Facts, people: pl.DataFrame) -> datetime | None:
    """Return when the first of these people may be called again who wait for their frequency."""
    if facts.frequent is None:
        return None
    waiting = people.filter(reason=Reason.FREQUENCY).select("number").join(facts.frequent, on="number")
    first = waiting.get_column("free_at").min()
    return first if isinstance(first, datetime) else None
