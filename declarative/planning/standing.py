"""From entries to what is true of each person, and what decide.py says of them. Pure; the rules run once for each
distinct combination of facts, so a million people cost a few dozen decisions."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from declarative.model import frames
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Standing, Timing
from declarative.planning.decisions import _add_decisions, _with_batch_mates
from declarative.planning.entries import QUEUED, all_members, build_entries, recorded_entries
from declarative.planning.facts import Facts

_NO_RETRY = Retry(max_retries=0, on=frozenset())
_TIMING, _REASON = pl.Enum([timing.value for timing in Timing]), pl.Enum([str(reason) for reason in Reason])
"""A million of them are bytes, and not texts."""
_ABSENCE_BY_POLICY = {"suppress_from": Reason.SUPPRESSED, "countries": Reason.OTHER_COUNTRY}

_NEVER_RETRIED = pl.col("retries") == 0
_MAY_BE_FEWER = (
    ((pl.col("phase") == Phase.QUEUED) & ~QUEUED)
    | ((pl.col("phase") == Phase.CANCELLED) & pl.col("live"))
    | (~_NEVER_RETRIED & ~((pl.col("phase") == Phase.UNREACHED) & pl.col("over")))
)
"""Whether an entry may count more calls than there were. A retry request calls again whom nobody reached; of everybody
else nothing tells whether they were among those."""
_ENTRY_STANDING = (
    pl.when(pl.col("doubtful") & ~pl.col("phase").is_in([Phase.REACHED, Phase.IN_FLIGHT]))
    .then(int(Standing.UNSURE))
    .when(QUEUED & _NEVER_RETRIED)
    .then(int(Standing.WAITING))
    .when((pl.col("phase") == Phase.CANCELLED) & _NEVER_RETRIED & pl.col("by_us"))
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.UNFUNDED) & _NEVER_RETRIED)
    .then(int(Standing.UNSUBMITTED))
    .when((pl.col("phase") == Phase.REFUSED) & _NEVER_RETRIED)
    .then(int(Standing.REFUSED))
    .otherwise(int(Standing.DIALED))
)
"""The standing of one entry, as the table of the contract's first section."""


def decide_all(facts: Facts) -> pl.DataFrame:
    """A row a person, wanted or seen: `number`, `data` (wanted payload or null), the facts of decide.Person,
    `attempts` (an upper bound), `phase` and `outcome` of their latest entry, `free_at` (when `retry.after` is over),
    and the `verb` and `reason` of the decision."""
    return _decide_people(facts, build_entries(facts, all_members(facts)), _select_recipients(facts))


def results_frame(facts: Facts) -> pl.DataFrame:
    """`persons` with what else is told of each, null for whoever was not seen: `call_id`, `note`, `error` of their
    latest entry; `fewer`, whether they may have been called less often than `attempts` says; `called_as`, the number of a
    Call's latest entry (empty where it is not known), which may have been edited since. Decides nothing."""
    members = all_members(facts)
    entries = build_entries(facts, members)
    latest = _sort_by_time(_with_called_number(facts, members, entries)).group_by("number", maintain_order=True)
    latest_columns = latest.agg(
        pl.col("call_id", "note", "error", "called_as").last(), _MAY_BE_FEWER.any().alias("fewer")
    )
    return _decide_people(facts, entries, _select_recipients(facts)).join(latest_columns, on="number", how="left")


def _with_called_number(facts: Facts, members: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    if not facts.is_single_call or facts.resource is None:
        return frame.with_columns(called_as=pl.lit(None, dtype=pl.String))
    recipients = frames.with_person_digest(facts.resource.recipients.frame, facts.key, facts.lineage)
    person, number = recipients.select("person", "number").row(0)
    number_by_remote = {
        key: number for key, remote_record in facts.resource_record.remotes.items() if remote_record.person == person
    }
    number_by_remote |= {"": number} if person in facts.resource_record.placed else {}
    number_by_remote |= dict(members.select("remote", "number").iter_rows())
    return frame.with_columns(
        pl.col("remote").replace_strict(number_by_remote, default="", return_dtype=pl.String).alias("called_as")
    )


def decide_open(facts: Facts) -> tuple[pl.DataFrame, int]:
    """`persons` without those who were called and for whom nothing is due, and how many these are: in a campaign that was
    worked off, nearly all. They are told from the rest by their outcome alone, so that their million is compared as
    integers once and never put together."""
    members, recipients = all_members(facts), _select_recipients(facts)
    if members.is_empty() or facts.is_single_call or facts.doubtful_persons():
        return _decide_people(facts, build_entries(facts, members), recipients), 0
    keys = frames.number_keys(members.get_column("number"))
    finished = _find_finished_keys(facts, members, keys)
    members = members.filter(~keys.is_in(finished.implode()).fill_null(False))
    recipients = recipients.filter(~frames.number_keys(recipients.get_column("number")).is_in(finished.implode()))
    return _decide_people(facts, build_entries(facts, members), recipients), len(finished)


def _find_finished_keys(facts: Facts, members: pl.DataFrame, keys: pl.Series) -> pl.Series:
    """Keys of those of whom every entry says that they were reached, or not for a reason after which nobody is called
    again."""
    is_final = (pl.col("phase") == Phase.REACHED) | (
        (pl.col("phase") == Phase.UNREACHED) & ~pl.col("outcome").is_in(_retry_outcomes(facts)).fill_null(False)
    )
    is_final &= ~pl.col("remote").is_in(sorted(facts.doubtful_retries()))
    final_mask = members.select(is_final.fill_null(False)).to_series()
    final_keys = keys.filter(final_mask).drop_nulls().unique()
    open_keys = pl.concat([keys.filter(~final_mask), frames.number_keys(recorded_entries(facts).get_column("number"))])
    return final_keys.filter(~final_keys.is_in(open_keys.implode()))


def _retry_outcomes(facts: Facts) -> list[str]:
    """Outcomes after which somebody is called again."""
    return sorted(_retry_policy(facts).on - {PRE_DIAL})


def _retry_policy(facts: Facts) -> Retry:
    return (facts.resource.retry if facts.resource else None) or _NO_RETRY


def _decide_people(facts: Facts, entries: pl.DataFrame, recipients: pl.DataFrame) -> pl.DataFrame:
    by_person = _fold_by_person(_compare_entries(recipients, entries))
    undesired = by_person.join(recipients, on="number", how="anti").with_columns(data=pl.lit(None, dtype=pl.String))
    frame = recipients.join(by_person, on="number", how="left")
    frame = pl.concat([frame, undesired.select(frame.columns)])
    return _with_batch_mates(_add_decisions(_with_facts(facts, frame)))


def _select_recipients(facts: Facts) -> pl.DataFrame:
    if facts.resource is None or not facts.is_desired:
        return frames.empty_frame().rename({"payload": "data"})
    return facts.resource.recipients.frame.select("number", pl.col("payload").alias("data"))


def _compare_entries(recipients: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `standing` and `changed` to the entries."""
    submitted = recipients.join(frame.select("number"), on="number", how="semi")  # nobody, where all are new
    frame = frame.join(submitted, on="number", how="left")
    data_differs = ~pl.col("exact") & (pl.col("payload") != pl.col("data")).fill_null(False)
    compared = frame.with_columns(_ENTRY_STANDING.alias("standing"), (pl.col("stale") | data_differs).alias("changed"))
    return compared.drop("data", "payload", "exact", "stale", "doubtful", "by_us")  # not carried through the grouping


def _fold_by_person(frame: pl.DataFrame) -> pl.DataFrame:
    """Entries of one person folded into one row."""
    waiting = pl.col("standing") == int(Standing.WAITING)
    dialed = pl.col("standing") >= int(Standing.DIALED)
    refused = pl.col("standing") == int(Standing.REFUSED)
    was_called = dialed & ~(
        (pl.col("phase") == Phase.CANCELLED) & _NEVER_RETRIED & ~pl.col("live")
    )  # taken off by another run, never called there
    live = pl.col("phase").is_in([Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN]) | ~pl.col("over")
    return (
        _sort_by_time(frame)
        .group_by("number", maintain_order=True)
        .agg(
            pl.col("standing").max().alias("known"),
            QUEUED.any().alias("queued"),
            pl.col("remote").filter(QUEUED).alias("queued_in"),
            pl.when(waiting.any())
            .then(pl.col("changed").filter(waiting).any())
            .otherwise(pl.col("changed").filter(refused).last())
            .alias("changed"),
            (QUEUED & _NEVER_RETRIED).any().alias("fresh"),
            pl.col("attempt").filter(QUEUED & _NEVER_RETRIED).min().alias("queued_attempt"),
            (waiting.sum() > pl.col("attempt").filter(waiting).n_unique()).alias("twin"),
            pl.when(was_called).then(1 + pl.col("retries")).otherwise(0).sum().alias("attempts"),
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


def _sort_by_time(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("attempt", "created_at", "remote", nulls_last=True)


def _with_facts(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    retry = _retry_policy(facts)
    flags = [pl.col(name).fill_null(False) for name in ("queued", "fresh", "changed", "twin", "reached", "busy")]
    counts = [pl.col(name).fill_null(0) for name in ("attempts", "refusals", "vain_retries")]
    frame = frame.with_columns(*flags, *counts, pl.col("known").fill_null(int(Standing.UNSUBMITTED)))
    frame = frame.with_columns(
        pl.col("data").is_not_null().alias("desired"),
        (
            (pl.col("dialed_phase") == Phase.UNREACHED).fill_null(False)
            & pl.col("dialed_outcome").is_in(_retry_outcomes(facts)).fill_null(False)
            & ~pl.col("reached")
            & ~pl.col("busy")
            & (pl.col("attempts") + pl.col("vain_retries") <= retry.max_retries)
        ).alias("retriable"),
        (pl.lit(PRE_DIAL in retry.on) & (pl.col("refusals") <= retry.max_retries)).alias("try_refused"),
        (pl.col("queued_attempt") <= pl.col("attempts")).fill_null(False).alias("already_called"),
        (pl.col("over_at") + retry.after).alias("free_at"),
    )
    frame = frame.with_columns(
        (pl.col("free_at") > facts.now).fill_null(bool(retry.after)).alias("before_retry"),
        _person_standing(facts, frame).alias("standing"),
    )
    return _with_absence(facts, _with_timing(facts, frame))


def _person_standing(facts: Facts, frame: pl.DataFrame) -> pl.Series:
    """The strongest entry, and unsure over it for whoever may be in a request whose answer was lost."""
    standing = pl.col("known")
    if facts.has_doubtful_batch():
        could_be_in_it = (pl.col("known") <= int(Standing.REFUSED)) | pl.col("retriable")
        standing = pl.when(could_be_in_it).then(int(Standing.UNSURE)).otherwise(standing)
    if facts.resource_record.unseen:
        may_be_unseen = _is_among(facts, frame, facts.resource_record.unseen) & (
            pl.col("known") <= int(Standing.REFUSED)
        )
        standing = pl.when(may_be_unseen).then(int(Standing.UNSURE)).otherwise(standing)
    if doubtful := facts.doubtful_persons():
        standing = pl.when(_is_among(facts, frame, doubtful)).then(int(Standing.UNSURE)).otherwise(standing)
    return frame.select(standing.cast(pl.Int64).alias("standing")).to_series()


def _is_among(facts: Facts, frame: pl.DataFrame, digests: Collection[str]) -> pl.Expr:
    """Whether each is one of those whom the digests stand for; a Call's one person always is."""
    if facts.is_single_call:
        return pl.lit(True)
    persons = frames.with_person_digest(frame.select("number"), facts.key, facts.lineage).get_column("person")
    return pl.lit(persons.is_in(list(digests)))


def _with_timing(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    if isinstance(facts.timing, Timing):
        return frame.with_columns(pl.lit(facts.timing.value, dtype=_TIMING).alias("timing"))
    frame = frame.join(facts.timing, on="number", how="left")
    return frame.with_columns(pl.col("timing").fill_null(Timing.NOW.value).cast(_TIMING))


def _with_absence(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Why each is not desired, should they not be."""
    resource = facts.resource
    if resource is None or resource.paused:
        reason = Reason.REMOVED if resource is None else Reason.PAUSED
        return frame.with_columns(pl.lit(str(reason), dtype=_REASON).alias("absence"))
    if not resource.recipients.excluded_counts:
        return frame.with_columns(pl.lit(str(Reason.NOT_DESIRED), dtype=_REASON).alias("absence"))
    column = pl.col("policy").replace_strict(_ABSENCE_BY_POLICY, return_dtype=_REASON).alias("absence")
    kept_out = resource.recipients.excluded.select("number", column)
    if facts.is_single_call:  # its one person may wait under the number from before an edit
        return frame.with_columns(pl.lit(kept_out.item(0, "absence"), dtype=_REASON).alias("absence"))
    with_policy = frame.join(kept_out, on="number", how="left", maintain_order="left")
    return with_policy.with_columns(pl.col("absence").fill_null(str(Reason.NOT_DESIRED)))
