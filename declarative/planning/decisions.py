"""Call decide() once for each distinct combination of facts, and spread the answer over the people. Pure."""

from __future__ import annotations

import polars as pl

from declarative.planning.decide import Decision, PersonFacts, Reason, Standing, Timing, Verb, decide

_FACT_COLUMNS = (
    "desired",
    "standing",
    "queued",
    "changed",
    "retriable",
    "before_retry",
    "try_refused",
    "twin",
    "already_called",
    "timing",
    "absence",
)


def batches_to_cancel(frame: pl.DataFrame) -> list[str]:
    """Ids of the batches that must be cancelled for these decisions: who leaves or moves is queued in them."""
    leaving = frame.filter(pl.col("verb").is_in([Verb.CANCEL, Verb.REPLACE])).select(pl.col("queued_in").explode())
    return leaving.get_column("queued_in").drop_nulls().unique().sort().to_list()


def _add_decisions(frame: pl.DataFrame) -> pl.DataFrame:
    combinations = frame.select(_FACT_COLUMNS).unique()
    decisions = [_decide_combination(**row) for row in combinations.iter_rows(named=True)]
    combinations = combinations.with_columns(
        pl.Series("verb", [decision.verb for decision in decisions], dtype=pl.String),
        pl.Series("reason", [decision.reason for decision in decisions], dtype=pl.String),
    )
    return frame.join(combinations, on=list(_FACT_COLUMNS), how="left")


def _decide_combination(standing: int, timing: str, absence: str, **facts: bool) -> Decision:
    return decide(PersonFacts(standing=Standing(standing), timing=Timing(timing), absence=Reason(absence), **facts))


def _with_batch_mates(frame: pl.DataFrame) -> pl.DataFrame:
    """Whoever shares a batch with somebody that leaves it loses their place. Those who wait for a call of their own are
    submitted again; those queued again by a retry request have been called before and are taken off."""
    leaving = batches_to_cancel(frame)
    if not leaving:
        return frame
    shares_batch = pl.col("queued_in").list.eval(pl.element().is_in(leaving)).list.any().fill_null(False)
    is_mate = shares_batch & pl.col("desired") & (pl.col("verb") == Verb.KEEP)
    may_call_now = pl.col("timing") == Timing.NOW.value
    return frame.with_columns(
        pl.when(is_mate & may_call_now & pl.col("fresh"))
        .then(pl.lit(str(Verb.REPLACE)))
        .when(is_mate)
        .then(pl.lit(str(Verb.CANCEL)))
        .otherwise("verb")
        .alias("verb"),
        pl.when(is_mate).then(pl.lit(str(Reason.BATCH_MATES))).otherwise("reason").alias("reason"),
    )
