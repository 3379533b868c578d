"""From entries to one row a person, for several addresses at once: the facts about them, and what decide.py decides.
Pure.

The rules run once for each distinct combination of facts (decisions.py): a million people cost a few dozen decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from declarative.model.lock import Ended
from declarative.model.policy import PRE_DIAL
from declarative.model.remote import Phase
from declarative.planning.absence import add_absence
from declarative.planning.columns import PERSON, FactColumns, split_by_address, stack
from declarative.planning.decide import Reason, Standing, Timing
from declarative.planning.decisions import add_decisions, move_batch_mates, wait_for_opening
from declarative.planning.doubtful import add_doubts
from declarative.planning.entries import GOING_ON, QUEUED, STUCK, build_entries, read_members
from declarative.planning.facts import Facts
from declarative.planning.finished import count_finished, find_finished, leave_out, retry_outcomes, retry_policy
from declarative.planning.frequency import hold_for_frequency
from declarative.planning.rollout import hold_for_rollout

_TIMING = pl.Enum([timing.value for timing in Timing])
"""An enum: a million values are bytes instead of texts."""

_FLAGS = ("queued", "revoked", "stuck", "fresh", "changed", "twin", "reached", "busy", "going_on")
"""Columns of _fold_by_person() that are false for a person who was not seen."""

NEVER_RETRIED = pl.col("retries") == 0
_ENTRY_STANDING = (
    pl.when(pl.col("doubtful") & ~pl.col("phase").is_in([Phase.REACHED, Phase.IN_FLIGHT]))
    .then(int(Standing.UNSURE))
    .when(QUEUED & NEVER_RETRIED)
    .then(int(Standing.WAITING))
    .when((pl.col("phase") == Phase.CANCELLED) & NEVER_RETRIED & pl.col("by_us"))
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.UNFUNDED) & NEVER_RETRIED)
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.REFUSED) & NEVER_RETRIED)
    .then(int(Standing.REFUSED))
    .otherwise(int(Standing.DIALED))
)
"""The standing of one entry. The table in decide.py says which standing of a person wins."""


@dataclass(frozen=True)
class Decisions:
    """What is decided about the people of several addresses."""

    columns: FactColumns
    """The addresses."""
    people: pl.DataFrame
    """One row for each person who is not finished, wanted or seen.

    Columns: `address`, its place; `number`; `data_row` (place of the wanted data, or null); the fields of
    decide.PersonFacts; `attempts` (an upper bound); `phase` and `outcome` of their latest entry; `free_at` (when
    `retry.after` is over); `verb` and `reason`."""
    finished: Sequence[Ended]
    """By address, the people who were left out: they were called, and no call is due."""

    @cached_property
    def _by_place(self) -> dict[int, pl.DataFrame]:
        return split_by_address(self.people)

    def people_of(self, place: int) -> pl.DataFrame:
        """Return the rows of one address."""
        frame = self._by_place.get(place)
        return self.people.clear() if frame is None else frame


def decide_addresses(
    columns: FactColumns, blocks: Sequence[Reason | None], moving: pl.Series | None = None
) -> Decisions:
    """Decide about the people of several addresses; `blocks` holds PersonFacts.block of each. `moving` is as in
    rollout.hold_for_rollout().

    Finished people are nearly all of a campaign that ran to its end. Their outcome alone tells them from the rest, so a
    million of them are compared as integers once, and never joined.
    """
    members = read_members(columns)
    finished = find_finished(members)
    counts = count_finished(members, finished)
    recipients = leave_out(finished, _select_recipients(columns))
    entries = build_entries(replace(members, frame=leave_out(finished, members.frame)))
    people = hold_for_frequency(columns, _decide_people(columns, entries, recipients, blocks), moving)
    return Decisions(columns, hold_for_rollout(columns, people, counts, moving), counts)


def decide_open(
    facts: Facts, block: Reason | None = None, moving: pl.Series | None = None
) -> tuple[pl.DataFrame, Ended]:
    """Return the people of one address who are not finished, and how many are. `moving` is as in
    rollout.hold_for_rollout()."""
    decided = decide_addresses(FactColumns([facts]), [block], moving)
    return decided.people, decided.finished[0]


def decide_all(facts: Facts, block: Reason | None = None) -> pl.DataFrame:
    """Return one row for each person of one address, the finished ones too."""
    columns = FactColumns([facts])
    entries = build_entries(read_members(columns))
    people = _decide_people(columns, entries, _select_recipients(columns), [block])
    return hold_for_rollout(columns, hold_for_frequency(columns, people), [Ended()])


def _decide_people(
    columns: FactColumns, entries: pl.DataFrame, recipients: pl.DataFrame, blocks: Sequence[Reason | None]
) -> pl.DataFrame:
    by_person = _fold_by_person(_compare_entries(columns, recipients, entries))
    frame = _add_seen(recipients, by_person)
    are_halted = [_takes_off_all(facts, block) for facts, block in zip(columns.all_facts, blocks, strict=True)]
    frame = _add_person_facts(columns, frame).with_columns(
        columns.of_values(blocks, pl.String).alias("block"),
        columns.of_values(are_halted, pl.Boolean).alias("halted"),
        columns.value(lambda facts: facts.approved, pl.Boolean).alias("approved"),
        columns.value(_most_removals, pl.Int64).alias("most_removals"),
    )
    return wait_for_opening(columns, move_batch_mates(add_decisions(frame)))


def _add_seen(recipients: pl.DataFrame, by_person: pl.DataFrame) -> pl.DataFrame:
    """Return the wanted people with what was seen of them, and whoever else was seen."""
    if by_person.is_empty():  # the same nulls for all: a million people take no memory and no time
        nothing = [pl.lit(None, dtype=kind).alias(name) for name, kind in by_person.schema.items()]
        return recipients.with_columns(null for null in nothing if null.meta.output_name() not in PERSON)
    undesired = by_person.join(recipients, on=PERSON, how="anti").with_columns(data_row=pl.lit(None, dtype=pl.UInt32))
    frame = recipients.join(by_person, on=PERSON, how="left", maintain_order="left")
    return pl.concat([frame, undesired.select(frame.columns)])


def _most_removals(facts: Facts) -> int:
    return facts.capabilities.most_removals if facts.capabilities is not None else 0


def _takes_off_all(facts: Facts, block: Reason | None) -> bool:
    """Whether whoever waits at the provider is taken off under this block: the campaign is halted, and not only for the
    runs of one machine."""
    return facts.emergency.takes_off if facts.emergency is not None else block is Reason.HALTED


def _select_recipients(columns: FactColumns) -> pl.DataFrame:
    """Return the wanted people as `address`, `number` and `data_row`; none where the resource is gone or paused."""
    wanted = (
        (place, facts.resource.recipients.rows)
        for place, facts in enumerate(columns.all_facts)
        if facts.resource is not None and facts.is_desired
    )
    return stack(wanted, {"number": pl.String, "data_row": pl.UInt32}).select("address", "number", "data_row")


def _compare_entries(columns: FactColumns, recipients: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Add `standing` and `changed` to the entries."""
    submitted = recipients.join(frame.select(PERSON), on=PERSON, how="semi")  # empty where all people are new
    submitted = _with_data(columns, submitted)
    frame = frame.join(submitted, on=PERSON, how="left")
    # Whoever waits without data was sent none. Where the provider returns no data, the digest of a batch says that
    # somebody in it differs, and nothing says who; or no digest is known, and nothing says that they are the same. Then
    # all who wait in it move together.
    waits_otherwise = QUEUED & NEVER_RETRIED
    waits_otherwise &= pl.col("silent") | (pl.col("payload").fill_null("{}") != pl.col("data"))
    data_differs = ~pl.col("exact") & ((pl.col("payload") != pl.col("data")) | waits_otherwise).fill_null(False)
    compared = frame.with_columns(_ENTRY_STANDING.alias("standing"), (pl.col("stale") | data_differs).alias("changed"))
    # These are not carried through the grouping.
    return compared.drop("data", "payload", "exact", "silent", "stale", "doubtful", "by_us")


def _with_data(columns: FactColumns, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return wanted people as `address`, `number` and `data`: their payloads."""
    parts = [wanted.clear().select("address", "number", pl.lit("").alias("data"))]
    for place, rows in split_by_address(wanted).items():
        resource = columns.all_facts[place].resource
        assert resource is not None  # it wants them
        parts.append(resource.recipients.people.with_data(rows).rename({"payload": "data"}))
    return pl.concat(parts)


def _fold_by_person(frame: pl.DataFrame) -> pl.DataFrame:
    """Fold the entries of each person into one row.

    `fresh`: queued in a batch that had no retry request. `vain_retries`: retries that were refused before dialing.
    `dialed_phase`, `dialed_outcome`, `dialed_in`: the latest entry by which they were dialed.
    """
    waiting = pl.col("standing") == int(Standing.WAITING)
    dialed = pl.col("standing") >= int(Standing.DIALED)
    refused = pl.col("standing") == int(Standing.REFUSED)
    # A person who was taken off without an intent of ours counts as dialed, but was never called there.
    was_called = dialed & ~((pl.col("phase") == Phase.CANCELLED) & NEVER_RETRIED & ~pl.col("live"))
    live = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN]) | ~pl.col("over")
    return (
        sort_by_time(frame)
        .group_by(PERSON, maintain_order=True)
        .agg(
            pl.col("standing").max().alias("known"),
            QUEUED.any().alias("queued"),
            pl.col("remote").filter(QUEUED).alias("queued_in"),
            pl.when(waiting.any())
            .then(pl.col("changed").filter(waiting).any())
            .otherwise(pl.col("changed").filter(refused).last())
            .alias("changed"),
            (QUEUED & pl.col("revoked")).any().alias("revoked"),
            STUCK.any().alias("stuck"),
            pl.col("remote").filter(STUCK).alias("stuck_in"),
            (QUEUED & NEVER_RETRIED).any().alias("fresh"),
            pl.col("attempt").filter(QUEUED & NEVER_RETRIED).min().alias("queued_attempt"),
            (waiting.sum() > pl.col("attempt").filter(waiting).n_unique()).alias("twin"),
            # Protocol 9: an upper bound. Each batch that dialed a person counts once, and once for each of its retries.
            pl.when(was_called).then(1 + pl.col("retries")).otherwise(0).sum().alias("attempts"),
            pl.when(was_called & ~(QUEUED & NEVER_RETRIED))
            .then(1 + pl.col("retries"))
            .otherwise(0)
            .sum()
            .alias("attempts_elsewhere"),
            refused.sum().alias("refusals"),
            (refused & (pl.col("attempt") > 1)).sum().alias("vain_retries"),
            (pl.col("phase") == Phase.REACHED).any().alias("reached"),
            (live & dialed).any().alias("busy"),
            GOING_ON.any().alias("going_on"),
            pl.col("phase").filter(dialed).last().alias("dialed_phase"),
            pl.col("outcome").filter(dialed).last().alias("dialed_outcome"),
            pl.col("remote").filter(dialed).last().alias("dialed_in"),
            pl.col("over_at").filter(dialed).max().alias("over_at"),
            pl.col("phase").last(),
            pl.col("outcome").last(),
        )
    )


def sort_by_time(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("attempt", "created_at", "remote", nulls_last=True)


def _add_person_facts(columns: FactColumns, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the fields of decide.PersonFacts, and `free_at`, to one row a person."""
    flags = [pl.col(name).fill_null(False) for name in _FLAGS]
    counts = [pl.col(name).fill_null(0) for name in ("attempts", "attempts_elsewhere", "refusals", "vain_retries")]
    frame = frame.with_columns(*flags, *counts, pl.col("known").fill_null(int(Standing.UNSUBMITTED)))
    pause = columns.value(lambda facts: retry_policy(facts).after, pl.Duration("us"))
    most_retries = columns.value(lambda facts: retry_policy(facts).max_retries, pl.Int64)
    frame = frame.with_columns(
        pl.col("data_row").is_not_null().alias("desired"),
        (
            (pl.col("dialed_phase") == Phase.UNREACHED).fill_null(False)
            & columns.is_one_of("dialed_outcome", retry_outcomes)
            & ~pl.col("reached")
            & ~pl.col("busy")
            & (pl.col("attempts") + pl.col("vain_retries") <= most_retries)
        ).alias("retriable"),
        (
            columns.value(lambda facts: PRE_DIAL in retry_policy(facts).on, pl.Boolean)
            & (pl.col("refusals") <= most_retries)
        ).alias("try_refused"),
        (pl.col("queued_attempt") <= pl.col("attempts_elsewhere")).fill_null(False).alias("already_called"),
        (pl.col("over_at") + pause).alias("free_at"),
    )
    is_before = pl.col("free_at") > columns.value(lambda facts: facts.now, pl.Datetime("us", "UTC"))
    has_pause = columns.value(lambda facts: bool(retry_policy(facts).after), pl.Boolean)
    frame = frame.with_columns(
        pl.coalesce(is_before, has_pause).alias("before_retry"), add_doubts(columns, frame).alias("standing")
    )
    return add_absence(columns, _add_timing(columns, frame))


def _add_timing(columns: FactColumns, frame: pl.DataFrame) -> pl.DataFrame:
    timings = [facts.timing for facts in columns.all_facts]
    values = [timing.value if isinstance(timing, Timing) else Timing.NOW.value for timing in timings]
    value = columns.of_values(values, _TIMING)
    by_person = [(place, timing) for place, timing in enumerate(timings) if isinstance(timing, pl.DataFrame)]
    if not by_person:
        return frame.with_columns(value.alias("timing"))
    timing_frame = stack(by_person, {"number": pl.String, "timing": pl.String})
    frame = frame.join(timing_frame, on=PERSON, how="left", maintain_order="left")
    return frame.with_columns(pl.coalesce(pl.col("timing").cast(_TIMING), value).alias("timing"))
