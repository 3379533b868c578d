"""How many people of an address were called, reached, wait, and so on. Pure; status and report show the same counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import polars as pl

from declarative.model.remote import Phase
from declarative.planning.decide import Standing, Verb
from declarative.planning.plan import count_values


@dataclass(frozen=True, kw_only=True)
class PeopleCounts:
    """People of one address, or of several together. A person counts once for each address."""

    people: int = 0
    """All who are wanted or were ever submitted."""
    finished: int = 0
    """People for whom nothing more is to come: called or turned away, and no call is due."""
    coming: int = 0
    """People for whom something is to come: in a call, waiting, due now or later, or not known."""
    called: int = 0
    """People who were called: the sum of the next five."""
    reached: int = 0
    """People who took a call."""
    not_reached: int = 0
    """People whose calls are over and who took none."""
    in_flight: int = 0
    """People who are being called now."""
    called_again: int = 0
    """People who were called and wait at the provider to be called again."""
    outcome_unknown: int = 0
    """People who count as called, and of whom no outcome is known."""
    not_reached_by: Mapping[str, int] = field(default_factory=dict)
    """People of `not_reached`, by the provider's word for their last call."""
    waiting: int = 0
    """People who wait at the provider for a first call."""
    refused: int = 0
    """People whom the provider turned away before any phone was called."""
    in_doubt: int = 0
    """People of whom it is not known whether they were called."""
    not_submitted: int = 0
    """People who are in no request so far, and people who were taken off before they were called."""
    due: int = 0
    """People whom the next apply calls."""
    later: Mapping[str, int] = field(default_factory=dict)
    """People who are called by a later apply, by reason: calling_hours, too_early, retry_after."""
    to_take_off: int = 0
    """People who wait at the provider and whom the next apply takes off."""
    timed: int = 0
    """Ended calls whose time is known."""
    outside_hours: int = 0
    """Those of them that began outside the calling hours under which they were sent."""
    held: Mapping[str, int] = field(default_factory=dict)
    """People in the recipients files who are left out, by the keys of a plan's `held`. They are not among `people`."""

    @property
    def percent(self) -> int | None:
        """How much is done, rounded down. None where nobody is to be called."""
        total = self.finished + self.coming
        return 100 * self.finished // total if total else None


def add_counts(all_counts: Iterable[PeopleCounts]) -> PeopleCounts:
    """Add up the counts of several addresses."""
    sums: dict[str, Any] = {count_field.name: 0 for count_field in fields(PeopleCounts)}
    tallies = {name: Counter[str]() for name in ("not_reached_by", "later", "held")}
    for counts in all_counts:
        for name in sums:
            if name in tallies:
                tallies[name].update(getattr(counts, name))
            else:
                sums[name] += getattr(counts, name)
    return PeopleCounts(**sums | {name: dict(tally.most_common()) for name, tally in tallies.items()})


def count_people(people: pl.DataFrame, held: Mapping[str, int]) -> PeopleCounts:
    """Count the rows of `standing.decide_all` with their `word` (`standing_word`)."""
    frame = people.select("word", "verb", "reason", "dialed_outcome", call_state().alias("call"))
    of_word, of_call = count_values(frame.get_column("word")), count_values(frame.get_column("call").drop_nulls())
    has_ended = pl.col("call").is_in(["reached", "not_reached", "outcome_unknown"]).fill_null(False)
    is_over = has_ended | (pl.col("word") == "refused")
    never_comes = pl.col("word").is_in(["unsubmitted", "cancelled"])
    settled = frame.filter(verb=Verb.KEEP).select(is_over.sum().alias("over"), never_comes.sum().alias("never"))
    finished, never = settled.row(0)
    not_reached = frame.filter(call="not_reached").get_column("dialed_outcome")
    return PeopleCounts(
        people=len(frame),
        finished=finished,
        coming=len(frame) - finished - never,
        called=sum(of_call.values()),
        **{name: of_call.get(name, 0) for name in CALL_STATES},
        not_reached_by=count_values(not_reached.fill_null("")),
        waiting=of_word.get("waiting", 0),
        refused=of_word.get("refused", 0),
        in_doubt=of_word.get("unsure", 0) + of_word.get("unknown", 0),
        not_submitted=of_word.get("unsubmitted", 0) + of_word.get("cancelled", 0),
        due=frame.select(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY]).sum()).item(),
        later=count_values(frame.filter(verb=Verb.WAIT).get_column("reason")),
        to_take_off=len(frame.filter(verb=Verb.CANCEL)),
        held=dict(held),
    )


CALL_STATES = ("reached", "not_reached", "in_flight", "called_again", "outcome_unknown")


def call_state() -> pl.Expr:
    """Say for each person who was called how it stands with their calls: one of CALL_STATES; null for the others."""
    is_called = (pl.col("standing") == int(Standing.DIALED)) & (pl.col("word") != "cancelled")
    return (
        pl.when(~is_called)
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("phase") == Phase.IN_FLIGHT)
        .then(pl.lit("in_flight"))
        .when(pl.col("reached"))
        .then(pl.lit("reached"))
        .when(pl.col("queued"))
        .then(pl.lit("called_again"))
        .when(pl.col("dialed_phase") == Phase.UNREACHED)
        .then(pl.lit("not_reached"))
        .otherwise(pl.lit("outcome_unknown"))
    )
