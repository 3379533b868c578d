"""Cancels one batch, then reads it until its people are free. The request itself is made by execute.py."""

from __future__ import annotations

from declarative.engine.execute import Executor
from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.model import records
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.providers.base import Channel

UNREAD_AFTER_CANCEL = "its people could not be read after it was cancelled; the next apply goes on from here"
READS_AFTER_CANCEL = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each read of a cancelled batch, until no one in it is queued any more."""


def refuse_to_replace(run: RunContext, resource: Resource) -> Receipt | None:
    """The failure to report where the people of a batch could not be submitted again: the provider does not know the
    agent or the number. None where it knows both. Nothing is cancelled then, since a cancel cannot be undone."""
    unknown_references = run.provider(resource).unknown_references(resource.settings)
    if not unknown_references:
        return None
    return Receipt(RequestStatus.FAILED, message=f"nothing was cancelled: {'; '.join(unknown_references)}")


def cancel_and_read(
    run: RunContext, executor: Executor, address: str, remote: Remote, result: ResourceResult
) -> Remote | None:
    """Cancels a batch, and returns it as read after the cancel was answered. None where the cancel is not confirmed or
    the people cannot be read: then no one of it may be submitted again. Counts go into `result`."""
    channel = run.providers[run.ledger.resource_record(address).provider].channels[Route.BATCH]
    receipt = executor.cancel(address, channel, remote.id)
    if receipt.status is not RequestStatus.DONE:
        result.problems.append(receipt)
        return None
    cancelled_remote = _read_until_free(run, channel, remote.id)
    if cancelled_remote is None or cancelled_remote.members is None:
        result.problems.append(Receipt(RequestStatus.FAILED, remote.id, UNREAD_AFTER_CANCEL))
        return None
    remote_record = records.refreshed(run.ledger.resource_record(address).remotes[remote.id], cancelled_remote)
    run.ledger.update(address, remotes={remote.id: remote_record})
    result.cancelled += len(cancelled_remote.members.filter(phase=Phase.CANCELLED))
    result.in_flight += len(cancelled_remote.members.filter(phase=Phase.IN_FLIGHT))
    return cancelled_remote


def _read_until_free(run: RunContext, channel: Channel, remote_id: str) -> Remote | None:
    """The batch as last read. Raises ProviderError."""
    # Protocol 8: a person is free only when their own status reads `cancelled` in a read begun after the answer. The
    # batch's status is not enough: people of a cancelled batch may still be on the phone, or be called a moment later.
    remote: Remote | None = None
    for pause in READS_AFTER_CANCEL:
        run.sleep(pause)
        remote = channel.read(remote_id)
        if remote is not None and remote.members is not None and not remote.has_phase(Phase.QUEUED):
            break
    return remote
