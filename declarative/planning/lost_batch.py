"""Who was in a batch whose answer was lost. The lock knows only how many, and one digest of all their numbers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl

from declarative.model import frames
from declarative.model.lock import Intent
from declarative.model.resource import Route
from declarative.planning import standing
from declarative.planning.decide import Standing
from declarative.planning.facts import Facts

_MOST_NUMBERS_TRIED = 10_000_000
"""How many numbers are digested at most, over all places where a batch may begin: a few seconds."""


def find_lost_members(facts: Facts, intent: Intent, size: int) -> pl.Series | None:
    """Return the numbers of the people who were in the lost batch of an intent.

    These are exactly its people where the digest identifies them (a batch holds `size` people at most). Otherwise they
    are all who may have been in it, if the manifest still wants the same people as then. None if it does not: a person
    who was left out since would come back as never called.
    """
    candidates = _possible_members(facts, intent)
    of_attempt = candidates.filter(pl.col("attempts") + 1 == intent.attempt)
    if (shard := _find_shard(facts, of_attempt, intent.count, intent.numbers, size)) is not None:
        return shard
    same_recipients = facts.resource is not None and intent.wanted == facts.resource.recipients.numbers
    return candidates.get_column("number") if same_recipients else None


def find_recorded_members(facts: Facts, remote_ids: Collection[str], size: int) -> dict[str, pl.Series]:
    """Return, by id, the numbers of the people in these batches, which the provider does not answer in full.

    These are exactly its people where the digest identifies them among the wanted people (a batch holds `size` people
    at most). For a retry they are all who were called in an earlier batch: nobody else can be in it. A batch whose
    people are not known is left out.
    """
    found: dict[str, pl.Series] = {}
    by_attempt = sorted(remote_ids, key=lambda key: facts.resource_record.remotes[key].attempt)
    is_new = True
    while is_new:  # who is in one of them is in none of the others, so that each makes the next easier to find
        is_new = False
        for remote_id in by_attempt:
            if remote_id not in found and (numbers := _find_recorded(facts, remote_id, found, size)) is not None:
                found[remote_id] = numbers
                is_new = True
    return found | _find_without_digest(facts, [key for key in by_attempt if key not in found], found)


def _find_without_digest(
    facts: Facts, remote_ids: Collection[str], found: Mapping[str, pl.Series]
) -> dict[str, pl.Series]:
    """Return, by id, everybody who may be in first batches that are known by their marks alone. Empty where fewer
    people are left than were in them."""
    records = {key: facts.resource_record.remotes[key] for key in remote_ids}
    records = {key: known for key, known in records.items() if known.numbers is None and known.attempt == 1}
    if facts.resource is None or not records:
        return {}
    members = {
        key: remote.members.get_column("number") for key, remote in facts.remotes.items() if remote.members is not None
    }
    elsewhere = [*(numbers for key, numbers in members.items() if key not in records), *found.values()]
    wanted = facts.resource.recipients.rows.get_column("number")
    left = wanted.filter(~wanted.is_in(pl.concat([wanted.clear(), *elsewhere]).implode()))
    readable = pl.concat([wanted.clear(), *(members[key] for key in records if key in members)]).drop_nulls()
    possible = pl.concat([readable, left]).unique()
    return dict.fromkeys(records, possible) if len(possible) >= sum(known.count for known in records.values()) else {}


def _find_recorded(facts: Facts, remote_id: str, found: Mapping[str, pl.Series], size: int) -> pl.Series | None:
    remote_record, remote = facts.resource_record.remotes[remote_id], facts.remotes.get(remote_id)
    readable = pl.Series("number", [], dtype=pl.String)
    if remote is not None and remote.members is not None:
        readable = remote.members.get_column("number")
    if remote_record.attempt > 1:
        earlier = _members_of_earlier_attempts(facts, remote_record.attempt, found)
        return None if earlier is None else pl.concat([readable, *earlier]).unique()
    wanted = facts.resource.recipients.rows if facts.resource else frames.empty_frame()
    if facts.is_single_call:
        return wanted.get_column("number") if facts.resource else None
    elsewhere = [
        other.members.get_column("number")
        for key, other in facts.remotes.items()
        if key != remote_id and other.members is not None
    ]
    for candidates in (
        readable.to_frame(),
        wanted.filter(~pl.col("number").is_in(pl.concat([readable.clear(), *elsewhere, *found.values()]).implode())),
        wanted,
    ):
        shard = _find_shard(facts, candidates, remote_record.count, remote_record.numbers, size)
        if shard is not None:
            return pl.concat([readable, shard]).unique()
    return None


def _members_of_earlier_attempts(facts: Facts, attempt: int, found: Mapping[str, pl.Series]) -> list[pl.Series] | None:
    """Return the people of every batch of an earlier attempt. None while those of one of them are not known."""
    attempts = {key: remote.mark.attempt if remote.mark else 1 for key, remote in facts.remotes.items()}
    attempts |= {
        key: remote_record.attempt
        for key, remote_record in facts.resource_record.remotes.items()
        if remote_record.route is Route.BATCH and not remote_record.closed
    }
    earlier = []
    for key in [key for key, earlier_attempt in attempts.items() if earlier_attempt < attempt]:
        remote = facts.remotes.get(key)
        if key in found:
            earlier.append(found[key])
        elif remote is not None and remote.members is not None and len(remote.members) == remote.total:
            earlier.append(remote.members.get_column("number"))
        else:
            return None
    return earlier


def _find_shard(facts: Facts, candidates: pl.DataFrame, count: int, numbers: str | None, size: int) -> pl.Series | None:
    """Return the numbers of the `count` candidates in a row whose digest is `numbers`. A batch begins every `size`, or
    anywhere if rows were added before it."""
    last_start = max(len(candidates) - count, 0)
    starts = dict.fromkeys((*range(0, len(candidates), size), last_start))
    if last_start * count <= _MOST_NUMBERS_TRIED:
        starts |= dict.fromkeys(range(last_start))
    for start in starts:
        shard = candidates.slice(start, count).select("number")
        if frames.numbers_digest(shard, facts.key) == numbers:
            return shard.get_column("number")
    return None


def find_possible_members(facts: Facts) -> pl.Series:
    """Return the numbers of all wanted people who may have been in a batch that is not known."""
    return _select_unsure(facts).get_column("number")


def _possible_members(facts: Facts, intent: Intent) -> pl.DataFrame:
    """Return the people who are unsure while this one request is open, in the order in which people are submitted."""
    return _select_unsure(replace(facts, resource_record=replace(facts.resource_record, intents={intent.mark: intent})))


def _select_unsure(facts: Facts) -> pl.DataFrame:
    # A pause wants nobody now, and it takes nobody out of the manifest.
    resource = replace(facts.resource, paused=False) if facts.resource else None
    return standing.decide_all(replace(facts, resource=resource)).filter(standing=int(Standing.UNSURE))
