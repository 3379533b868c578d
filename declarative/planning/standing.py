"""From entries to what is true of each person, and what decide.py says of them. Pure; the rules run once for each
distinct combination of facts, so a million people cost a few dozen decisions."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from declarative.model import frames as people
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Standing, Timing
from declarative.planning.decisions import _decided, _with_mates
from declarative.planning.entries import QUEUED, entries, members, recorded_entries
from declarative.planning.facts import Facts

_NEVER = Retry(max_retries=0, on=frozenset())
_TIMING, _REASON = pl.Enum([timing.value for timing in Timing]), pl.Enum([str(reason) for reason in Reason])
"""A million of them are bytes, and not texts."""
_KEPT_OUT = {"suppress_from": Reason.SUPPRESSED, "countries": Reason.OTHER_COUNTRY}

_FRESH = pl.col("retries") == 0
_FEWER = (
    ((pl.col("phase") == Phase.QUEUED) & ~QUEUED)
    | ((pl.col("phase") == Phase.CANCELLED) & pl.col("live"))
    | (~_FRESH & ~((pl.col("phase") == Phase.UNREACHED) & pl.col("over")))
)
"""Whether an entry may count more rings than there were. A retry request rings again whom nobody reached; of everybody
else nothing tells whether they were among those."""
_STANDING = (
    pl.when(pl.col("doubtful") & ~pl.col("phase").is_in([Phase.REACHED, Phase.IN_FLIGHT]))
    .then(int(Standing.UNSURE))
    .when(QUEUED & _FRESH)
    .then(int(Standing.WAITING))
    .when((pl.col("phase") == Phase.CANCELLED) & _FRESH & pl.col("by_us"))
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.UNFUNDED) & _FRESH)
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.REFUSED) & _FRESH)
    .then(int(Standing.REFUSED))
    .otherwise(int(Standing.DIALED))
)
"""The standing of one entry, as the table of the contract's first section."""


def decide_all(case: Facts) -> pl.DataFrame:
    """A row a person, wanted or seen: `number`, `data` (wanted payload or null), the facts of decide.Person,
    `attempts` (an upper bound), `phase` and `outcome` of their latest entry, `free_at` (when `retry.after` is over),
    and the `verb` and `reason` of the decision."""
    return _persons(case, entries(case, members(case)), _wanted(case))


def results_frame(case: Facts) -> pl.DataFrame:
    """`persons` with what else is told of each, null for whoever was not seen: `call_id`, `note`, `error` of their
    latest entry; `fewer`, whether they may have been rung less often than `attempts` says; `rung_as`, the number of a
    Call's latest entry (empty where it is not known), which may have been edited since. Decides nothing."""
    rows = members(case)
    known = entries(case, rows)
    latest = _in_time(_with_own_number(case, rows, known)).group_by("number", maintain_order=True)
    besides = latest.agg(pl.col("call_id", "note", "error", "rung_as").last(), _FEWER.any().alias("fewer"))
    return _persons(case, known, _wanted(case)).join(besides, on="number", how="left")


def _with_own_number(case: Facts, rows: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    if not case.one_call or case.resource is None:
        return frame.with_columns(rung_as=pl.lit(None, dtype=pl.String))
    wanted = people.with_person_digest(case.resource.people.frame, case.key, case.lineage)
    person, number = wanted.select("person", "number").row(0)
    own = {key: number for key, known in case.record.remotes.items() if known.person == person}
    own |= {"": number} if person in case.record.placed else {}
    own |= dict(rows.select("remote", "number").iter_rows())
    return frame.with_columns(pl.col("remote").replace_strict(own, default="", return_dtype=pl.String).alias("rung_as"))


def decide_open(case: Facts) -> tuple[pl.DataFrame, int]:
    """`persons` without those who were rung and for whom nothing is due, and how many these are: in a campaign that was
    worked off, nearly all. They are told from the rest by their outcome alone, so that their million is compared as
    integers once and never put together."""
    rows, wanted = members(case), _wanted(case)
    if rows.is_empty() or case.one_call or case.doubtful_persons():
        return _persons(case, entries(case, rows), wanted), 0
    keys = people.number_keys(rows.get_column("number"))
    resting = _resting(case, rows, keys)
    rows = rows.filter(~keys.is_in(resting.implode()).fill_null(False))
    wanted = wanted.filter(~people.number_keys(wanted.get_column("number")).is_in(resting.implode()))
    return _persons(case, entries(case, rows), wanted), len(resting)


def _resting(case: Facts, rows: pl.DataFrame, keys: pl.Series) -> pl.Series:
    """Keys of those of whom every entry says that they were reached, or not for a reason after which nobody is rung
    again."""
    final = (pl.col("phase") == Phase.REACHED) | (
        (pl.col("phase") == Phase.UNREACHED) & ~pl.col("outcome").is_in(_words(case)).fill_null(False)
    )
    final &= ~pl.col("remote").is_in(sorted(case.doubtful_retries()))
    mask = rows.select(final.fill_null(False)).to_series()
    settled = keys.filter(mask).drop_nulls().unique()
    others = pl.concat([keys.filter(~mask), people.number_keys(recorded_entries(case).get_column("number"))])
    return settled.filter(~settled.is_in(others.implode()))


def _words(case: Facts) -> list[str]:
    """Outcomes after which somebody is rung again."""
    return sorted(_retry(case).on - {PRE_DIAL})


def _retry(case: Facts) -> Retry:
    return (case.resource.retry if case.resource else None) or _NEVER


def _persons(case: Facts, known: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    seen = _by_person(_compared(wanted, known))
    unwanted = seen.join(wanted, on="number", how="anti").with_columns(data=pl.lit(None, dtype=pl.String))
    frame = wanted.join(seen, on="number", how="left")
    frame = pl.concat([frame, unwanted.select(frame.columns)])
    return _with_mates(_decided(_with_facts(case, frame)))


def _wanted(case: Facts) -> pl.DataFrame:
    if case.resource is None or not case.wanted:
        return people.empty().rename({"payload": "data"})
    return case.resource.people.frame.select("number", pl.col("payload").alias("data"))


def _compared(wanted: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `standing` and `changed` to the entries."""
    there = wanted.join(frame.select("number"), on="number", how="semi")  # nobody, where all are new
    frame = frame.join(there, on="number", how="left")
    data_differs = ~pl.col("exact") & (pl.col("payload") != pl.col("data")).fill_null(False)
    known = frame.with_columns(_STANDING.alias("standing"), (pl.col("stale") | data_differs).alias("changed"))
    return known.drop("data", "payload", "exact", "stale", "doubtful", "by_us")  # not carried through the grouping


def _by_person(frame: pl.DataFrame) -> pl.DataFrame:
    """Entries of one person folded into one row."""
    waiting = pl.col("standing") == int(Standing.WAITING)
    dialed = pl.col("standing") >= int(Standing.DIALED)
    refused = pl.col("standing") == int(Standing.REFUSED)
    rung = dialed & ~(
        (pl.col("phase") == Phase.CANCELLED) & _FRESH & ~pl.col("live")
    )  # taken off by another run, never rung there
    live = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN]) | ~pl.col("over")
    return (
        _in_time(frame)
        .group_by("number", maintain_order=True)
        .agg(
            pl.col("standing").max().alias("known"),
            QUEUED.any().alias("queued"),
            pl.col("remote").filter(QUEUED).alias("queued_in"),
            pl.when(waiting.any())
            .then(pl.col("changed").filter(waiting).any())
            .otherwise(pl.col("changed").filter(refused).last())
            .alias("changed"),
            (QUEUED & _FRESH).any().alias("fresh"),
            pl.col("attempt").filter(QUEUED & _FRESH).min().alias("queued_attempt"),
            (waiting.sum() > pl.col("attempt").filter(waiting).n_unique()).alias("twin"),
            pl.when(rung).then(1 + pl.col("retries")).otherwise(0).sum().alias("attempts"),
            refused.sum().alias("refusals"),
            (refused & (pl.col("attempt") > 1)).sum().alias("vain_retries"),
            (pl.col("phase") == Phase.REACHED).any().alias("reached"),
            (live & dialed).any().alias("busy"),
            pl.col("phase").filter(dialed).last().alias("dialed_phase"),
            pl.col("outcome").filter(dialed).last().alias("dialed_outcome"),
            pl.col("remote").filter(dialed).last().alias("dialed_in"),
            pl.col("over_at").filter(dialed).max().alias("over_at"),
            pl.col("phase").last(),
            pl.col("outcome").last(),
        )
    )


def _in_time(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("attempt", "created_at", "remote", nulls_last=True)


def _with_facts(case: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    retry = _retry(case)
    flags = [pl.col(name).fill_null(False) for name in ("queued", "fresh", "changed", "twin", "reached", "busy")]
    counts = [pl.col(name).fill_null(0) for name in ("attempts", "refusals", "vain_retries")]
    frame = frame.with_columns(*flags, *counts, pl.col("known").fill_null(int(Standing.UNSUBMITTED)))
    frame = frame.with_columns(
        pl.col("data").is_not_null().alias("desired"),
        (
            (pl.col("dialed_phase") == Phase.UNREACHED).fill_null(False)
            & pl.col("dialed_outcome").is_in(_words(case)).fill_null(False)
            & ~pl.col("reached")
            & ~pl.col("busy")
            & (pl.col("attempts") + pl.col("vain_retries") <= retry.max_retries)
        ).alias("retriable"),
        (pl.lit(PRE_DIAL in retry.on) & (pl.col("refusals") <= retry.max_retries)).alias("try_refused"),
        (pl.col("queued_attempt") <= pl.col("attempts")).fill_null(False).alias("surplus"),
        (pl.col("over_at") + retry.after).alias("free_at"),
    )
    frame = frame.with_columns(
        (pl.col("free_at") > case.now).fill_null(bool(retry.after)).alias("resting"),
        _standing(case, frame).alias("standing"),
    )
    return _with_absence(case, _with_timing(case, frame))


def _standing(case: Facts, frame: pl.DataFrame) -> pl.Series:
    """The strongest entry, and unsure over it for whoever may be in a request whose answer was lost."""
    standing = pl.col("known")
    if case.doubtful_batches():
        could_be_in_it = (pl.col("known") <= int(Standing.REFUSED)) | pl.col("retriable")
        standing = pl.when(could_be_in_it).then(int(Standing.UNSURE)).otherwise(standing)
    if case.record.unseen:
        unseen = _are_among(case, frame, case.record.unseen) & (pl.col("known") <= int(Standing.REFUSED))
        standing = pl.when(unseen).then(int(Standing.UNSURE)).otherwise(standing)
    if doubtful := case.doubtful_persons():
        standing = pl.when(_are_among(case, frame, doubtful)).then(int(Standing.UNSURE)).otherwise(standing)
    return frame.select(standing.cast(pl.Int64).alias("standing")).to_series()


def _are_among(case: Facts, frame: pl.DataFrame, digests: Collection[str]) -> pl.Expr:
    """Whether each is one of those whom the digests stand for; a Call's one person always is."""
    if case.one_call:
        return pl.lit(True)
    persons = people.with_person_digest(frame.select("number"), case.key, case.lineage).get_column("person")
    return pl.lit(persons.is_in(list(digests)))


def _with_timing(case: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    if isinstance(case.timing, Timing):
        return frame.with_columns(pl.lit(case.timing.value, dtype=_TIMING).alias("timing"))
    frame = frame.join(case.timing, on="number", how="left")
    return frame.with_columns(pl.col("timing").fill_null(Timing.NOW.value).cast(_TIMING))


def _with_absence(case: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Why each is not desired, should they not be."""
    resource = case.resource
    if resource is None or resource.paused:
        reason = Reason.REMOVED if resource is None else Reason.PAUSED
        return frame.with_columns(pl.lit(str(reason), dtype=_REASON).alias("absence"))
    if not resource.people.held:
        return frame.with_columns(pl.lit(str(Reason.NOT_DESIRED), dtype=_REASON).alias("absence"))
    column = pl.col("policy").replace_strict(_KEPT_OUT, return_dtype=_REASON).alias("absence")
    kept_out = resource.people.kept_out.select("number", column)
    if case.one_call:  # its one person may wait under the number from before an edit
        return frame.with_columns(pl.lit(kept_out.item(0, "absence"), dtype=_REASON).alias("absence"))
    named = frame.join(kept_out, on="number", how="left", maintain_order="left")
    return named.with_columns(pl.col("absence").fill_null(str(Reason.NOT_DESIRED)))
