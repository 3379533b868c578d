"""Watches batches from their creation to the end of their guard: the list is read until it shows each of them. A list
that does not could not show a twin either, so the batch is taken back by its id. Cancels through execute.py; never
dials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from declarative.engine.execute import Executor
from declarative.engine.fence import shows_mark
from declarative.engine.listing import Listing
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.engine.settle import POLL
from declarative.engine.sweep import Sweeper, creation_order
from declarative.engine.withdraw import WatchedBatch, Withdrawal, Withdrawer, read_time
from declarative.errors import ProviderError
from declarative.humanize import when
from declarative.model.lock import LONGEST_GUARD
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.providers.base import Provider


class GuardWatch:
    """Works under the lease of one run. Raises StateError and LeaseLost. A list that cannot be read proves nothing, so
    every batch that it did not show is taken back."""

    def __init__(self, run: RunContext, executor: Executor, sweeper: Sweeper) -> None:
        self._run = run
        self._sweeper = sweeper
        self._withdrawer = Withdrawer(run, executor)
        self._unseen: dict[str, list[WatchedBatch]] = {}
        self._seen: dict[str, list[WatchedBatch]] = {}

    def watch(self, resource: Resource, remote_id: str, starts_at: datetime | None) -> None:
        """Adds a batch of a resource that was just created; it is checked before its guard ends. Without a guard
        nothing is."""
        guard = self._run.guard(resource.provider)
        if not guard or starts_at is None:
            return
        sent_at = self._run.ledger.resource_record(resource.address).remotes[remote_id].created_at
        assert sent_at is not None
        batch = WatchedBatch(resource.address, remote_id, sent_at, starts_at, guard)
        self._unseen.setdefault(resource.provider, []).append(batch)

    def check_due(self) -> list[Finding]:
        """Checks every watched batch if the oldest one of a provider has used up a quarter of its guard, and once more
        those that are in their last quarter. Call it before every request that dials or cancels."""
        # Protocol 7: the next request may take minutes. A quarter leaves time to cancel before any guard ends.
        is_due = any(
            read_time(self._run, name) - watched[0].sent_at >= watched[0].guard / 4
            for name, watched in self._unseen.items()
        )
        return self.check_all() if is_due else self._check_last_quarters()

    def check_all(self) -> list[Finding]:
        """Checks every batch that no list has shown yet."""
        unseen, self._unseen = self._unseen, {}
        return self._check(unseen) + self._check_last_quarters()

    def check_again(self) -> list[Finding]:
        """Waits for the last quarter of each guard and checks once more. For a run that stays anyway. Raises
        Interrupted."""
        # Protocol 7: a copy of a request may land after the first look.
        findings: list[Finding] = []
        while due := [
            (batch.last_quarter, name, batch.starts_at) for name, watched in self._seen.items() for batch in watched
        ]:
            moment, name, starts_at = min(due)
            remaining = (moment - self._run.providers[name].latest_now()).total_seconds()
            if remaining > 0:
                self._run.progress(
                    f"calls begin at {when(starts_at)}, when the guard ends; the list is read once more before it"
                )
                self._run.pause(remaining)
            findings += self._check_last_quarters()
        return findings

    def _check_last_quarters(self) -> list[Finding]:
        findings = []
        for name in list(self._seen):
            provider_time = read_time(self._run, name)
            due = [batch for batch in self._seen[name] if batch.last_quarter <= provider_time]
            self._seen[name] = [batch for batch in self._seen[name] if batch.last_quarter > provider_time]
            if in_time := [batch for batch in due if provider_time < batch.last_look_until]:
                findings += self._look_once(name, in_time, min(batch.last_look_until for batch in in_time))[1]
        return findings

    def _check(self, watched: Mapping[str, Sequence[WatchedBatch]]) -> list[Finding]:
        """Reads the batch lists of these providers until they show every one of their batches, as long as the guards
        allow. One reading checks every batch created there."""
        unseen, findings, withdrawals = {**watched}, list[Finding](), list[Withdrawal]()
        for poll in count():
            # Protocol 7: no guard ends while another provider is looked at, or another batch is read after its cancel.
            for name in sorted(unseen, key=lambda name: _look_until(unseen[name])):
                until = min(map(_look_until, unseen.values()))
                new_findings, new_withdrawals, unseen[name] = self._check_provider(name, unseen[name], until)
                findings, withdrawals = [*findings, *new_findings], [*withdrawals, *new_withdrawals]
                unseen = {name: batches for name, batches in unseen.items() if batches}
            if not unseen:
                return findings + [self._withdrawer.conclude(withdrawal) for withdrawal in withdrawals]
            self._wait(unseen, poll)
        raise AssertionError("unreachable")

    def _check_provider(
        self, name: str, batches: Sequence[WatchedBatch], until: datetime
    ) -> tuple[list[Finding], list[Withdrawal], list[WatchedBatch]]:
        """Reads the batch list of one provider once. Returns what it found, what was taken back, and the batches that
        are still to be shown."""
        listing, findings = self._look_once(name, batches, until)
        cancelled_ids = {finding.withdrawn_id for finding in findings}
        unseen = [batch for batch in batches if batch.remote_id not in cancelled_ids]
        shown = [batch for batch in unseen if listing and self._is_shown(listing, batch)]
        contested = {batch for batch in shown if listing and self._find_rivals(name, listing, batch, equal=True)}
        shown = [batch for batch in shown if batch not in contested]
        self._learn_from(name, shown)
        unseen = _without(unseen, shown)
        late = [batch for batch in unseen if batch not in contested and self._is_last_look(name, batch)]
        lags = listing is not None and not self._run.stop.requested
        withdrawals = [self._withdrawer.take_back(name, batch, list_lags=lags) for batch in late]
        return findings, withdrawals, _without(unseen, late)

    def _is_last_look(self, name: str, batch: WatchedBatch) -> bool:
        """Whether another reading would come too late. A run that is to stop does not wait for one."""
        return self._run.stop.requested or read_time(self._run, name) + timedelta(seconds=POLL[0]) >= batch.look_until

    def _wait(self, unseen: Mapping[str, Sequence[WatchedBatch]], poll: int) -> None:
        name = min(unseen, key=lambda name: _look_until(unseen[name]))
        until = _look_until(unseen[name])
        self._run.progress(f"waiting for the list of {name} to show the new batch, until {until:%H:%M:%S} UTC")
        remaining = (until - read_time(self._run, name)).total_seconds()
        pause = POLL[poll] if poll < len(POLL) else max(POLL[-1], remaining / 20)
        self._run.sleep(max(0.0, min(remaining - POLL[0], pause)))

    def _look_once(
        self, name: str, watched: Sequence[WatchedBatch], until: datetime
    ) -> tuple[Listing | None, list[Finding]]:
        """Reads the list once, and cancels what it shows and must not call. No listing where it cannot be read by
        then."""
        provider = self._run.providers[name]
        since = min(batch.sent_at for batch in watched)
        listing = Listing(provider.latest_now, *provider.channels[Route.BATCH].list_pages(()))
        findings: list[Finding] = []
        try:
            # Protocol 7: whatever a slow list or its Retry-After asks, the reading ends before the guard does.
            with provider.reading_until(until):
                # Protocol 12: what is older than the list was read back to is not judged.
                listing.read_until(lambda listing: listing.reaches(since))
                findings += self._sweeper.sweep(provider, listing)
                for batch in watched:
                    findings += self._withdraw_overlapping(name, listing, batch)
        except ProviderError as error:
            return None, [*findings, Finding("", f"{name} could not be read once more for twins: {error.message}")]
        return listing, findings

    def _is_shown(self, listing: Listing, batch: WatchedBatch) -> bool:
        remote_record = self._run.ledger.resource_record(batch.address).remotes[batch.remote_id]
        # Protocol 7: a list that shows it without its name, or with a cut one, could not show a twin.
        return shows_mark(listing, batch.remote_id, remote_record.mark)

    def _learn_from(self, name: str, shown: Sequence[WatchedBatch]) -> None:
        """Keeps batches for the second look, and halves a guard that the list does not need any more."""
        if not shown:
            return
        self._seen.setdefault(name, []).extend(shown)
        provider_time = read_time(self._run, name)
        remembered = self._run.ledger.lock.guards.get(name, 0)
        if remembered and all(provider_time - batch.sent_at <= batch.guard / 4 for batch in shown):
            halved = min(remembered, int(LONGEST_GUARD.total_seconds())) // 2
            is_needed = halved > self._run.project.guard.total_seconds()
            self._run.ledger.set_guard(name, halved if is_needed else 0)

    def _withdraw_overlapping(self, name: str, listing: Listing, batch: WatchedBatch) -> Iterator[Finding]:
        """Cancels our batch where a run with another copy of the lock submitted the same people under another mark."""
        # Protocol 7: the other batch is known by its mark alone, so it is not ours to cancel. The younger gives way,
        # between equal stamps the one whose id sorts later: the other run decides alike, so one stays. That run may
        # have looked before ours was there, so ours does not stay beside an equal one beyond the last look.
        rivals = self._find_rivals(name, listing, batch, equal=False)
        if not rivals and self._is_last_look(name, batch):
            rivals = self._find_rivals(name, listing, batch, equal=True)
        if rivals:
            description = f"a batch that shares people with {rivals[0].id} of another run"
            yield self._sweeper.cancel_recorded(self._run.providers[name], batch.address, batch.remote_id, description)

    def _find_rivals(self, name: str, listing: Listing, batch: WatchedBatch, *, equal: bool) -> list[Remote]:
        """Batches of other runs that hold people of ours: older ones, before which ours gives way, or those with an
        `equal` stamp that should give way themselves."""
        own_remote = listing.entries.get(batch.remote_id)
        remote_records = self._run.ledger.resource_record(batch.address).remotes
        if own_remote is None or not own_remote.mark or own_remote.cancelled or remote_records[own_remote.id].cancelled:
            return []
        # One that this lock does not know comes from another copy of it, or from another lineage where two runs began
        # the project at once.
        return [
            rival
            for rival in listing.find_siblings(own_remote.mark)
            if not rival.cancelled
            and rival.id not in remote_records
            and (creation_order(rival) > creation_order(own_remote)) is equal
            and (rival.created_at == own_remote.created_at or not equal)
            and _share_members(self._run.providers[name], own_remote, rival)
        ]


def _look_until(batches: Sequence[WatchedBatch]) -> datetime:
    """When the looking for the first of these batches ends."""
    return min(batch.look_until for batch in batches)


def _without(batches: Iterable[WatchedBatch], left_out: Iterable[WatchedBatch]) -> list[WatchedBatch]:
    """Those of the batches that are not left out."""
    excluded = {*left_out}
    return [batch for batch in batches if batch not in excluded]


def _share_members(provider: Provider, first: Remote, second: Remote) -> bool:
    """Whether both batches hold the same number. False where either cannot be read in full."""
    channel = provider.channels[Route.BATCH]
    members = [remote.members for listed in (first, second) if (remote := channel.read(listed.id))]
    frames = [frame for frame in members if frame is not None]
    return len(frames) == 2 and len(frames[0].join(frames[1], on="number", how="semi")) > 0
