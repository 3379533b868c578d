"""Who was in a batch whose answer was lost. The lock knows only how many, and digests of all of them together. Pure."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from declarative.model import frames as people
from declarative.model.lock import Intent
from declarative.planning import standing
from declarative.planning.decide import Standing
from declarative.planning.facts import Facts


def people_of(case: Facts, intent: Intent, size: int) -> pl.Series | None:
    """Numbers of everybody who was in it: exactly these where their digest tells them apart (batches hold `size` at
    most), else all who may have been, if the manifest still wants the people whom it wanted then. None where it does
    not: somebody it left out since would come back as never rung."""
    candidates = _candidates(case, intent)
    of_attempt = candidates.filter(pl.col("attempts") + 1 == intent.attempt)
    for start in (*range(0, len(of_attempt), size), max(len(of_attempt) - intent.count, 0)):
        shard = of_attempt.slice(start, intent.count).select("number")
        if people.numbers_digest(shard, case.key) == intent.numbers:
            return shard.get_column("number")
    unchanged = case.resource is not None and intent.wanted == case.resource.people.numbers
    return candidates.get_column("number") if unchanged else None


def _candidates(case: Facts, intent: Intent) -> pl.DataFrame:
    """Whoever is unsure if this request alone is, in the order in which people are submitted. What was sent because it
    looked absent tells of nobody that they were not in it."""
    instead = {key for key, known in case.record.remotes.items() if intent.mark in known.doubts}
    record = replace(case.record, intents={intent.mark: replace(intent, absent=False, probe=None)})
    remotes = {key: remote for key, remote in case.remotes.items() if key not in instead}
    found = standing.decide_all(replace(case, record=record, remotes=remotes))
    return found.filter(standing=int(Standing.UNSURE))
