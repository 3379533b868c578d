"""Who was in a batch whose answer was lost. The lock knows only how many, and digests of all of them together. Pure."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from declarative.model import frames
from declarative.model.lock import Intent
from declarative.planning import standing
from declarative.planning.decide import Standing
from declarative.planning.facts import Facts


def find_lost_members(facts: Facts, intent: Intent, size: int) -> pl.Series | None:
    """Numbers of everybody who was in it: exactly these where their digest tells them apart (batches hold `size` at
    most), else all who may have been, if the manifest still wants the people whom it wanted then. None where it does
    not: somebody it left out since would come back as never called."""
    candidates = _possible_members(facts, intent)
    of_attempt = candidates.filter(pl.col("attempts") + 1 == intent.attempt)
    for start in (*range(0, len(of_attempt), size), max(len(of_attempt) - intent.count, 0)):
        shard = of_attempt.slice(start, intent.count).select("number")
        if frames.numbers_digest(shard, facts.key) == intent.numbers:
            return shard.get_column("number")
    same_recipients = facts.resource is not None and intent.wanted == facts.resource.recipients.numbers
    return candidates.get_column("number") if same_recipients else None


def _possible_members(facts: Facts, intent: Intent) -> pl.DataFrame:
    """Whoever is unsure if this request alone is, in the order in which people are submitted. What was sent because it
    looked absent tells of nobody that they were not in it."""
    substitutes = {
        key for key, remote_record in facts.resource_record.remotes.items() if intent.mark in remote_record.doubts
    }
    resource_record = replace(facts.resource_record, intents={intent.mark: replace(intent, absent=False, probe=None)})
    remotes = {key: remote for key, remote in facts.remotes.items() if key not in substitutes}
    decided = standing.decide_all(replace(facts, resource_record=resource_record, remotes=remotes))
    return decided.filter(standing=int(Standing.UNSURE))
