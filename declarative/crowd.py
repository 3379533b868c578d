"""Who of a cancelled batch is free to be rung anew, and who of them was approved. Pure."""

from __future__ import annotations

import polars as pl

from declarative.model.remote import Remote
from declarative.planning import standing
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts


def recipients_to_resubmit(case: Facts, remote: Remote) -> pl.DataFrame:
    """Who of a cancelled batch is now to be rung anew, decided from what was read after the cancel; columns as
    Work.ring."""
    assert remote.members is not None
    people, _ = standing.decide_open(case)
    if not case.one_call:  # its one person may have waited under the number from before an edit
        people = people.join(remote.members.select("number"), on="number", how="semi")
    due = people.filter(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY]))
    return due.select(
        "number",
        pl.col("data").alias("payload"),
        pl.lit(str(Verb.REPLACE)).alias("verb"),
        (pl.col("attempts") + 1).cast(pl.Int64).alias("attempt"),
    )


def only_approved(ring: pl.DataFrame, numbers: pl.Series | None) -> pl.DataFrame:
    """Those of them who may be rung: nobody, where nobody of the address was approved."""
    if numbers is None:
        return ring.clear()
    return ring.filter(pl.col("number").is_in(numbers.implode()))
