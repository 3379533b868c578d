"""People who may have been called by what nobody has seen: a request whose answer was lost, or a batch that was
declared placed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from declarative.model import frames
from declarative.planning.columns import PERSON, FactColumns
from declarative.planning.decide import Standing
from declarative.planning.facts import Facts

_UNSURE = int(Standing.UNSURE)


def add_doubts(columns: FactColumns, frame: pl.DataFrame) -> pl.Series:
    """Return the standing of each row: the strongest entry, `known`, or UNSURE for a person who may be in a request
    whose answer was lost."""
    # Protocol 5: until a lost request is settled, everyone who may be in it could be called by it. A batch that was
    # declared placed while nobody could tell who was in it may have called them already.
    known = pl.col("known")
    is_new = known <= int(Standing.REFUSED)
    may_hide = columns.value(lambda facts: facts.has_doubtful_batch() or bool(facts.unnamed_batches()), pl.Boolean)
    is_unsure = may_hide & (is_new | pl.col("retriable"))
    is_unsure |= is_new & _are_among(columns, frame, lambda facts: facts.resource_record.unseen)
    is_unsure |= _are_among(columns, frame, lambda facts: facts.doubtful_persons())
    # Protocol 5: with two open requests to one number nobody could say which of them a call answers.
    is_due = is_new | pl.col("retriable")
    is_unsure |= is_due & _are_among(columns, frame, lambda facts: facts.doubted_elsewhere)
    standing = pl.when(is_unsure).then(_UNSURE).otherwise(known)
    return frame.select(standing.cast(pl.Int64).alias("standing")).to_series()


def _are_among(columns: FactColumns, frame: pl.DataFrame, get: Callable[[Facts], Collection[str]]) -> pl.Expr:
    """Whether each person has one of the digests that their address names. The one person of a Call always has."""
    named = columns.select(get)
    if not named:
        return pl.lit(False)
    people = frame.select(PERSON).with_row_index("row")
    rows: list[int] = []
    for place, facts in named:
        own = people.filter(address=place)
        if not facts.is_single_call:
            persons = frames.with_person_digest(own, facts.key, facts.lineage).get_column("person")
            own = own.filter(persons.is_in(list(get(facts))))
        rows += own.get_column("row").to_list()
    return pl.lit(people.get_column("row").is_in(rows))
