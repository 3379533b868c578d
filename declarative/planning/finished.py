"""People whose calls are over for good: nearly all of a campaign that ran to its end. Pure."""

from __future__ import annotations

import polars as pl

from declarative.model import frames
from declarative.model.lock import Ended
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.remote import Phase
from declarative.planning.entries import recorded_entries
from declarative.planning.facts import Facts

_NO_RETRY = Retry(max_retries=0, on=frozenset())


def find_finished_keys(facts: Facts, members: pl.DataFrame, keys: pl.Series) -> pl.Series:
    """Return the keys of people all of whose entries are final: reached, or unreached for a reason without a retry."""
    is_final = (pl.col("phase") == Phase.REACHED) | (
        (pl.col("phase") == Phase.UNREACHED) & ~pl.col("outcome").is_in(retry_outcomes(facts)).fill_null(False)
    )
    is_final &= ~pl.col("remote").is_in(sorted(facts.doubtful_retries()))
    final_mask = members.select(is_final.fill_null(False)).to_series()
    final_keys = keys.filter(final_mask).drop_nulls().unique()
    open_keys = pl.concat([keys.filter(~final_mask), frames.number_keys(recorded_entries(facts).get_column("number"))])
    return final_keys.filter(~final_keys.is_in(open_keys.implode()))


def count_finished(facts: Facts, members: pl.DataFrame, count: int) -> Ended:
    """Count what came of the calls of finished people, whose entries these `members` are."""
    if facts.resource is None or facts.resource.halt_when is None:
        return Ended(people=count)
    is_reached = pl.col("phase") == Phase.REACHED
    by_person = members.group_by("number").agg(
        is_reached.any().alias("reached"), has_failed(facts).any().alias("failed")
    )
    failed = by_person.filter(pl.col("failed") & ~pl.col("reached"))
    return Ended(people=count, reached=int(by_person.get_column("reached").sum()), failed=len(failed))


def has_failed(facts: Facts) -> pl.Expr:
    """Whether an `outcome` is one of the provider's words for a failure."""
    return pl.col("outcome").is_in(sorted(facts.failures)).fill_null(False)


def retry_outcomes(facts: Facts) -> list[str]:
    """Outcomes after which a person is called again."""
    return sorted(retry_policy(facts).on - {PRE_DIAL})


def retry_policy(facts: Facts) -> Retry:
    return (facts.resource.retry if facts.resource else None) or _NO_RETRY
