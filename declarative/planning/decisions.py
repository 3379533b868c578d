"""Call decide() once for each distinct combination of facts, and spread the answer over the people. Pure."""

from __future__ import annotations

import polars as pl

from declarative.planning.decide import Decision, Person, Reason, Standing, Timing, Verb, decide

_FACTS = (
    "desired",
    "standing",
    "queued",
    "changed",
    "retriable",
    "resting",
    "try_refused",
    "twin",
    "surplus",
    "timing",
    "absence",
)


def leaving_batches(frame: pl.DataFrame) -> list[str]:
    """Ids of the batches that must be cancelled for these decisions: who leaves or moves is queued in them."""
    rows = frame.filter(pl.col("verb").is_in([Verb.CANCEL, Verb.REPLACE])).select(pl.col("queued_in").explode())
    return rows.get_column("queued_in").drop_nulls().unique().sort().to_list()


def _decided(frame: pl.DataFrame) -> pl.DataFrame:
    distinct = frame.select(_FACTS).unique()
    decisions = [_decide(**row) for row in distinct.iter_rows(named=True)]
    distinct = distinct.with_columns(
        pl.Series("verb", [decision.verb for decision in decisions], dtype=pl.String),
        pl.Series("reason", [decision.reason for decision in decisions], dtype=pl.String),
    )
    return frame.join(distinct, on=list(_FACTS), how="left")


def _decide(standing: int, timing: str, absence: str, **facts: bool) -> Decision:
    return decide(Person(standing=Standing(standing), timing=Timing(timing), absence=Reason(absence), **facts))


def _with_mates(frame: pl.DataFrame) -> pl.DataFrame:
    """Whoever shares a batch with somebody that leaves it loses their place. Those who wait for a ring of their own are
    submitted again; those queued again by a retry request have been rung before and are taken off."""
    leaving = leaving_batches(frame)
    if not leaving:
        return frame
    sharing = pl.col("queued_in").list.eval(pl.element().is_in(leaving)).list.any().fill_null(False)
    mate = sharing & pl.col("desired") & (pl.col("verb") == Verb.KEEP)
    now = pl.col("timing") == Timing.NOW.value
    return frame.with_columns(
        pl.when(mate & now & pl.col("fresh"))
        .then(pl.lit(str(Verb.REPLACE)))
        .when(mate)
        .then(pl.lit(str(Verb.CANCEL)))
        .otherwise("verb")
        .alias("verb"),
        pl.when(mate).then(pl.lit(str(Reason.BATCH_MATES))).otherwise("reason").alias("reason"),
    )
