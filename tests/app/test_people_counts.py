"""Counts of people: every person once, and sums that are what their parts say."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from declarative.app.people_counts import PeopleCounts, add_counts, count_people
from declarative.model.remote import Phase
from declarative.planning.decide import Standing, Verb

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "standing": st.sampled_from(Standing).map(int),
            "phase": st.none() | st.sampled_from(Phase).map(str),
            "dialed_phase": st.none() | st.sampled_from(Phase).map(str),
            "dialed_outcome": st.none() | st.sampled_from(["dial_busy", "dial_no_answer"]),
            "reached": st.booleans(),
            "queued": st.booleans(),
            "cancelled": st.booleans(),
            "verb": st.sampled_from(Verb).map(str),
            "reason": st.just("unchanged"),
        }
    ),
    max_size=20,
)
SCHEMA = {
    **dict.fromkeys(("phase", "dialed_phase", "dialed_outcome", "verb", "reason"), pl.String),
    **dict.fromkeys(("reached", "queued", "cancelled"), pl.Boolean),
    "standing": pl.Int64,
}


def count(people: list[dict[str, object]]) -> PeopleCounts:
    names = {int(standing): standing.name.lower() for standing in Standing}
    word = pl.col("standing").replace_strict(names, return_dtype=pl.String)
    is_cancelled = pl.col("cancelled") & (pl.col("standing") == int(Standing.DIALED))
    frame = pl.DataFrame(people, schema=SCHEMA)
    return count_people(
        frame.with_columns(pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(word).alias("word")), {}
    )


@given(PEOPLE)
def test_nobody_is_lost_or_counted_twice(people: list[dict[str, object]]) -> None:
    counts = count(people)
    assert counts.people == len(people)
    assert counts.called + counts.waiting + counts.refused + counts.in_doubt + counts.not_submitted == len(people)
    parts = (counts.reached, counts.not_reached, counts.in_flight, counts.called_again, counts.outcome_unknown)
    assert sum(parts) == counts.called
    assert sum(counts.not_reached_by.values()) == counts.not_reached
    assert 0 <= counts.finished <= counts.finished + counts.coming <= len(people)


@given(st.lists(PEOPLE, max_size=3))
def test_the_sum_of_several_is_the_count_of_all(groups: list[list[dict[str, object]]]) -> None:
    assert add_counts(map(count, groups)) == count([person for group in groups for person in group])


def test_nothing_to_do_has_no_percent() -> None:
    assert PeopleCounts().percent is None
    assert PeopleCounts(finished=1, coming=2).percent == 33
