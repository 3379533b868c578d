"""What a list shows and must not call: second batches with one mark, revoked marks, list probes. Each is cancelled by
its id, through execute.py. Never dials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from declarative.engine.execute import Executor, ProbeExecutor
from declarative.engine.listing import Listing
from declarative.engine.results import Finding, Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.model import mark, records
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.providers.base import Provider


class Sweeper:
    """Works under the lease of one run. Raises StateError and LeaseLost."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor
        self._probe_executor = ProbeExecutor(run)
        self._project_hash = mark.project_hash(run.project.name)

    def sweep(self, provider: Provider, listing: Listing) -> Iterator[Finding]:
        """Cancels every listed batch of this project that must not call."""
        by_mark = _live_remotes_by_mark(listing)
        for address, resource_record in list(self._run.ledger.lock.resources.items()):
            own_marks = {remote_record.mark for remote_record in resource_record.remotes.values() if remote_record.mark}
            for own_mark in sorted(own_marks & set(by_mark)):
                # Protocol 7: the younger is cancelled; of two with equal stamps the one whose id sorts later. Every run
                # decides alike, so two runs never cancel both.
                oldest, *twins = sorted(by_mark[own_mark], key=creation_order)
                if twins:
                    self._ensure_recorded(address, oldest)
                for twin in twins:
                    yield self._cancel_listed(provider, address, twin, "a second batch with the same people")
            for revoked_mark in sorted(set(resource_record.revoked) & set(by_mark)):
                # Protocol 5: the people of a revoked mark were decided anew, so this batch must not call.
                for remote in by_mark[revoked_mark]:
                    yield self._cancel_listed(provider, address, remote, "a request that was given up and arrived late")
        for remotes in by_mark.values():
            yield from (self._cancel_probe(provider, remote) for remote in remotes if self._is_own_probe(remote))

    def cancel_if_halted(self, resource: Resource, receipt: Receipt) -> list[Finding]:
        """Cancels a batch again that was halted while it was sent: whoever ordered the halt may not have seen it."""
        halt = self._run.find_halt(resource) if receipt.status is RequestStatus.DONE else None
        if halt is None or not halt.takes_off:
            return []
        description = f"{halt} while a batch was sent; the batch"
        provider = self._run.provider(resource)
        return [self.cancel_recorded(provider, resource.address, receipt.remote_id, description)]

    def cancel_recorded(self, provider: Provider, address: str, remote_id: str, description: str) -> Finding:
        """Cancels a batch that the lock knows."""
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], remote_id)
        done = receipt.status is RequestStatus.DONE
        detail = "was cancelled" if done else f"could not be cancelled: {receipt.message}"
        message = f"{description} ({remote_id}) {detail}"
        return Finding(address, message, unsure=not done, withdrawn_id=remote_id if done else "")

    def _cancel_listed(self, provider: Provider, address: str, remote: Remote, description: str) -> Finding:
        """Cancels a batch that the list shows; it is recorded first."""
        self._ensure_recorded(address, remote)
        return self.cancel_recorded(provider, address, remote.id, description)

    def _ensure_recorded(self, address: str, remote: Remote) -> None:
        """Records a remote that the lock does not know, by its mark."""
        if remote.id not in self._run.ledger.resource_record(address).remotes:
            self._run.ledger.update(address, remotes={remote.id: records.from_mark(remote)})

    def _is_own_probe(self, remote: Remote) -> bool:
        return remote.mark is not None and remote.mark.is_probe and remote.mark.project == self._project_hash

    def _cancel_probe(self, provider: Provider, remote: Remote) -> Finding:
        failure = self._probe_executor.cancel_probe(provider.channels[Route.BATCH], remote.id)
        detail = f"could not be cancelled: {failure}" if failure else "was cancelled"
        return Finding("", f"a list probe of an earlier run ({remote.id}) {detail}", unsure=bool(failure))


def creation_order(remote: Remote) -> tuple[str, str]:
    """Sort key: the older first, between equal stamps the smaller id. A batch without a time sorts first."""
    return remote.created_at.isoformat() if remote.created_at else "", remote.id


def _live_remotes_by_mark(listing: Listing) -> Mapping[str, list[Remote]]:
    """Listed batches that bear a mark and are not cancelled, by mark."""
    by_mark: dict[str, list[Remote]] = {}
    for remote in listing.entries.values():
        if remote.mark and not remote.cancelled:
            by_mark.setdefault(str(remote.mark), []).append(remote)
    return by_mark
