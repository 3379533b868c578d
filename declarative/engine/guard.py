"""Looks after batches that were just created: no twin, nothing revoked, every doubt proven, or else taken back before
it calls. Reads lists, writes to the ledger, and cancels through execute.py; never dials.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from declarative.engine.execute import Executor
from declarative.engine.listing import Listing
from declarative.engine.results import Finding, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.engine.settle import POLL, late_arrival_warning
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.lock import MIN_GUARD, ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.providers.base import Provider

LAST_MOMENT = timedelta(seconds=30)
"""How long before its guard ends an unproven batch is withdrawn."""
STAMPS_DIFFER = timedelta(seconds=10)
"""By how much two machines of a provider may stamp what happens at once."""


class GuardWatch:
    """Works under the lease of one run, between a batch's creation and the end of its guard. Raises StateError; a list
    that cannot be read proves nothing, and whatever is doubted then is taken back."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor
        self._watched_ids: dict[str, list[str]] = {}

    def watch(self, provider: str, remote_id: str) -> None:
        """A batch to be looked after before its guard ends."""
        self._watched_ids.setdefault(provider, []).append(remote_id)

    def check_due(self) -> list[Finding]:
        """One reading of a list shows whatever was created there. Called before every request that dials, so that each
        batch is looked after before its own guard ends, however long the next request takes."""
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
        """Reads the list once more after batches were created: a second batch of ours with the same mark, and whatever
        bears a revoked mark, is cancelled; what was created over a doubt is kept only once the list shows it."""
        provider = self._run.providers[name]
        findings: list[Finding] = []
        try:
            for finding in self._check_until_proven(provider, set(remote_ids)):
                findings.append(finding)
        except ProviderError as error:
            findings.append(Finding("", f"{name} could not be read once more for twins: {error.message}"))
            findings += [finding for remote_id in remote_ids for finding in self._withdraw_doubted(provider, remote_id)]
        return findings

    def _check_until_proven(self, provider: Provider, remote_ids: set[str]) -> Iterator[Finding]:
        since = min(self._send_time(remote_id) for remote_id in remote_ids)
        for poll in count():
            listing = Listing(provider.now, *provider.channels[Route.BATCH].list_pages(()))
            listing.read_until(lambda listing: listing.reaches(since))
            yield from self._cancel_twins(provider, listing, remote_ids)
            for remote_id in remote_ids:
                yield from self._yield_to_late_arrival(provider, listing, remote_id)
            yield from self._withdraw_overlapping(provider, listing, remote_ids)
            unlisted_ids = [
                remote_id for remote_id in remote_ids if self._doubts(remote_id) and remote_id not in listing.entries
            ]
            for remote_id in [
                remote_id for remote_id in remote_ids if self._doubts(remote_id) and remote_id in listing.entries
            ]:
                yield from self._confirm(remote_id)
            if not unlisted_ids:
                return
            ids_to_withdraw = [
                remote_id
                for remote_id in unlisted_ids
                if self._run.stop.requested or self._is_last_moment(provider, remote_id)
            ]
            for remote_id in ids_to_withdraw:
                yield from self._withdraw_doubted(provider, remote_id)
                remote_ids.discard(remote_id)
            self._run.progress("waiting for the provider's list to show the new batch")
            self._run.sleep(POLL[min(poll, len(POLL) - 1)])

    def _cancel_twins(self, provider: Provider, listing: Listing, remote_ids: Collection[str]) -> Iterator[Finding]:
        """The younger gives way; where their stamps are equal, ours: the other's run may have looked and gone."""
        by_mark: dict[str, list[Remote]] = {}
        for remote in listing.entries.values():
            if remote.mark and not remote.cancelled:
                by_mark.setdefault(str(remote.mark), []).append(remote)
        for address, resource_record in list(self._run.ledger.lock.resources.items()):
            own_marks = {remote_record.mark for remote_record in resource_record.remotes.values() if remote_record.mark}
            for mark in own_marks & set(by_mark):
                oldest, *twins = sorted(
                    by_mark[mark], key=lambda remote: (_creation_stamp(remote), remote.id in remote_ids, remote.id)
                )
                if twins:
                    self._ensure_recorded(address, oldest)
                for twin in twins:
                    yield self._cancel(
                        provider, address, self._ensure_recorded(address, twin), "a second batch with the same people"
                    )
            for mark in set(resource_record.revoked) & set(by_mark):
                for remote in by_mark[mark]:
                    yield self._cancel(
                        provider,
                        address,
                        self._ensure_recorded(address, remote),
                        "a request that was given up and arrived late",
                    )

    def _yield_to_late_arrival(self, provider: Provider, listing: Listing, remote_id: str) -> Iterator[Finding]:
        """The request that was probably lost had arrived after all: it is adopted, and what was created over the doubt
        is taken back."""
        address, resource_record = self._find_owner(remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        arrivals = [remote for remote in listing.entries.values() if str(remote.mark) in doubts]
        if not arrivals:
            return
        marks = {str(remote.mark) for remote in arrivals}
        open_intents = resource_record.intents
        remote_records = {
            remote.id: records.from_intent(open_intents[str(remote.mark)], remote)
            if str(remote.mark) in open_intents
            else records.from_mark(remote)
            for remote in arrivals
        }
        remote_record = replace(
            resource_record.remotes[remote_id], doubts=tuple(mark for mark in doubts if mark not in marks)
        )
        intents = dict.fromkeys(mark for mark in marks if mark in open_intents)
        self._run.ledger.update(address, remotes={**remote_records, remote_id: remote_record}, intents=intents)
        yield self._cancel(
            provider, address, remote_id, f"a batch with the people of {', '.join(sorted(remote_records))}"
        )

    def _withdraw_overlapping(
        self, provider: Provider, listing: Listing, remote_ids: Collection[str]
    ) -> Iterator[Finding]:
        """A run with another copy of the lock may have submitted the same people under another mark. What is known from
        a mark alone is not ours to cancel, so ours gives way, unless the other is surely younger: then its own run sees
        ours. Should both give way, the next run submits again."""
        for remote_id in [
            remote_id
            for remote_id in remote_ids
            if remote_id in listing.entries and not listing.entries[remote_id].cancelled
        ]:
            address, resource_record = self._find_owner(remote_id)
            own_remote = listing.entries[remote_id]
            for rival in listing.entries.values():
                if not _is_rival(rival, own_remote, resource_record) or _is_younger(rival, own_remote):
                    continue
                if self._share_members(provider, remote_id, rival.id):
                    yield self._cancel(
                        provider, address, remote_id, f"a batch with people of {rival.id}, another run's,"
                    )
                    break

    def _share_members(self, provider: Provider, first_id: str, second_id: str) -> bool:
        channel = provider.channels[Route.BATCH]
        members = [remote.members for remote_id in (first_id, second_id) if (remote := channel.read(remote_id))]
        frames = [frame for frame in members if frame is not None]
        return len(frames) == 2 and len(frames[0].join(frames[1], on="number", how="semi")) > 0

    def _ensure_recorded(self, address: str, remote: Remote) -> str:
        """Its id, once the lock knows it."""
        if remote.id not in self._run.ledger.resource_record(address).remotes:
            self._run.ledger.update(address, remotes={remote.id: records.from_mark(remote)})
        return remote.id

    def _cancel(self, provider: Provider, address: str, remote_id: str, description: str) -> Finding:
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], remote_id)
        done = receipt.status is RequestStatus.DONE
        detail = "was cancelled" if done else f"could not be cancelled: {receipt.message}"
        return Finding(
            address, f"{description} ({remote_id}) {detail}", unsure=not done, withdrawn_id=remote_id if done else ""
        )

    def _confirm(self, remote_id: str) -> Iterator[Finding]:
        """The list shows the younger batch, so it would show the older: those never arrived."""
        address, resource_record = self._find_owner(remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        warning = "".join(
            {late_arrival_warning(resource_record.intents[mark]) for mark in doubts if mark in resource_record.intents}
        )
        self._run.ledger.update(
            address,
            remotes={remote_id: replace(resource_record.remotes[remote_id], doubts=())},
            intents=dict.fromkeys(mark for mark in doubts if mark in resource_record.intents),
            revoked=tuple(sorted({*resource_record.revoked, *doubts})),
        )
        yield Finding(address, f"proven: the request before {remote_id} never arrived{warning}")

    def _withdraw_doubted(self, provider: Provider, remote_id: str) -> Iterator[Finding]:
        """The list did not show it in time: taken back before it calls, and unsure until the list catches up."""
        address, resource_record = self._find_owner(remote_id)
        doubts = resource_record.remotes[remote_id].doubts
        if not doubts:
            return
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

    def _is_last_moment(self, provider: Provider, remote_id: str) -> bool:
        remote = provider.channels[Route.BATCH].read(remote_id)
        starts_at = remote.scheduled_at if remote else None
        return starts_at is None or provider.now() >= starts_at - LAST_MOMENT

    def find_unproven(self, addresses: Collection[str]) -> dict[str, list[str]]:
        """Batches created over a doubt and never proven, by provider that can show them: a run died in between."""
        unproven: dict[str, list[str]] = {}
        for address in addresses:
            resource_record = self._run.ledger.resource_record(address)
            provider = self._run.providers.get(resource_record.provider)
            for remote_id, remote_record in resource_record.remotes.items():
                if remote_record.doubts and provider is not None and remote_record.route in provider.channels:
                    unproven.setdefault(resource_record.provider, []).append(remote_id)
        return unproven

    def _doubts(self, remote_id: str) -> tuple[str, ...]:
        _, resource_record = self._find_owner(remote_id)
        return resource_record.remotes[remote_id].doubts

    def _send_time(self, remote_id: str) -> datetime:
        _, resource_record = self._find_owner(remote_id)
        sent_at = resource_record.remotes[remote_id].created_at
        assert sent_at is not None
        return sent_at

    def _find_owner(self, remote_id: str) -> tuple[str, ResourceRecord]:
        return next(
            (address, resource_record)
            for address, resource_record in self._run.ledger.lock.resources.items()
            if remote_id in resource_record.remotes
        )


def _creation_stamp(remote: Remote) -> str:
    return remote.created_at.isoformat() if remote.created_at else ""


def _is_younger(rival: Remote, own_remote: Remote) -> bool:
    if rival.created_at is None or own_remote.created_at is None:
        return False
    return rival.created_at > own_remote.created_at + STAMPS_DIFFER


def _is_rival(rival: Remote, own_remote: Remote, resource_record: ResourceRecord) -> bool:
    """Of the same project and address, alive, and unknown to this lock: by another copy of it, or, where two runs began
    a project at once, by another line of locks."""
    if not (rival.mark and own_remote.mark) or rival.cancelled or rival.id in resource_record.remotes:
        return False
    return (rival.mark.project, rival.mark.address) == (own_remote.mark.project, own_remote.mark.address)
