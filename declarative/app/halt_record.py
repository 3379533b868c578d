"""Writes to the lock what an emergency stop cancelled, as far as the lock and its lease allow. Never dials, never
cancels."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from declarative.app.session import Session
from declarative.engine.results import StoppedBatch
from declarative.errors import DialctlError, Exit, ProviderError, StateError
from declarative.model import records
from declarative.model.halts import EVERYTHING
from declarative.model.history import PeopleCounts, RunRecord
from declarative.model.lock import CancelProgress, RemoteRecord
from declarative.model.remote import Phase
from declarative.privacy import clean, mask_all
from declarative.providers.base import Provider
from declarative.state import history
from declarative.state.base import Backend, Holder, Lease
from declarative.state.ledger import Ledger


class CancelRecorder:
    """Records cancels under a lease. Without a ledger it records nothing and says why."""

    def __init__(self, ledger: Ledger | None, failure: str = "") -> None:
        self._ledger = ledger
        self._failure = failure

    def record(self, batches: Collection[StoppedBatch], providers: Mapping[str, Provider]) -> str:
        """Record these cancels as ours. Returns why they could not be recorded; "" where they were, or where there is
        none."""
        cancelled = [batch for batch in batches if not batch.failure and not batch.was_over]
        if not cancelled or self._ledger is None:
            return self._failure if cancelled else ""
        try:
            for batch in [batch for batch in cancelled if batch.is_proven]:
                self._record_one(self._ledger, batch, providers[batch.provider])
            self._ledger.fold()
        except (StateError, OSError) as error:
            return error.message if isinstance(error, DialctlError) else str(error)
        unproven = sum(not batch.is_proven for batch in cancelled)
        return f"of {unproven:,} that may have begun nothing tells who was called" if unproven else ""

    def _record_one(self, ledger: Ledger, batch: StoppedBatch, provider: Provider) -> None:
        remote_record = self._find_record(ledger, batch)
        if remote_record is not None:
            cancelled = replace(remote_record, cancel=CancelProgress.DONE, cancelled_at=_read_time(provider))
            ledger.update(batch.address, remotes={batch.remote_id: cancelled}, quiet=None)

    def _find_record(self, ledger: Ledger, batch: StoppedBatch) -> RemoteRecord | None:
        """What the lock knows of a batch, or what its mark tells; None for one of another lineage."""
        known = ledger.lock.resources[batch.address].remotes if batch.address in ledger.lock.resources else {}
        if batch.remote_id in known:
            return known[batch.remote_id]
        is_ours = batch.mark is not None and batch.mark.lineage == ledger.lock.lineage and batch.address
        return records.from_mark(batch.remote) if is_ours and batch.remote else None


@contextmanager
def record_cancels(session: Session, backend: Backend, wait: float) -> Iterator[CancelRecorder]:
    """Take the lease if it is free within `wait` seconds, and give a recorder: one that records nothing where the lease
    is held, or the lock cannot be read or written."""
    lease, failure = _take_lease(session, backend, wait)
    if lease is None:
        yield CancelRecorder(None, failure)
        return
    with lease:
        try:
            ledger = Ledger.open(backend, lease)
        except StateError as error:
            recorder = CancelRecorder(None, error.message)
        else:
            recorder = CancelRecorder(ledger if ledger.is_started else None, "there is no lock")
        yield recorder


def write_history(
    session: Session, backend: Backend, batches: Collection[StoppedBatch], addresses: Collection[str], reason: str
) -> list[str]:
    """Add the line of a halt to the history, which needs no lease. Returns what to say where that failed."""
    holder = Holder.from_environment(session.options.environment)
    taken_off: dict[str, int] = {address: 0 for address in addresses if address != EVERYTHING}
    for batch in batches:
        if batch.address:
            taken_off[batch.address] = taken_off.get(batch.address, 0) + batch.count(Phase.CANCELLED)
    record = RunRecord(
        run=holder.id,
        at=holder.since,
        command="halt",
        by=clean(f"{holder.who} on {holder.host}"),
        ci_run=holder.run,
        reason=mask_all(clean(reason)) or None,
        exit=int(Exit.NEEDS_HUMAN if any(batch.failure for batch in batches) else Exit.DONE),
        addresses={address: PeopleCounts(people_taken_off=count) for address, count in sorted(taken_off.items())},
    )
    try:
        history.write_line(backend, None, record)
    except (StateError, OSError) as error:
        return [f"the history has no line of this halt: {error.message if isinstance(error, StateError) else error}"]
    return []


def _take_lease(session: Session, backend: Backend, wait: float) -> tuple[Lease | None, str]:
    def wait_for_holder(seconds: float) -> None:
        session.options.progress(f"waiting for {backend.holder() or 'another run'}, which hears the halt")
        session.pause(seconds)

    try:
        return backend.lease(Holder.from_environment(session.options.environment), wait, wait_for_holder), ""
    except (StateError, OSError) as error:
        return None, error.message if isinstance(error, DialctlError) else str(error)


def _read_time(provider: Provider) -> datetime | None:
    try:
        return provider.latest_now()
    except ProviderError:
        return None
