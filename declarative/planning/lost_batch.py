"""Who was in a batch whose answer was lost. The lock knows only how many, and one digest of all their numbers. Pure."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from declarative.model import frames
from declarative.model.lock import Intent
from declarative.planning import standing
from declarative.planning.decide import Standing
from declarative.planning.facts import Facts


def find_lost_members(facts: Facts, intent: Intent, size: int) -> pl.Series | None:
    """Return the numbers of the people who were in the lost batch of an intent.

    These are exactly its people where the digest identifies them (a batch holds `size` people at most). Otherwise they
    are all who may have been in it, if the manifest still wants the same people as then. None if it does not: a person
    who was left out since would come back as never called.
    """
    candidates = _possible_members(facts, intent)
    of_attempt = candidates.filter(pl.col("attempts") + 1 == intent.attempt)
    for start in (*range(0, len(of_attempt), size), max(len(of_attempt) - intent.count, 0)):
        shard = of_attempt.slice(start, intent.count).select("number")
        if frames.numbers_digest(shard, facts.key) == intent.numbers:
            return shard.get_column("number")
    same_recipients = facts.resource is not None and intent.wanted == facts.resource.recipients.numbers
    return candidates.get_column("number") if same_recipients else None


def _possible_members(facts: Facts, intent: Intent) -> pl.DataFrame:
    """Return the people who are unsure while this one request is open, in the order in which people are submitted.

    Batches sent because the request looked absent are left out: to be in one proves no absence from the request.
    """
    substitutes = {
        key for key, remote_record in facts.resource_record.remotes.items() if intent.mark in remote_record.doubts
    }
    resource_record = replace(facts.resource_record, intents={intent.mark: replace(intent, absent=False, probe=None)})
    remotes = {key: remote for key, remote in facts.remotes.items() if key not in substitutes}
    decided = standing.decide_all(replace(facts, resource_record=resource_record, remotes=remotes))
    return decided.filter(standing=int(Standing.UNSURE))
