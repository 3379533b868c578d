"""Watches batches from their creation to the end of their guard: cancels twins, batches with a revoked mark, and
batches that are still in doubt, before any of them calls. Reads lists, writes to the ledger, and cancels through
execute.py. Never dials."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from declarative.engine.doubts import DoubtResolver, find_owner
from declarative.engine.execute import Executor
from declarative.engine.listing import Listing
from declarative.engine.results import Finding, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.engine.settle import POLL
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.lock import MIN_GUARD, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.providers.base import Provider

STAMPS_DIFFER = timedelta(seconds=10)
"""By how much two machines of a provider may stamp two things that happen at the same time."""


class GuardWatch:
    """Works under the lease of one run. Raises StateError and LeaseLost. A list that cannot be read proves nothing, so
    every doubted batch is withdrawn then."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor
        self._doubts = DoubtResolver(run, executor)
        self._watched_ids: dict[str, list[str]] = {}

    def watch(self, provider: str, remote_id: str) -> None:
        """Adds a batch that was just created; it is checked before its guard ends."""
        self._watched_ids.setdefault(provider, []).append(remote_id)

    def find_unproven(self, addresses: Collection[str]) -> dict[str, list[str]]:
        """See DoubtResolver.find_unproven. Give each list to `check`."""
        return self._doubts.find_unproven(addresses)

    def check_due(self) -> list[Finding]:
        """Checks the providers whose oldest watched batch has used up a quarter of its guard. Call it before every
        request that dials."""
        # Protocol 7: the next request may take minutes. A quarter leaves time to cancel before any guard ends.
        max_age = max(self._run.project.guard, MIN_GUARD) / 4
        return [
            finding
            for name, remote_ids in list(self._watched_ids.items())
            if self._run.providers[name].now() - self._send_time(remote_ids[0]) >= max_age
            for finding in self.check(name, self._watched_ids.pop(name))
        ]

    def check_all(self) -> list[Finding]:
        return [
            finding for name in list(self._watched_ids) for finding in self.check(name, self._watched_ids.pop(name))
        ]

    def check(self, name: str, remote_ids: Sequence[str]) -> list[Finding]:
        """Reads the batch list of one provider once more. One reading checks every batch created there."""
        provider = self._run.providers[name]
        findings: list[Finding] = []
        try:
            for finding in self._check_until_proven(provider, set(remote_ids)):
                findings.append(finding)
        except ProviderError as error:
            findings.append(Finding("", f"{name} could not be read once more for twins: {error.message}"))
            # Protocol 7: a doubt that cannot be checked is treated as real.
            findings += [finding for remote_id in remote_ids for finding in self._doubts.withdraw(provider, remote_id)]
        return findings

    def _check_until_proven(self, provider: Provider, remote_ids: set[str]) -> Iterator[Finding]:
        """Polls the list until it shows every doubted batch. Removes withdrawn batches from `remote_ids`."""
        since = min(self._send_time(remote_id) for remote_id in remote_ids)
        for poll in count():
            listing = Listing(provider.now, *provider.channels[Route.BATCH].list_pages(()))
            # Protocol 12: what is older than the list was read back to is not judged.
            listing.read_until(lambda listing: listing.reaches(since))
            yield from self._cancel_twins(provider, listing, remote_ids)
            for remote_id in remote_ids:
                yield from self._yield_to_late_arrival(provider, listing, remote_id)
            yield from self._withdraw_overlapping(provider, listing, remote_ids)
            doubted_ids = [remote_id for remote_id in remote_ids if self._doubts.is_doubted(remote_id)]
            unlisted_ids = [remote_id for remote_id in doubted_ids if remote_id not in listing.entries]
            for remote_id in doubted_ids:
                if remote_id in listing.entries:
                    yield from self._doubts.confirm(remote_id)
            if not unlisted_ids:
                return
            for remote_id in self._ids_to_withdraw(provider, unlisted_ids):
                yield from self._doubts.withdraw(provider, remote_id)
                remote_ids.discard(remote_id)
            self._run.progress("waiting for the provider's list to show the new batch")
            self._run.sleep(POLL[min(poll, len(POLL) - 1)])

    def _ids_to_withdraw(self, provider: Provider, unlisted_ids: Sequence[str]) -> list[str]:
        """Of the doubted batches that the list does not show, those that can wait no longer."""
        return [
            remote_id
            for remote_id in unlisted_ids
            if self._run.stop.requested or self._doubts.is_last_moment(provider, remote_id)
        ]

    def _cancel_twins(self, provider: Provider, listing: Listing, remote_ids: Collection[str]) -> Iterator[Finding]:
        """Cancels every second batch with one of our marks, and every batch with a revoked mark."""
        by_mark = _live_remotes_by_mark(listing)
        for address, resource_record in list(self._run.ledger.lock.resources.items()):
            own_marks = {remote_record.mark for remote_record in resource_record.remotes.values() if remote_record.mark}
            for mark in own_marks & set(by_mark):
                # Protocol 7: the younger is cancelled. Where both stamps are equal it is ours: the run that created the
                # other may have checked already and ended.
                oldest, *twins = sorted(
                    by_mark[mark], key=lambda remote: (_creation_stamp(remote), remote.id in remote_ids, remote.id)
                )
                if twins:
                    self._ensure_recorded(address, oldest)
                for twin in twins:
                    yield self._cancel(provider, address, twin, "a second batch with the same people")
            for mark in set(resource_record.revoked) & set(by_mark):
                # Protocol 7: the people of a revoked mark were given to another batch, so this one must not call.
                for remote in by_mark[mark]:
                    yield self._cancel(provider, address, remote, "a request that was given up and arrived late")

    def _yield_to_late_arrival(self, provider: Provider, listing: Listing, remote_id: str) -> Iterator[Finding]:
        """Adopts a request that was probably lost and arrived after all, and cancels the batch sent in its place."""
        address, resource_record = find_owner(self._run.ledger.lock, remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        arrivals = [remote for remote in listing.entries.values() if str(remote.mark) in doubts]
        if not arrivals:
            return
        # Protocol 7: the list shows two batches with the same people; the younger is cancelled by its id.
        marks = {str(remote.mark) for remote in arrivals}
        open_intents = resource_record.intents
        remote_records = {
            remote.id: records.from_intent(open_intents[str(remote.mark)], remote)
            if str(remote.mark) in open_intents
            else records.from_mark(remote)
            for remote in arrivals
        }
        remaining_doubts = tuple(mark for mark in doubts if mark not in marks)
        remote_record = replace(resource_record.remotes[remote_id], doubts=remaining_doubts)
        intents = dict.fromkeys(mark for mark in marks if mark in open_intents)
        self._run.ledger.update(address, remotes={**remote_records, remote_id: remote_record}, intents=intents)
        description = f"a batch with the people of {', '.join(sorted(remote_records))}"
        yield self._cancel_recorded(provider, address, remote_id, description)

    def _withdraw_overlapping(
        self, provider: Provider, listing: Listing, remote_ids: Collection[str]
    ) -> Iterator[Finding]:
        """Cancels our batch where a run with another copy of the lock submitted the same people under another mark."""
        for remote_id in list(remote_ids):
            own_remote = listing.entries.get(remote_id)
            if own_remote is None or own_remote.cancelled:
                continue
            address, resource_record = find_owner(self._run.ledger.lock, remote_id)
            for rival in listing.entries.values():
                # The other batch is known by its mark alone, so it is not ours to cancel: ours is, unless the other is
                # certainly younger, for then its own run sees ours. If both runs cancel, the next run submits again.
                if not _is_rival(rival, own_remote, resource_record) or _is_younger(rival, own_remote):
                    continue
                if _share_members(provider, remote_id, rival.id):
                    description = f"a batch that shares people with {rival.id} of another run"
                    yield self._cancel_recorded(provider, address, remote_id, description)
                    break

    def _ensure_recorded(self, address: str, remote: Remote) -> None:
        """Records a remote that the lock does not know, by its mark."""
        if remote.id not in self._run.ledger.resource_record(address).remotes:
            self._run.ledger.update(address, remotes={remote.id: records.from_mark(remote)})

    def _cancel(self, provider: Provider, address: str, remote: Remote, description: str) -> Finding:
        """Cancels a batch that the list shows; it is recorded first."""
        self._ensure_recorded(address, remote)
        return self._cancel_recorded(provider, address, remote.id, description)

    def _cancel_recorded(self, provider: Provider, address: str, remote_id: str, description: str) -> Finding:
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], remote_id)
        done = receipt.status is RequestStatus.DONE
        detail = "was cancelled" if done else f"could not be cancelled: {receipt.message}"
        message = f"{description} ({remote_id}) {detail}"
        return Finding(address, message, unsure=not done, withdrawn_id=remote_id if done else "")

    def _send_time(self, remote_id: str) -> datetime:
        _, resource_record = find_owner(self._run.ledger.lock, remote_id)
        sent_at = resource_record.remotes[remote_id].created_at
        assert sent_at is not None
        return sent_at


def _live_remotes_by_mark(listing: Listing) -> Mapping[str, list[Remote]]:
    """Listed batches that bear a mark and are not cancelled, by mark."""
    by_mark: dict[str, list[Remote]] = {}
    for remote in listing.entries.values():
        if remote.mark and not remote.cancelled:
            by_mark.setdefault(str(remote.mark), []).append(remote)
    return by_mark


def _share_members(provider: Provider, first_id: str, second_id: str) -> bool:
    """Whether both batches hold the same number. False where either cannot be read in full."""
    channel = provider.channels[Route.BATCH]
    members = [remote.members for remote_id in (first_id, second_id) if (remote := channel.read(remote_id))]
    frames = [frame for frame in members if frame is not None]
    return len(frames) == 2 and len(frames[0].join(frames[1], on="number", how="semi")) > 0


def _creation_stamp(remote: Remote) -> str:
    """Sorts by time of creation; a batch without one sorts first."""
    return remote.created_at.isoformat() if remote.created_at else ""


def _is_younger(rival: Remote, own_remote: Remote) -> bool:
    """Whether the rival was certainly created later than ours."""
    if rival.created_at is None or own_remote.created_at is None:
        return False
    return rival.created_at > own_remote.created_at + STAMPS_DIFFER


def _is_rival(rival: Remote, own_remote: Remote, resource_record: ResourceRecord) -> bool:
    """Whether a batch is alive, of the same project and address, and unknown to this lock. It comes from another copy
    of the lock, or from another lineage where two runs began the project at once."""
    if not (rival.mark and own_remote.mark) or rival.cancelled or rival.id in resource_record.remotes:
        return False
    return (rival.mark.project, rival.mark.address) == (own_remote.mark.project, own_remote.mark.address)
