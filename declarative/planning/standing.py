"""From entries to one row a person: the facts about them, and what decide.py decides. Pure.

The rules run once for each distinct combination of facts (decisions.py): a million people cost a few dozen decisions.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from declarative.model import frames
from declarative.model.lock import Ended
from declarative.model.policy import PRE_DIAL
from declarative.model.remote import Phase
from declarative.planning.decide import Reason, Standing, Timing
from declarative.planning.decisions import add_decisions, move_batch_mates, wait_for_opening
from declarative.planning.entries import GOING_ON, QUEUED, STUCK, all_members, build_entries
from declarative.planning.facts import Facts
from declarative.planning.finished import count_finished, find_finished_keys, retry_outcomes, retry_policy
from declarative.planning.rollout import hold_for_rollout

_TIMING, _REASON = pl.Enum([timing.value for timing in Timing]), pl.Enum([str(reason) for reason in Reason])
"""Enums: a million values are bytes instead of texts."""
_ABSENCE_BY_POLICY = {"suppressed": Reason.SUPPRESSED, "other_country": Reason.OTHER_COUNTRY}
"""The reason for each policy that excludes people."""

_FLAGS = ("queued", "revoked", "stuck", "fresh", "changed", "twin", "reached", "busy", "going_on")
"""Columns of _fold_by_person() that are false for a person who was not seen."""

_NEVER_RETRIED = pl.col("retries") == 0
_MAY_BE_FEWER = (
    ((pl.col("phase") == Phase.QUEUED) & ~QUEUED)
    | ((pl.col("phase") == Phase.CANCELLED) & pl.col("live"))
    | (~_NEVER_RETRIED & ~((pl.col("phase") == Phase.UNREACHED) & pl.col("over")))
)
"""Whether an entry may count more calls than there were. A retry request calls the unreached again; for other people no
answer of the provider tells whether they were among those."""
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
"""The standing of one entry. The table in decide.py says which standing of a person wins."""


def decide_all(facts: Facts, block: Reason | None = None) -> pl.DataFrame:
    """Return one row for each person, wanted or seen, with the decision about them. `block` is PersonFacts.block.

    Columns: `number`; `data` (the wanted payload, or null); the fields of decide.PersonFacts; `attempts` (an upper
    bound); `phase` and `outcome` of their latest entry; `free_at` (when `retry.after` is over); `verb` and `reason`.
    """
    people = _decide_people(facts, build_entries(facts, all_members(facts)), _select_recipients(facts), block)
    return hold_for_rollout(facts, people, 0, None)


def results_frame(facts: Facts) -> pl.DataFrame:
    """Return decide_all() with what else users are told of each person. Decides nothing.

    Further columns, null for a person who was not seen: `call_id`, `note` and `error` of their latest entry; `fewer`,
    whether they may have been called less often than `attempts` says; `called_as`, the number of a Call's latest entry
    (empty where it is not known), since the manifest may have been edited after the call.
    """
    members = all_members(facts)
    entries = build_entries(facts, members)
    latest = _sort_by_time(_add_called_number(facts, members, entries)).group_by("number", maintain_order=True)
    latest_columns = latest.agg(
        pl.col("call_id", "note", "error", "called_as").last(), _MAY_BE_FEWER.any().alias("fewer")
    )
    people = _decide_people(facts, entries, _select_recipients(facts))
    return hold_for_rollout(facts, people, 0, None).join(latest_columns, on="number", how="left")


def _add_called_number(facts: Facts, members: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Add `called_as` to the entries: null unless the address is a Call."""
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


def decide_open(
    facts: Facts, block: Reason | None = None, moving: pl.Series | None = None
) -> tuple[pl.DataFrame, Ended]:
    """Return decide_all() without the finished people, and how many are finished.

    A finished person was called, and no call is due: nearly all people of a campaign that ran to its end. Their outcome
    alone tells them from the rest, so a million of them are compared as integers once, and never joined. What came of
    their calls is counted only where `halt_when` asks for it. `moving` is as in rollout.hold_for_rollout().
    """
    members, recipients = all_members(facts), _select_recipients(facts)
    if members.is_empty() or facts.is_single_call or facts.doubtful_persons():
        people = _decide_people(facts, build_entries(facts, members), recipients, block)
        return hold_for_rollout(facts, people, 0, moving), Ended()
    keys = frames.number_keys(members.get_column("number"))
    finished_keys = find_finished_keys(facts, members, keys)
    is_finished = keys.is_in(finished_keys.implode()).fill_null(False)
    finished = count_finished(facts, members.filter(is_finished), len(finished_keys))
    members = members.filter(~is_finished)
    recipients = recipients.filter(~frames.number_keys(recipients.get_column("number")).is_in(finished_keys.implode()))
    people = _decide_people(facts, build_entries(facts, members), recipients, block)
    return hold_for_rollout(facts, people, finished.people, moving), finished


def _decide_people(
    facts: Facts, entries: pl.DataFrame, recipients: pl.DataFrame, block: Reason | None = None
) -> pl.DataFrame:
    by_person = _fold_by_person(_compare_entries(recipients, entries, returns_data=facts.returns_data))
    undesired = by_person.join(recipients, on="number", how="anti").with_columns(data=pl.lit(None, dtype=pl.String))
    frame = recipients.join(by_person, on="number", how="left", maintain_order="left")
    frame = pl.concat([frame, undesired.select(frame.columns)])
    frame = _add_person_facts(facts, frame).with_columns(
        pl.lit(block, dtype=pl.String).alias("block"), pl.lit(facts.approved).alias("approved")
    )
    return wait_for_opening(facts.closing, move_batch_mates(add_decisions(frame)))


def _select_recipients(facts: Facts) -> pl.DataFrame:
    """Return the wanted people as `number` and `data`; none where the resource is gone or paused."""
    if facts.resource is None or not facts.is_desired:
        return frames.empty_frame().rename({"payload": "data"})
    return facts.resource.recipients.frame.select("number", pl.col("payload").alias("data"))


def _compare_entries(recipients: pl.DataFrame, frame: pl.DataFrame, *, returns_data: bool) -> pl.DataFrame:
    """Add `standing` and `changed` to the entries."""
    submitted = recipients.join(frame.select("number"), on="number", how="semi")  # empty where all people are new
    frame = frame.join(submitted, on="number", how="left")
    # Whoever waits without data was sent none. Where the provider returns no data, the digest of a batch says that
    # somebody in it differs, and nothing says who: then all who wait in it move together.
    differs = pl.lit(True) if not returns_data else pl.col("payload").fill_null("{}") != pl.col("data")
    waits_otherwise = QUEUED & _NEVER_RETRIED & pl.col("told") & differs
    data_differs = ~pl.col("exact") & ((pl.col("payload") != pl.col("data")) | waits_otherwise).fill_null(False)
    compared = frame.with_columns(_ENTRY_STANDING.alias("standing"), (pl.col("stale") | data_differs).alias("changed"))
    return compared.drop(
        "data", "payload", "exact", "told", "stale", "doubtful", "by_us"
    )  # not carried through the grouping


def _fold_by_person(frame: pl.DataFrame) -> pl.DataFrame:
    """Fold the entries of each person into one row.

    `fresh`: queued in a batch that had no retry request. `vain_retries`: retries that were refused before dialing.
    `dialed_phase`, `dialed_outcome`, `dialed_in`: the latest entry by which they were dialed.
    """
    waiting = pl.col("standing") == int(Standing.WAITING)
    dialed = pl.col("standing") >= int(Standing.DIALED)
    refused = pl.col("standing") == int(Standing.REFUSED)
    # A person who was taken off without an intent of ours counts as dialed, but was never called there.
    was_called = dialed & ~((pl.col("phase") == Phase.CANCELLED) & _NEVER_RETRIED & ~pl.col("live"))
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
            (QUEUED & pl.col("revoked")).any().alias("revoked"),
            STUCK.any().alias("stuck"),
            pl.col("remote").filter(STUCK).alias("stuck_in"),
            (QUEUED & _NEVER_RETRIED).any().alias("fresh"),
            pl.col("attempt").filter(QUEUED & _NEVER_RETRIED).min().alias("queued_attempt"),
            (waiting.sum() > pl.col("attempt").filter(waiting).n_unique()).alias("twin"),
            # Protocol 9: an upper bound. Each batch that dialed a person counts once, and once for each of its retries.
            pl.when(was_called).then(1 + pl.col("retries")).otherwise(0).sum().alias("attempts"),
            pl.when(was_called & ~(QUEUED & _NEVER_RETRIED))
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


def _sort_by_time(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("attempt", "created_at", "remote", nulls_last=True)


def _add_person_facts(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the fields of decide.PersonFacts, and `free_at`, to one row a person."""
    retry = retry_policy(facts)
    flags = [pl.col(name).fill_null(False) for name in _FLAGS]
    counts = [pl.col(name).fill_null(0) for name in ("attempts", "attempts_elsewhere", "refusals", "vain_retries")]
    frame = frame.with_columns(*flags, *counts, pl.col("known").fill_null(int(Standing.UNSUBMITTED)))
    frame = frame.with_columns(
        pl.col("data").is_not_null().alias("desired"),
        (
            (pl.col("dialed_phase") == Phase.UNREACHED).fill_null(False)
            & pl.col("dialed_outcome").is_in(retry_outcomes(facts)).fill_null(False)
            & ~pl.col("reached")
            & ~pl.col("busy")
            & (pl.col("attempts") + pl.col("vain_retries") <= retry.max_retries)
        ).alias("retriable"),
        (pl.lit(PRE_DIAL in retry.on) & (pl.col("refusals") <= retry.max_retries)).alias("try_refused"),
        (pl.col("queued_attempt") <= pl.col("attempts_elsewhere")).fill_null(False).alias("already_called"),
        (pl.col("over_at") + retry.after).alias("free_at"),
    )
    frame = frame.with_columns(
        (pl.col("free_at") > facts.now).fill_null(bool(retry.after)).alias("before_retry"),
        _person_standing(facts, frame).alias("standing"),
    )
    return _add_absence(facts, _add_timing(facts, frame))


def _person_standing(facts: Facts, frame: pl.DataFrame) -> pl.Series:
    """Return the strongest entry, or UNSURE for a person who may be in a request whose answer was lost."""
    standing = pl.col("known")
    # Protocol 5: until a lost request is settled, everyone who may be in it could be called by it. A batch that was
    # declared placed while nobody could tell who was in it may have called them already.
    if facts.has_doubtful_batch() or facts.unnamed_batches():
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
    """Whether each person has one of these digests. The one person of a Call always has."""
    if facts.is_single_call:
        return pl.lit(True)
    persons = frames.with_person_digest(frame.select("number"), facts.key, facts.lineage).get_column("person")
    return pl.lit(persons.is_in(list(digests)))


def _add_timing(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    if isinstance(facts.timing, Timing):
        return frame.with_columns(pl.lit(facts.timing.value, dtype=_TIMING).alias("timing"))
    frame = frame.join(facts.timing, on="number", how="left")
    return frame.with_columns(pl.col("timing").fill_null(Timing.NOW.value).cast(_TIMING))


def _add_absence(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Add `absence`: why a person is not desired, if they are not."""
    resource = facts.resource
    if resource is None or resource.paused:
        reason = Reason.REMOVED if resource is None else Reason.PAUSED
        return frame.with_columns(pl.lit(str(reason), dtype=_REASON).alias("absence"))
    if not resource.recipients.excluded_counts:
        return frame.with_columns(pl.lit(str(Reason.NOT_DESIRED), dtype=_REASON).alias("absence"))
    column = pl.col("policy").replace_strict(_ABSENCE_BY_POLICY, return_dtype=_REASON).alias("absence")
    excluded = resource.recipients.excluded.select("number", column)
    if facts.is_single_call:  # its person may wait under the number from before an edit
        return frame.with_columns(pl.lit(excluded.item(0, "absence"), dtype=_REASON).alias("absence"))
    with_policy = frame.join(excluded, on="number", how="left", maintain_order="left")
    return with_policy.with_columns(pl.col("absence").fill_null(str(Reason.NOT_DESIRED)))
