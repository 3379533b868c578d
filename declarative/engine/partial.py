"""What is written of a batch that took fewer people than were sent, as its answer says. Reads; never dials."""

from __future__ import annotations

import polars as pl

from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import frames, records
from declarative.model.lock import Intent
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route


def is_partial(intent: Intent, remote: Remote) -> bool:
    """Whether an answer counts fewer people than were sent."""
    return intent.is_batch and 0 < remote.total < intent.count


def record_partial(
    run: RunContext, resource: Resource, intent: Intent, remote: Remote, recipients: pl.DataFrame
) -> None:
    """Records such a batch in one durable step, then reads it and drops the people whom it shows from `unseen`."""
    # Protocol 12: the answer counts, and names nobody. Who was sent and is not shown in the batch stays unsure: a count
    # that is too small, or not complete yet, must not lead to a second call.
    resource_record = run.ledger.resource_record(resource.address)
    persons = frames.with_person_digest(recipients.select("number"), run.key, run.ledger.lock.lineage)
    run.ledger.update(
        resource.address,
        intents={intent.mark: None},
        remotes={remote.id: records.from_partial(intent, remote)},
        unseen=tuple(sorted({*resource_record.unseen, *persons.get_column("person")})),
    )
    try:
        current = run.provider(resource).channels[Route.BATCH].read(remote.id)
    except ProviderError:
        return
    if current is not None and current.members is not None:
        drop_found(run, resource.address, current.members)


def drop_found(run: RunContext, address: str, members: pl.DataFrame) -> None:
    """Drops the people who are shown among `members` from `unseen`: what holds them says how they stand."""
    unseen = {*run.ledger.resource_record(address).unseen}
    if not unseen:
        return
    numbers = members.filter(pl.col("phase") != Phase.CANCELLED).select("number").drop_nulls()
    persons = frames.with_person_digest(numbers, run.key, run.ledger.lock.lineage).get_column("person")
    if found := unseen & {*persons}:
        run.ledger.update(address, unseen=tuple(sorted(unseen - found)))
