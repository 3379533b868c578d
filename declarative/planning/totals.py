"""What the decisions about the people of each address add up to, counted for all addresses at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from declarative.model.lock import Ended
from declarative.model.remote import Phase
from declarative.planning.columns import FactColumns
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Facts
from declarative.planning.standing import Decisions
from declarative.planning.stuck import select_stuck

_IS_LEFT_OUT = pl.col("verb").is_in([Verb.CANCEL, Verb.BLOCK]) | (
    pl.col("standing").is_in([int(Standing.UNSUBMITTED), int(Standing.UNSURE)])
    & ~pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY])
)
_IS_LEFT_OUT |= pl.col("reason") == Reason.NOT_APPROVED
_IS_CALLED = pl.col("standing") == int(Standing.DIALED)
_IS_KEPT = pl.col("verb") == Verb.KEEP
_DROPPING = (Reason.PAUSED, Reason.CALLING_HOURS, Reason.BATCH_MATES)
"""Reasons for which a person who waits for a retry is taken off, and not called again."""


@dataclass(frozen=True, kw_only=True)
class VerbTotals:
    """The people of one address under one verb."""

    people: int
    """How many they are."""
    most_attempts: int
    """How often the one of them was called who was called most."""
    free_at: datetime | None = None
    """When `retry.after` is over for the first of them who wait for it; None where nobody does."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """How many people by reason, the most frequent first."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Of those to retry, how many people by the outcome of their latest call, the most frequent first."""
    remote_ids: tuple[str, ...] = ()
    """Of those to cancel or to replace, the ids of the batches that they wait in."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The people of one address who are not finished. Counts."""

    known: int = 0
    """All of them."""
    called: int = 0
    """Called, and not waiting to be called again."""
    queued: int = 0
    """Waiting at the provider."""
    in_flight: int = 0
    """In a call, by their latest word."""
    left_out: int = 0
    """Wanted, and neither submitted nor about to be."""
    later: int = 0
    """Who wait, or are blocked."""
    expired: int = 0
    """Wanted people who were never submitted, and are not any more."""
    late: int = 0
    """Who wait because they cannot be begun before their calling hours end."""
    dropped_now: int = 0
    """Taken off now while they wait for a retry. They are not called again."""
    dropped_earlier: int = 0
    """Taken off by an earlier run while they waited for a retry: their latest call reads cancelled."""
    verbs: Mapping[Verb, VerbTotals] = field(default_factory=dict)
    """Who is shown under each verb. Whoever is kept is shown only where they may still be called, as blocked."""


_COUNTED = {
    "called": _IS_CALLED & ~pl.col("queued"),
    "queued": pl.col("queued"),
    "in_flight": pl.col("phase") == Phase.IN_FLIGHT,
    "left_out": pl.col("desired") & _IS_LEFT_OUT,
    "later": pl.col("verb").is_in([Verb.WAIT, Verb.BLOCK]),
    "expired": pl.col("desired")
    & _IS_KEPT
    & (pl.col("reason") == Reason.EXPIRED)
    & (pl.col("standing") == int(Standing.UNSUBMITTED)),
    "late": pl.col("late"),
    "dropped_now": _IS_CALLED & (pl.col("verb") == Verb.CANCEL) & pl.col("reason").is_in(_DROPPING),
    "dropped_earlier": _IS_CALLED
    & pl.col("desired")
    & ~pl.col("queued")
    & (pl.col("attempts") > 0)
    & _IS_KEPT
    & (pl.col("dialed_phase") == Phase.CANCELLED),
}
"""The counts of Totals, save `known`."""


@dataclass(frozen=True)
class AddressDecisions:
    """What is decided about the people of one address."""

    facts: Facts
    """What it was decided from."""
    totals: Totals
    """What it adds up to."""
    finished: Ended
    """The people who are not among `people`: they were called, and no call is due."""
    _get_people: Callable[[], pl.DataFrame]

    @cached_property
    def people(self) -> pl.DataFrame:
        """Its rows of standing.Decisions."""
        return self._get_people()

    @property
    def person_count(self) -> int:
        """How many people are known of it."""
        return self.totals.known + self.finished.people


def split_decisions(decided: Decisions) -> list[AddressDecisions]:
    """Return what is decided about each address, in order."""
    totals = add_up(decided.columns, decided.people)

    def people_of(place: int) -> Callable[[], pl.DataFrame]:
        return lambda: decided.people_of(place)

    return [
        AddressDecisions(facts, totals.get(place, Totals()), decided.finished[place], people_of(place))
        for place, facts in enumerate(decided.columns.all_facts)
    ]


def add_up(columns: FactColumns, people: pl.DataFrame) -> dict[int, Totals]:
    """Return the totals of each address that has rows among `people`, by its place."""
    counted = [expression.fill_null(False).sum().alias(name) for name, expression in _COUNTED.items()]
    counts = people.group_by("address").agg(pl.len().alias("known"), *counted)
    verbs = _add_up_verbs(columns, people)
    names = counts.columns[1:]
    return {
        place: Totals(verbs=verbs.get(place, {}), **dict(zip(names, row, strict=True)))
        for place, *row in counts.iter_rows()
    }


def _add_up_verbs(columns: FactColumns, people: pl.DataFrame) -> dict[int, dict[Verb, VerbTotals]]:
    shown = _select_shown(columns, people)
    if shown.is_empty():
        return {}
    is_free_later = pl.col("reason") == Reason.RETRY_AFTER
    groups = shown.group_by("address", "verb", maintain_order=True).agg(
        pl.len().alias("people"),
        pl.col("attempts").max().alias("most_attempts"),
        pl.col("free_at").filter(is_free_later).min().alias("free_at"),
    )
    reasons = _count_words(shown, "reason")
    outcomes = _count_words(shown.filter(verb=Verb.RETRY), "dialed_outcome")
    remote_ids = _list_remote_ids(shown.filter(pl.col("verb").is_in([Verb.CANCEL, Verb.REPLACE])))
    verbs: dict[int, dict[Verb, VerbTotals]] = {}
    for place, word, count, most_attempts, free_at in groups.iter_rows():
        verbs.setdefault(place, {})[Verb(word)] = VerbTotals(
            people=count,
            most_attempts=most_attempts,
            free_at=free_at,
            reasons=reasons.get((place, word), {}),
            outcomes=outcomes.get((place, word), {}),
            remote_ids=remote_ids.get((place, word), ()),
        )
    return verbs


def _select_shown(columns: FactColumns, people: pl.DataFrame) -> pl.DataFrame:
    """Return who is shown under a verb: `address`, `verb`, `reason` and what is counted of them."""
    is_changed = ~pl.col("verb").is_in([Verb.KEEP, Verb.BLOCK])
    is_unsure = (pl.col("verb") == Verb.BLOCK) & (pl.col("reason") != Reason.NOT_TAKEN_OFF)
    names = ("address", "verb", "attempts", "free_at", "queued_in", "dialed_outcome")
    parts = [people.filter(is_changed), select_stuck(people), people.filter(is_unsure)]
    return pl.concat([part.select(*names, _shown_reason(columns)) for part in parts])


def _shown_reason(columns: FactColumns) -> pl.Expr:
    """The reason of each person. A create also tells whether they are the first, added later, or submitted again."""
    # After a run that did not come to its end the lock holds no numbers, and all people count as new.
    first = columns.value(lambda facts: str(Reason.ADDED if facts.resource_record.numbers else Reason.NEW), pl.String)
    comes_again = pl.col("phase").is_in([Phase.CANCELLED, Phase.UNFUNDED]).fill_null(False)
    return (
        pl.when((pl.col("verb") != Verb.CREATE) | (pl.col("reason") != Reason.ADDED))
        .then("reason")
        .when(comes_again)
        .then(pl.lit(str(Reason.SUBMITTED_AGAIN)))
        .otherwise(first)
        .alias("reason")
    )


def _count_words(shown: pl.DataFrame, column: str) -> dict[tuple[int, str], dict[str, int]]:
    """Count each word of a column by address and verb, the most frequent first. Nulls are left out."""
    counts = shown.drop_nulls(column).group_by("address", "verb", column, maintain_order=True).len()
    counted: dict[tuple[int, str], dict[str, int]] = {}
    for place, verb, word, count in counts.sort("len", descending=True, maintain_order=True).iter_rows():
        counted.setdefault((place, verb), {})[word] = count
    return counted


def _list_remote_ids(shown: pl.DataFrame) -> dict[tuple[int, str], tuple[str, ...]]:
    """List the batches that people wait in by address and verb, each once, sorted."""
    waiting = shown.select("address", "verb", pl.col("queued_in").alias("remote")).explode("remote").drop_nulls()
    ids: dict[tuple[int, str], tuple[str, ...]] = {}
    for place, verb, remote_id in waiting.unique().sort("remote").iter_rows():
        ids[place, verb] = (*ids.get((place, verb), ()), remote_id)
    return ids
