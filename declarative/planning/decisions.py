"""Call decide() once for each distinct combination of facts, and give every person its answer. Pure.

A million people have a few dozen combinations. The columns of _FACT_COLUMNS are the fields of PersonFacts.
"""

from __future__ import annotations

import polars as pl

from declarative.planning.closing import Closing
from declarative.planning.columns import PERSON, FactColumns, split_by_address, stack
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
    "revoked",
    "stuck",
    "approved",
    "timing",
    "absence",
    "halted",
    "block",
)


_LEAVES = pl.col("verb").is_in([Verb.CANCEL, Verb.REPLACE])
REMOVALS_SCHEMA = {"remote": pl.String, "number": pl.String, "leaves": pl.Boolean}
"""Columns of people who are taken off a batch alone: its id, their number, whether they must not be called by it (and
do not only move)."""


def batches_to_cancel(frame: pl.DataFrame) -> list[str]:
    """Return the ids of the batches to cancel for these decisions: people who leave or move are queued in them."""
    return _flatten(cancels_by_address(frame))


def batches_to_leave(frame: pl.DataFrame) -> list[str]:
    """Return those of batches_to_cancel() that hold a person who must be taken off, and not only people who move."""
    return _flatten(leaves_by_address(frame))


def cancels_by_address(frame: pl.DataFrame) -> dict[int, list[str]]:
    """Return batches_to_cancel() by the place of their address."""
    stays_live = pl.col("removed_from").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    cancelled = pl.col("queued_in").list.set_difference(stays_live).alias("remote")
    waiting = frame.filter(_LEAVES).select("address", cancelled).explode("remote")
    batches: dict[int, list[str]] = {}
    for place, remote_id in waiting.drop_nulls().unique().sort("address", "remote").iter_rows():
        batches.setdefault(place, []).append(remote_id)
    return batches


def removals_by_address(frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Return who is taken off a batch alone, by the place of their address; columns REMOVALS_SCHEMA."""
    alone = frame.filter(_LEAVES & pl.col("removed_from").is_not_null())
    if alone.is_empty():
        return {}
    leaves = (pl.col("verb") == Verb.CANCEL).alias("leaves")
    removals = alone.select("address", pl.col("removed_from").alias("remote"), "number", leaves).explode("remote")
    return split_by_address(removals.drop_nulls().sort("remote", "number"), include_key=False)


def leaves_by_address(frame: pl.DataFrame) -> dict[int, list[str]]:
    """Return batches_to_leave() by the place of their address."""
    must_leave = (pl.col("verb") == Verb.CANCEL) & (pl.col("reason") != Reason.BATCH_MATES)
    return cancels_by_address(frame.filter(must_leave))


def _flatten(batches: dict[int, list[str]]) -> list[str]:
    return [remote_id for remote_ids in batches.values() for remote_id in remote_ids]


def add_decisions(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `verb` and `reason` to rows that hold _FACT_COLUMNS."""
    combinations = frame.select(_FACT_COLUMNS).unique()
    decisions = [_decide_combination(**row) for row in combinations.iter_rows(named=True)]
    combinations = combinations.with_columns(
        pl.Series("verb", [decision.verb for decision in decisions], dtype=pl.String),
        pl.Series("reason", [decision.reason for decision in decisions], dtype=pl.String),
    )
    if len(combinations) == 1:
        return frame.with_columns(
            pl.lit(decisions[0].verb.value).alias("verb"), pl.lit(decisions[0].reason.value).alias("reason")
        )
    return frame.join(combinations, on=list(_FACT_COLUMNS), how="left", nulls_equal=True)


def _decide_combination(standing: int, timing: str, absence: str, block: str | None, **facts: bool) -> Decision:
    return decide(
        PersonFacts(
            standing=Standing(standing),
            timing=Timing(timing),
            absence=Reason(absence),
            block=Reason(block) if block else None,
            **facts,
        )
    )


def move_batch_mates(frame: pl.DataFrame) -> pl.DataFrame:
    """Decide again about people who share a batch with a person who leaves it: the whole batch is cancelled, unless its
    type takes off one person. Adds `removed_from`: the batches that a person leaves alone, or null.

    A mate who waits for a first call there is submitted again (`replace`). A mate who is queued by a retry request was
    called before, and is taken off (`cancel`). So is every mate in a blocked resource, where nobody is submitted: once
    it is free, they count as never submitted. A mate who waits for a first call at an address that is not approved
    waits for its approval (`wait`).
    """
    frame = _find_removals(frame)
    leaving = batches_to_cancel(frame)
    if not leaving:
        return frame
    shares_batch = pl.col("queued_in").list.eval(pl.element().is_in(leaving)).list.any().fill_null(False)
    is_blocked = pl.col("block").is_not_null()
    is_mate = shares_batch & pl.col("desired") & ((pl.col("verb") == Verb.KEEP) | is_blocked)
    is_mate &= pl.col("verb") != Verb.CANCEL
    may_call_now = (pl.col("timing") == Timing.NOW.value) & ~is_blocked
    is_held = is_mate & ~pl.col("approved") & ~is_blocked & pl.col("fresh")
    return frame.with_columns(
        pl.when(is_held)
        .then(pl.lit(str(Verb.WAIT)))
        .when(is_mate & may_call_now & pl.col("fresh"))
        .then(pl.lit(str(Verb.REPLACE)))
        .when(is_mate)
        .then(pl.lit(str(Verb.CANCEL)))
        .otherwise("verb")
        .alias("verb"),
        pl.when(is_held)
        .then(pl.lit(str(Reason.NOT_APPROVED)))
        .when(is_mate)
        .then(pl.lit(str(Reason.BATCH_MATES)))
        .otherwise("reason")
        .alias("reason"),
    )


def _find_removals(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `removed_from`. A person leaves a batch alone where its type has a request for that, others stay in it, and
    no more people leave it than the type takes off one by one; not where a cancel has failed before, and not out of a
    batch that must not call anybody."""
    waiting = frame.filter((pl.col("most_removals") > 0) & pl.col("queued")).select(
        pl.col("queued_in").alias("remote"),
        _LEAVES.alias("leaves"),
        (pl.col("stuck") | pl.col("revoked")).alias("needs_cancel"),
        "most_removals",
    )
    batches = (
        waiting.explode("remote")
        .group_by("remote")
        .agg(
            pl.col("leaves").sum().alias("leaving"),
            pl.col("leaves").all().alias("is_left_empty"),
            (pl.col("leaves") & pl.col("needs_cancel")).any().alias("needs_cancel"),
            pl.col("most_removals").first(),
        )
    )
    is_kept = ~pl.col("is_left_empty") & ~pl.col("needs_cancel") & (pl.col("leaving") <= pl.col("most_removals"))
    kept = batches.filter(is_kept & (pl.col("leaving") > 0)).get_column("remote").drop_nulls().to_list()
    if not kept:
        return frame.with_columns(pl.lit(None, dtype=pl.List(pl.String)).alias("removed_from"))
    left_alone = pl.col("queued_in").list.eval(pl.element().filter(pl.element().is_in(kept)))
    return frame.with_columns(pl.when(_LEAVES & pl.col("queued")).then(left_alone).alias("removed_from"))


def wait_for_opening(columns: FactColumns, frame: pl.DataFrame) -> pl.DataFrame:
    """Decide again about people whose call cannot begin before their calling hours end, as if the hours were over.
    Whoever waits at the provider already is called before them. Adds `late`."""
    is_due = pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY])
    late = [
        (place, _find_late(facts.closing, frame.filter(address=place), is_due))
        for place, facts in enumerate(columns.all_facts)
        if facts.closing is not None
    ]
    late_people = stack(late, {"number": pl.String}).select(*PERSON, pl.lit(True).alias("late"))
    if late_people.is_empty():
        return frame.with_columns(late=pl.lit(False))
    frame = frame.join(late_people, on=PERSON, how="left", maintain_order="left")
    closed = pl.lit(Timing.CLOSED.value, dtype=frame.schema["timing"])
    timing = pl.when("late").then(closed).otherwise("timing").alias("timing")
    frame = frame.drop("verb", "reason").with_columns(pl.col("late").fill_null(False)).with_columns(timing)
    return move_batch_mates(add_decisions(frame))


def _find_late(closing: Closing, people: pl.DataFrame, is_due: pl.Expr) -> pl.DataFrame:
    """Return the `number`s of the people of one address who are due, and cannot be begun in time."""
    due = people.filter(is_due).get_column("number")
    if due.is_empty():
        return due.to_frame()
    waiting_count = people.filter(pl.col("queued") & ~is_due & (pl.col("verb") != Verb.CANCEL)).height
    return due.filter(closing.find_late(due, waiting_count)).to_frame()
