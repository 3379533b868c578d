"""The emergency stop at the providers: cancels batches by their ids and by their marks, unread where they cannot be
read. Needs no lease, no lock and no manifest; a cancel calls nobody. The requests are made by execute.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from declarative.engine import before_start
from declarative.engine.execute import cancel_unrecorded
from declarative.engine.listing import Listing
from declarative.engine.results import StoppedBatch
from declarative.errors import ProviderError
from declarative.model.capabilities import Cancellable, CancelProof
from declarative.model.mark import Mark
from declarative.model.remote import Phase, is_over
from declarative.model.resource import Route
from declarative.providers.base import Channel, Provider


class EmergencyStop:
    """Cancels what waits at these providers, those that could not be connected left out. `find_address` returns the
    address of a mark that is to be stopped, and None for any other. With `is_dry` it only reads."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        find_address: Callable[[Mark], str | None],
        *,
        parallelism: int,
        is_dry: bool,
        progress: Callable[[str], None],
    ) -> None:
        self._providers = providers
        self._find_address = find_address
        self._parallelism = parallelism
        self._is_dry = is_dry
        self._progress = progress
        self.batches: dict[tuple[str, str], StoppedBatch] = {}
        """By provider and id."""
        self.unread: dict[str, str] = {}
        """By provider: why its list could not be read, so that a batch which no lock knows may still call."""

    def stop_known(self, targets: Collection[StoppedBatch]) -> None:
        """Cancels these batches at once, before anything is read."""
        self._stop([target for target in targets if (target.provider, target.remote_id) not in self.batches])

    def stop_listed(self) -> None:
        """Reads every batch list, and cancels what bears a mark that is to be stopped and was not cancelled yet."""
        found: list[StoppedBatch] = []
        for name, provider in self._providers.items():
            self.unread.pop(name, None)
            self._progress(f"reading the batch list of {name}")
            try:
                found += self._list_marked(name, provider)
            except ProviderError as error:
                self.unread[name] = error.message
        self._stop(found)

    def read_outcomes(self) -> None:
        """Reads what was cancelled: who was taken off, who is in a call, and whether anybody still waits."""
        with ThreadPoolExecutor(self._parallelism) as pool:
            for batch in pool.map(self._read_outcome, list(self.batches.values())):
                self.batches[batch.provider, batch.remote_id] = batch

    def _list_marked(self, name: str, provider: Provider) -> list[StoppedBatch]:
        channel = provider.channels.get(Route.BATCH)
        if channel is None:
            return []
        listing = Listing(provider.latest_now, *channel.list_pages(()))
        listing.read_all()
        found = []
        for remote in listing.entries.values():
            key = name, remote.id
            if key in self.batches:
                self.batches[key] = replace(self.batches[key], name=remote.name, mark=remote.mark)
            address = self._find_address(remote.mark) if remote.mark else None
            if address is not None and key not in self.batches and not remote.cancelled and not is_over(remote):
                found.append(
                    StoppedBatch(
                        provider=name, address=address, remote_id=remote.id, name=remote.name, mark=remote.mark
                    )
                )
        return found

    def _stop(self, targets: Collection[StoppedBatch]) -> None:
        if not targets:
            return
        self._progress(f"cancelling {len(targets):,}")
        with ThreadPoolExecutor(self._parallelism) as pool:
            for batch in pool.map(self._cancel, targets):
                self.batches[batch.provider, batch.remote_id] = batch

    def _cancel(self, batch: StoppedBatch) -> StoppedBatch:
        if self._is_dry:
            return batch
        channel = self._channel(batch)
        if channel.capabilities.cancel_proof is CancelProof.ABSENCE:
            return self._cancel_before_start(batch, channel)
        if channel.capabilities.cancellable is Cancellable.BEFORE_START:
            # Protocol 8: once it has begun, a cancel proves nothing of its people. It is made all the same.
            read_before, _ = before_start.read_before_cancel(self._providers[batch.provider], channel, batch.remote_id)
            batch = replace(batch, is_proven=read_before is not None)
        return replace(batch, failure=cancel_unrecorded(channel, batch.remote_id))

    def _cancel_before_start(self, batch: StoppedBatch, channel: Channel) -> StoppedBatch:
        """Cancels a batch whose provider forgets what is cancelled. Once it has begun, what it shows is all that tells
        who was called, so it is read first. What was read stays in `remote`."""
        provider = self._providers[batch.provider]
        try:
            remote, provider_time = channel.read(batch.remote_id), provider.latest_now()
        except ProviderError as error:
            failure = f"it may have begun, and a cancel would destroy what tells who was called: {error.message}"
            return replace(batch, failure=failure)
        if remote is None:
            return batch
        if remote.scheduled_at is None or remote.scheduled_at <= provider_time:
            return replace(batch, failure="it has begun, and a cancel would destroy what tells who was called")
        failure = cancel_unrecorded(channel, batch.remote_id)
        if not failure and not before_start.came_in_time(provider, channel, remote):
            failure = before_start.ANSWERED_LATE
        return replace(batch, failure=failure, remote=remote)

    def _read_outcome(self, batch: StoppedBatch) -> StoppedBatch:
        channel = self._channel(batch)
        try:
            remote = channel.read(batch.remote_id)
        except ProviderError:
            return batch
        forgets = channel.capabilities.cancel_proof is CancelProof.ABSENCE
        if remote is None and forgets and batch.remote is not None and not batch.failure:
            remote = before_start.as_cancelled(batch.remote)  # its cancel was answered in time
        if remote is None:
            return replace(batch, failure=batch.failure or "the provider does not know it: another key or host?")
        batch = replace(batch, remote=remote, name=remote.name, mark=remote.mark)
        if self._is_dry or (waiting := batch.count(Phase.QUEUED)) == 0:
            # What ended by itself may refuse a cancel, and calls nobody.
            has_ended = remote.cancelled or is_over(remote)
            was_over = has_ended and (self._is_dry or not remote.cancelled)
            return replace(batch, failure="" if has_ended else batch.failure, was_over=was_over)
        return replace(batch, failure=batch.failure or f"the cancel was taken, and {waiting:,} still wait in it")

    def _channel(self, batch: StoppedBatch) -> Channel:
        return self._providers[batch.provider].channels[batch.route]
