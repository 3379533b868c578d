"""Who is called again: by the provider's own retry request, or by a new batch after a cancel. Pure.

The provider's request serves only where it would call exactly the people wanted, with the settings and data wanted.
All others are retried by a new batch of exactly the people chosen.
"""

from __future__ import annotations

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase, Remote, is_over
from declarative.planning import standing
from declarative.planning.decide import Verb
from declarative.planning.entries import batches_with_current_data
from declarative.planning.facts import Facts
from declarative.planning.remote_facts import batch_facts


def batches_to_retry(facts: Facts, people: pl.DataFrame, capabilities: Capabilities | None) -> list[str]:
    """Return the ids of the batches to retry by request.

    The request calls again all people whose latest attempt failed or went unanswered, people refused before dialing
    included. So a batch with an outcome that we do not know, or with a refused person, never
    qualifies.
    """
    # Protocol 5: the retry request calls at once, without a guard. While a lost batch may yet call the same people,
    # only a new batch can be proven or taken back in time.
    if (
        capabilities is None
        or not capabilities.retryable
        or any(intent.is_batch for intent in facts.resource_record.intents.values())
    ):
        return []
    to_retry = people.filter(pl.col("verb") == Verb.RETRY)
    candidates = to_retry.get_column("dialed_in").drop_nulls().unique().sort().to_list()
    if not candidates:
        return []
    return [
        remote_id
        for remote_id in batches_with_current_data(facts, candidates)
        if _calls_exactly(facts, to_retry, remote_id)
    ]


def _calls_exactly(facts: Facts, to_retry: pl.DataFrame, remote_id: str) -> bool:
    """Whether a retry request for this batch would call all its people in `to_retry`, and no one else."""
    remote = facts.remotes[remote_id]
    batch = batch_facts(facts, remote)
    if remote.members is None or remote.cancelled or remote.retry_count is None or not is_over(remote):
        return False
    if not batch["touchable"] or batch["stale"]:
        return False
    if not remote.members.get_column("phase").is_in([Phase.REACHED, Phase.UNREACHED]).all():
        return False
    unreached = set(remote.members.filter(phase=Phase.UNREACHED).get_column("number"))
    return unreached == set(to_retry.filter(dialed_in=remote_id).get_column("number"))


def recipients_to_resubmit(facts: Facts, remote: Remote) -> pl.DataFrame:
    """Return the people of a cancelled batch who are now to be submitted again; columns as plan.TO_CALL_SCHEMA."""
    # Protocol 8: `facts` hold the batch as read after the cancel was answered. A person who was dialed meanwhile is
    # not due any more, and drops out.
    assert remote.members is not None
    people, _ = standing.decide_open(facts, moving=remote.members.get_column("number"))
    if not facts.is_single_call:  # its person may have waited under the number from before an edit
        people = people.join(remote.members.select("number"), on="number", how="semi")
    to_call = people.filter(pl.col("verb").is_in([Verb.CREATE, Verb.RETRY]))
    return to_call.select(
        "number",
        "data_row",
        pl.lit(str(Verb.REPLACE)).alias("verb"),
        (pl.col("attempts") + 1).cast(pl.Int64).alias("attempt"),
    )


def only_approved(to_call: pl.DataFrame, approved_numbers: pl.Series | None) -> pl.DataFrame:
    """Keep the people who may be called: none where no number of the address was approved (None)."""
    # Protocol 10: approval only narrows, however facts moved since the plan was shown.
    if approved_numbers is None:
        return to_call.clear()
    if to_call.get_column("number").equals(approved_numbers):
        return to_call  # the facts have not moved
    return to_call.filter(pl.col("number").is_in(approved_numbers.implode()))
