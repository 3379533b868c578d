"""Batches that were sent over a doubt: the request before them probably, but not provably, never arrived. Such a batch
is confirmed once a list shows it and not the earlier request, or withdrawn before its guard ends. Never dials."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta

from declarative.engine.execute import Executor
from declarative.engine.results import Finding, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.engine.settle import late_arrival_warning
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.resource import Route
from declarative.providers.base import Provider

LAST_MOMENT = timedelta(seconds=30)
"""How long before the first call of an unproven batch it is withdrawn."""


class DoubtResolver:
    """Works under the lease of one run. Raises StateError and LeaseLost, and ProviderError where a read fails."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor

    def is_doubted(self, remote_id: str) -> bool:
        _, resource_record = find_owner(self._run.ledger.lock, remote_id)
        return bool(resource_record.remotes[remote_id].doubts)

    def is_last_moment(self, provider: Provider, remote_id: str) -> bool:
        """Whether the batch must be withdrawn now, or it would call unproven. True where its start is not known."""
        remote = provider.channels[Route.BATCH].read(remote_id)
        starts_at = remote.scheduled_at if remote else None
        return starts_at is None or provider.now() >= starts_at - LAST_MOMENT

    def confirm(self, remote_id: str) -> Iterator[Finding]:
        """Closes the doubts of a batch that the list shows. Call it only where the list does not show the earlier
        requests."""
        address, resource_record = find_owner(self._run.ledger.lock, remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        doubted_intents = [resource_record.intents[mark] for mark in doubts if mark in resource_record.intents]
        warning = "".join({late_arrival_warning(intent) for intent in doubted_intents})
        # Protocol 7: a listing that shows the younger batch would show the older one, so the older never arrived.
        # Protocol 5: absence is proven, so the marks are revoked: a batch that appears with one of them is cancelled.
        self._run.ledger.update(
            address,
            remotes={remote_id: replace(resource_record.remotes[remote_id], doubts=())},
            intents=dict.fromkeys(intent.mark for intent in doubted_intents),
            revoked=tuple(sorted({*resource_record.revoked, *doubts})),
        )
        yield Finding(address, f"proven: the request before {remote_id} never arrived{warning}")

    def withdraw(self, provider: Provider, remote_id: str) -> Iterator[Finding]:
        """Cancels a doubted batch that the list did not show in time. Does nothing to a batch without doubts."""
        address, resource_record = find_owner(self._run.ledger.lock, remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        if not doubts:
            return
        # Protocol 7: both batches may exist, so this one must not call. Its id becomes the probe of the earlier
        # intents: a later list that shows the probe and not their marks proves their absence.
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], remote_id)
        done = receipt.status is RequestStatus.DONE
        if done:
            probes = {
                mark: replace(resource_record.intents[mark], probe=remote_id)
                for mark in doubts
                if mark in resource_record.intents
            }
            remote_record = self._run.ledger.resource_record(address).remotes[remote_id]
            self._run.ledger.update(address, remotes={remote_id: replace(remote_record, doubts=())}, intents=probes)
        detail = "it was taken back before it called" if done else f"and it could not be taken back: {receipt.message}"
        message = f"the list did not show {remote_id} in time; {detail}"
        yield Finding(address, message, unsure=True, withdrawn_id=remote_id if done else "")

    def find_unproven(self, addresses: Collection[str]) -> dict[str, list[str]]:
        """Ids of doubted batches that an earlier run created and did not live to confirm, by provider. Batches of
        providers that cannot list them now are left out."""
        unproven: dict[str, list[str]] = {}
        for address in addresses:
            resource_record = self._run.ledger.resource_record(address)
            provider = self._run.providers.get(resource_record.provider)
            for remote_id, remote_record in resource_record.remotes.items():
                if remote_record.doubts and provider is not None and remote_record.route in provider.channels:
                    unproven.setdefault(resource_record.provider, []).append(remote_id)
        return unproven


def find_owner(lock: Lock, remote_id: str) -> tuple[str, ResourceRecord]:
    """The address whose record knows this remote, and the record. Raises StopIteration where none does."""
    return next(
        (address, resource_record)
        for address, resource_record in lock.resources.items()
        if remote_id in resource_record.remotes
    )
