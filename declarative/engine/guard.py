"""Looks after batches that were just created: no twin, nothing revoked, every doubt proven, or else taken back before
it rings. Reads lists, writes to the ledger, and cancels through execute.py; never dials.
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
from declarative.model.lock import LEAST_GUARD, ResourceRecord
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

    def __init__(self, desk: RunContext, executor: Executor) -> None:
        self._desk = desk
        self._executor = executor
        self._created: dict[str, list[str]] = {}

    def created(self, provider: str, key: str) -> None:
        """A batch to be looked after before its guard ends."""
        self._created.setdefault(provider, []).append(key)

    def look_in_time(self) -> list[Finding]:
        """One reading of a list shows whatever was created there. Called before every request that dials, so that each
        batch is looked after before its own guard ends, however long the next request takes."""
        old = max(self._desk.project.guard, LEAST_GUARD) / 4
        return [
            finding
            for name, keys in list(self._created.items())
            if self._desk.providers[name].now() - self._sent_at(keys[0]) >= old
            for finding in self.look_after(name, self._created.pop(name))
        ]

    def look_after_all(self) -> list[Finding]:
        return [finding for name in list(self._created) for finding in self.look_after(name, self._created.pop(name))]

    def look_after(self, name: str, sent: Sequence[str]) -> list[Finding]:
        """Reads the list once more after batches were created: a second batch of ours with the same mark, and whatever
        bears a revoked mark, is cancelled; what was created over a doubt is kept only once the list shows it."""
        provider = self._desk.providers[name]
        findings: list[Finding] = []
        try:
            for finding in self._looked_after(provider, set(sent)):
                findings.append(finding)
        except ProviderError as error:
            findings.append(Finding("", f"{name} could not be read once more for twins: {error.message}"))
            findings += [finding for key in sent for finding in self._withdraw_doubted(provider, key)]
        return findings

    def _looked_after(self, provider: Provider, sent: set[str]) -> Iterator[Finding]:
        since = min(self._sent_at(key) for key in sent)
        for turn in count():
            listing = Listing(provider.now, *provider.channels[Route.BATCH].list_pages(()))
            listing.read_until(lambda read: read.reaches(since))
            yield from self._cancel_twins(provider, listing, sent)
            for key in sent:
                yield from self._yield_to_late_arrival(provider, listing, key)
            yield from self._withdraw_overlapping(provider, listing, sent)
            unseen = [key for key in sent if self._doubts(key) and key not in listing.seen]
            for key in [key for key in sent if self._doubts(key) and key in listing.seen]:
                yield from self._confirm(key)
            if not unseen:
                return
            ending = [key for key in unseen if self._desk.stop.asked or self._is_last_moment(provider, key)]
            for key in ending:
                yield from self._withdraw_doubted(provider, key)
                sent.discard(key)
            self._desk.report("waiting for the provider's list to show the new batch")
            self._desk.sleep(POLL[min(turn, len(POLL) - 1)])

    def _cancel_twins(self, provider: Provider, listing: Listing, sent: Collection[str]) -> Iterator[Finding]:
        """The younger gives way; where their stamps are equal, ours: the other's run may have looked and gone."""
        by_mark: dict[str, list[Remote]] = {}
        for remote in listing.seen.values():
            if remote.mark and not remote.cancelled:
                by_mark.setdefault(str(remote.mark), []).append(remote)
        for address, record in list(self._desk.ledger.lock.resources.items()):
            ours = {known.mark for known in record.remotes.values() if known.mark}
            for mark in ours & set(by_mark):
                oldest, *twins = sorted(
                    by_mark[mark], key=lambda remote: (_stamp(remote), remote.id in sent, remote.id)
                )
                if twins:
                    self._known(address, oldest)
                for twin in twins:
                    yield self._cancel(
                        provider, address, self._known(address, twin), "a second batch with the same people"
                    )
            for mark in set(record.revoked) & set(by_mark):
                for late in by_mark[mark]:
                    yield self._cancel(
                        provider, address, self._known(address, late), "a request that was given up and arrived late"
                    )

    def _yield_to_late_arrival(self, provider: Provider, listing: Listing, key: str) -> Iterator[Finding]:
        """The request that was probably lost had arrived after all: it is adopted, and what was created over the doubt
        is taken back."""
        address, record = self._owner(key)
        doubts = record.remotes[key].doubts
        arrived = [remote for remote in listing.seen.values() if str(remote.mark) in doubts]
        if not arrived:
            return
        marks = {str(remote.mark) for remote in arrived}
        lost = record.intents
        known = {
            remote.id: records.from_intent(lost[str(remote.mark)], remote)
            if str(remote.mark) in lost
            else records.from_mark(remote)
            for remote in arrived
        }
        ours = replace(record.remotes[key], doubts=tuple(mark for mark in doubts if mark not in marks))
        intents = dict.fromkeys(mark for mark in marks if mark in lost)
        self._desk.ledger.update(address, remotes={**known, key: ours}, intents=intents)
        yield self._cancel(provider, address, key, f"a batch with the people of {', '.join(sorted(known))}")

    def _withdraw_overlapping(self, provider: Provider, listing: Listing, sent: Collection[str]) -> Iterator[Finding]:
        """A run with another copy of the lock may have submitted the same people under another mark. What is known from
        a mark alone is not ours to cancel, so ours gives way, unless the other is surely younger: then its own run sees
        ours. Should both give way, the next run submits again."""
        for key in [key for key in sent if key in listing.seen and not listing.seen[key].cancelled]:
            address, record = self._owner(key)
            ours = listing.seen[key]
            for stranger in listing.seen.values():
                if not _is_stranger(stranger, ours, record) or _is_younger(stranger, ours):
                    continue
                if self._share_people(provider, key, stranger.id):
                    yield self._cancel(provider, address, key, f"a batch with people of {stranger.id}, another run's,")
                    break

    def _share_people(self, provider: Provider, one: str, other: str) -> bool:
        channel = provider.channels[Route.BATCH]
        members = [remote.members for key in (one, other) if (remote := channel.read(key))]
        frames = [frame for frame in members if frame is not None]
        return len(frames) == 2 and len(frames[0].join(frames[1], on="number", how="semi")) > 0

    def _known(self, address: str, remote: Remote) -> str:
        """Its id, once the lock knows it."""
        if remote.id not in self._desk.ledger.record(address).remotes:
            self._desk.ledger.update(address, remotes={remote.id: records.from_mark(remote)})
        return remote.id

    def _cancel(self, provider: Provider, address: str, remote_id: str, what: str) -> Finding:
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], remote_id)
        done = receipt.result is RequestStatus.DONE
        fate = "was cancelled" if done else f"could not be cancelled: {receipt.message}"
        return Finding(address, f"{what} ({remote_id}) {fate}", unsure=not done, undone=remote_id if done else "")

    def _confirm(self, key: str) -> Iterator[Finding]:
        """The list shows the younger batch, so it would show the older: those never arrived."""
        address, record = self._owner(key)
        doubts = record.remotes[key].doubts
        late = "".join({late_arrival_warning(record.intents[mark]) for mark in doubts if mark in record.intents})
        self._desk.ledger.update(
            address,
            remotes={key: replace(record.remotes[key], doubts=())},
            intents=dict.fromkeys(mark for mark in doubts if mark in record.intents),
            revoked=tuple(sorted({*record.revoked, *doubts})),
        )
        yield Finding(address, f"proven: the request before {key} never arrived{late}")

    def _withdraw_doubted(self, provider: Provider, key: str) -> Iterator[Finding]:
        """The list did not show it in time: taken back before it rings, and unsure until the list catches up."""
        address, record = self._owner(key)
        doubts = record.remotes[key].doubts
        if not doubts:
            return
        receipt = self._executor.cancel(address, provider.channels[Route.BATCH], key)
        done = receipt.result is RequestStatus.DONE
        if done:
            probes = {mark: replace(record.intents[mark], probe=key) for mark in doubts if mark in record.intents}
            known = self._desk.ledger.record(address).remotes[key]
            self._desk.ledger.update(address, remotes={key: replace(known, doubts=())}, intents=probes)
        fate = "it was taken back before it rang" if done else f"and it could not be taken back: {receipt.message}"
        message = f"the list did not show {key} in time; {fate}"
        yield Finding(address, message, unsure=True, undone=key if done else "")

    def _is_last_moment(self, provider: Provider, key: str) -> bool:
        remote = provider.channels[Route.BATCH].read(key)
        starts = remote.scheduled_at if remote else None
        return starts is None or provider.now() >= starts - LAST_MOMENT

    def unproven(self, addresses: Collection[str]) -> dict[str, list[str]]:
        """Batches created over a doubt and never proven, by provider that can show them: a run died in between."""
        found: dict[str, list[str]] = {}
        for address in addresses:
            record = self._desk.ledger.record(address)
            provider = self._desk.providers.get(record.provider)
            for key, known in record.remotes.items():
                if known.doubts and provider is not None and known.route in provider.channels:
                    found.setdefault(record.provider, []).append(key)
        return found

    def _doubts(self, key: str) -> tuple[str, ...]:
        _, record = self._owner(key)
        return record.remotes[key].doubts

    def _sent_at(self, key: str) -> datetime:
        _, record = self._owner(key)
        stamp = record.remotes[key].created_at
        assert stamp is not None
        return stamp

    def _owner(self, key: str) -> tuple[str, ResourceRecord]:
        return next((a, r) for a, r in self._desk.ledger.lock.resources.items() if key in r.remotes)


def _stamp(remote: Remote) -> str:
    return remote.created_at.isoformat() if remote.created_at else ""


def _is_younger(stranger: Remote, ours: Remote) -> bool:
    if stranger.created_at is None or ours.created_at is None:
        return False
    return stranger.created_at > ours.created_at + STAMPS_DIFFER


def _is_stranger(stranger: Remote, ours: Remote, record: ResourceRecord) -> bool:
    """Of the same project and address, alive, and unknown to this lock: by another copy of it, or, where two runs began
    a project at once, by another line of locks."""
    if not (stranger.mark and ours.mark) or stranger.cancelled or stranger.id in record.remotes:
        return False
    return (stranger.mark.project, stranger.mark.address) == (ours.mark.project, ours.mark.address)
