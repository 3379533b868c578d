"""People whose calls are over for good: nearly all of a campaign that ran to its end. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from declarative.model import frames
from declarative.model.lock import Ended
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.remote import Phase
from declarative.planning.entries import Members
from declarative.planning.facts import Facts
from declarative.planning.recorded import recorded_entries

_NO_RETRY = Retry(max_retries=0, on=frozenset())
_KEYS = ("address", "key")


def find_finished(members: Members) -> pl.DataFrame:
    """Return the people all of whose entries are final: reached, or unreached for a reason without a retry. Columns
    `address` and `key` (frames.number_keys). Nobody at a Call, or where a single call is in doubt: there the lock may
    know more than the members."""
    columns = members.columns
    keyed = add_keys(members.frame.select("address", "number", "phase", "outcome", "remote"))
    is_final = (pl.col("phase") == Phase.REACHED) | (
        (pl.col("phase") == Phase.UNREACHED) & ~columns.is_one_of("outcome", retry_outcomes)
    )
    is_final &= ~pl.col("remote").is_in(_find_doubtful(members))
    is_final &= columns.value(lambda facts: not facts.is_single_call and not facts.doubtful_persons(), pl.Boolean)
    keyed = keyed.select(*_KEYS, is_final.fill_null(False).alias("is_final"))
    open_people = keyed.filter(~pl.col("is_final")).select(_KEYS)
    recorded = add_keys(recorded_entries(columns).select("address", "number")).select(_KEYS)
    finished = keyed.filter("is_final").select(_KEYS).drop_nulls().unique()
    return finished.join(pl.concat([open_people, recorded]), on=_KEYS, how="anti")


def _find_doubtful(members: Members) -> list[int]:
    """Return the places of the remotes that a request whose answer was lost may have retried."""
    doubtful = {place: facts.doubtful_retries() for place, facts in enumerate(members.columns.all_facts)}
    return [index for index, (place, remote) in enumerate(members.remotes) if remote.id in doubtful[place]]


def leave_out(finished: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a frame with `address` and `number` that are not of finished people, in their order."""
    if finished.is_empty():
        return frame
    return add_keys(frame).join(finished, on=_KEYS, how="anti", maintain_order="left").drop("key")


def add_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `key`: the number as an integer, which is compared in a fraction of the time that a text takes."""
    return frame.with_columns(frames.number_keys(frame.get_column("number")).alias("key"))


def count_finished(members: Members, finished: pl.DataFrame) -> Sequence[Ended]:
    """Count what came of the calls of the finished people, for each address. What they ended in is counted only where
    `halt_when` asks for it."""
    columns = members.columns
    counts = dict(finished.group_by("address").len().iter_rows())
    ended = [Ended(people=counts.get(place, 0)) for place in range(len(columns.all_facts))]
    judged = columns.select(lambda facts: facts.resource is not None and facts.resource.halt_when is not None)
    for place, facts in judged:
        people = finished.filter(address=place)
        ended[place] = _count_by_outcome(facts, add_keys(members.frame.filter(address=place)), people)
    return ended


def _count_by_outcome(facts: Facts, members: pl.DataFrame, finished: pl.DataFrame) -> Ended:
    is_reached = pl.col("phase") == Phase.REACHED
    by_person = (
        members.join(finished, on="key", how="semi")
        .group_by("key")
        .agg(is_reached.any().alias("reached"), has_failed(facts).any().alias("failed"))
    )
    failed = by_person.filter(pl.col("failed") & ~pl.col("reached"))
    return Ended(people=len(finished), reached=int(by_person.get_column("reached").sum()), failed=len(failed))


def has_failed(facts: Facts) -> pl.Expr:
    """Whether an `outcome` is one of the provider's words for a failure."""
    failures = facts.capabilities.failures if facts.capabilities else frozenset[str]()
    return pl.col("outcome").is_in(sorted(failures)).fill_null(False)


def retry_outcomes(facts: Facts) -> list[str]:
    """Outcomes after which a person is called again."""
    return sorted(retry_policy(facts).on - {PRE_DIAL})


def retry_policy(facts: Facts) -> Retry:
    return (facts.resource.retry if facts.resource else None) or _NO_RETRY
