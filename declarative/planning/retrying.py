"""Which batches may be retried by the provider's own request: only where it would ring exactly the people wanted, with
the settings and data wanted. Everybody else is retried by a new batch of exactly the people chosen. Pure."""

from __future__ import annotations

import polars as pl

from declarative.abilities import Abilities
from declarative.planning.case import Case, is_over
from declarative.planning.decide import Verb
from declarative.planning.entries import entries
from declarative.remote import Phase


def by_request(case: Case, people: pl.DataFrame, abilities: Abilities | None) -> list[str]:
    """Ids of the batches to retry by request.

    The request rings again whoever's latest attempt failed or went unanswered, people refused before dialing included
    (cartesia.md 3.5), so a batch with a word that we do not know, or with anybody refused, never qualifies.
    """
    if abilities is None or not abilities.retryable:
        return []
    wanted = people.filter(pl.col("verb") == Verb.RETRY)
    candidates = wanted.get_column("dialed_in").drop_nulls().unique().sort().to_list()
    if not candidates:
        return []
    rows = entries(case)
    return [remote_id for remote_id in candidates if _exactly(case, rows, wanted, remote_id)]


def _exactly(case: Case, rows: pl.DataFrame, wanted: pl.DataFrame, remote_id: str) -> bool:
    remote = case.remotes.get(remote_id)
    if remote is None or remote.cancelled or remote.retry_count is None or not is_over(remote):
        return False
    batch = rows.filter(remote=remote_id)
    if (
        not batch.get_column("touchable").all()
        or batch.get_column("stale").any()
        or not batch.get_column("exact").all()
    ):
        return False
    if not batch.get_column("phase").is_in([Phase.REACHED, Phase.UNREACHED]).all():
        return False
    again = set(batch.filter(phase=Phase.UNREACHED).get_column("number"))
    return again == set(wanted.filter(dialed_in=remote_id).get_column("number"))
