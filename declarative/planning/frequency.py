"""Frequency: a number that was called as often as the project allows waits, whichever resource wants it. Pure.

This filter looks at one address. call_window.py finds out whom it holds, from the calls of all addresses.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from declarative.planning.decide import Reason, Verb
from declarative.planning.facts import Facts


def hold_for_frequency(facts: Facts, people: pl.DataFrame, moving: pl.Series | None) -> pl.DataFrame:
    """Let people wait who were called as often as is allowed. Who waits at the provider stays there: they count as
    called already, and so do the `moving`, whose batch was cancelled a moment ago to be submitted again."""
    if facts.frequent is None or facts.frequent.is_empty():
        return people
    is_held = pl.col("verb").is_in([Verb.CREATE, Verb.RETRY])
    is_held &= pl.col("number").is_in(facts.frequent.get_column("number").implode())
    if moving is not None:
        is_held &= ~pl.col("number").is_in(moving.implode())
    return people.with_columns(
        pl.when(is_held).then(pl.lit(str(Verb.WAIT))).otherwise("verb").alias("verb"),
        pl.when(is_held).then(pl.lit(str(Reason.FREQUENCY))).otherwise("reason").alias("reason"),
    )


def find_free_time(facts: Facts, group: pl.DataFrame) -> datetime | None:
    """Return when the first of those may be called again who wait in this group for their frequency."""
    if facts.frequent is None:
        return None
    waiting = group.filter(reason=Reason.FREQUENCY).select("number").join(facts.frequent, on="number")
    first = waiting.get_column("free_at").min()
    return first if isinstance(first, datetime) else None
