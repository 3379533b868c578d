"""Finds out what became of requests whose answer was lost, by reading lists once. Never waits for a doubt, never dials.

A lost batch is found by its mark, or disproved by something younger (fence.py). Where a reading shows neither,
doubts.py waits and makes something younger.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from declarative import humanize
from declarative.engine import fence
from declarative.engine.listing import Listing
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.engine.sweep import Sweeper
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.lock import LONGEST_GUARD, Intent, RequestKind
from declarative.model.resource import Route
from declarative.providers.base import Provider

POLL = (1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds to wait between two reads of a list; the last one repeats."""
CALL_LIST_READS = 3
"""How often the list of calls is read for a lost call. Such a list proves no absence, so waiting longer is no use."""


class Settler:
    """Works under the lease of one run. Raises Interrupted, LeaseLost and StateError. A list that cannot be read leaves
    every intent as unsure as it was."""

    def __init__(self, run: RunContext, sweeper: Sweeper) -> None:
        self._run = run
        self._sweeper = sweeper

    def settle(self, addresses: Collection[str]) -> list[Finding]:
        """Settles what one reading of each list can settle. An intent that stays open is unsure: something younger
        (doubts.py), a later list or a person must answer it."""
        findings: list[Finding] = []
        for name, provider in self._run.providers.items():
            try:
                findings += self._settle_retries(name, provider, addresses)
                findings += self._settle_calls(name, provider, addresses)
                findings += self.settle_batches(name, addresses)
            except ProviderError as error:
                if list(self._open_intents(name, addresses)):
                    findings.append(
                        Finding("", f"{name} could not be read, nothing was concluded: {error.message}", True)
                    )
        return findings

    def settle_batches(self, name: str, addresses: Collection[str]) -> list[Finding]:
        """Reads the batch list of one provider once and settles each lost batch by it. Reads nothing where none is lost
        and no list probe can be left. Raises ProviderError."""
        provider = self._run.providers[name]
        pending = self.open_batches(name, addresses)
        since_times = [intent.sent_at for _, intent in pending]
        if (probe_time := self._recent_probe_time(name)) is not None:
            since_times.append(probe_time)
        if not since_times:
            return []
        listing = Listing(provider.latest_now, *provider.channels[Route.BATCH].list_pages(()))
        # Protocol 12: the list proves something only if it was read back past the oldest send.
        listing.read_until(lambda listing: listing.reaches(min(since_times)))
        findings = [
            finding
            for address, intent in pending
            if (finding := self._adopt_listed(address, intent, listing) or self._disprove(address, intent, listing))
        ]
        return findings + list(self._sweeper.sweep(provider, listing))

    def open_batches(self, name: str, addresses: Collection[str]) -> list[tuple[str, Intent]]:
        """Lost batches at one provider, with their addresses."""
        return [(address, intent) for address, intent in self._open_intents(name, addresses) if intent.is_batch]

    def _recent_probe_time(self, name: str) -> datetime | None:
        """When the last list probe was sent, if it may still be waiting for its start. None otherwise."""
        sent_at = self._run.ledger.lock.probes.get(name)
        has_list = Route.BATCH in self._run.providers[name].channels
        if sent_at is None or not has_list or self._run.providers[name].now() > sent_at + LONGEST_GUARD:
            return None
        return sent_at

    def _disprove(self, address: str, intent: Intent, listing: Listing) -> Finding | None:
        """Closes an intent that the list disproves. None where it does not."""
        if not fence.is_disproved(intent, listing, self._run.ledger.lock):
            return None
        # Protocol 5: its absence is proven, so the people are decided anew. The mark is revoked: a batch that appears
        # with it later is cancelled.
        revoked = tuple(sorted({*self._run.ledger.resource_record(address).revoked, intent.mark}))
        self._run.ledger.update(address, intents={intent.mark: None}, revoked=revoked)
        self._run.budget.release(intent.mark)
        warning = late_arrival_warning(intent)
        message = f"a request of {humanize.people(intent.count)} never arrived; they are decided anew{warning}"
        return Finding(address, message)

    def _adopt_listed(self, address: str, intent: Intent, listing: Listing) -> Finding | None:
        """Closes an intent whose mark the list shows. None where it does not show it."""
        remote_records = {
            remote.id: records.from_intent(intent, remote)
            for remote in listing.entries.values()
            if str(remote.mark) == intent.mark
        }
        if not remote_records:
            return None
        self._run.ledger.update(address, intents={intent.mark: None}, remotes=remote_records)
        return Finding(address, f"a lost answer was found again by its mark: {', '.join(sorted(remote_records))}")

    def _settle_retries(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        # Protocol 5: a retry creates nothing that a list could show. Only a larger `retry_count` proves that it
        # arrived; the same count proves nothing, so the intent stays open.
        findings = []
        for address, intent in self._open_intents(name, addresses):
            if intent.request is not RequestKind.RETRY or intent.remote is None:
                continue
            remote = provider.channels[Route.BATCH].read(intent.remote)
            if remote is None or (remote.retry_count or 0) <= (intent.retry_count or 0):
                continue
            remote_record = records.refreshed(self._run.ledger.resource_record(address).remotes[intent.remote], remote)
            self._run.ledger.update(address, intents={intent.mark: None}, remotes={intent.remote: remote_record})
            findings.append(Finding(address, f"the retry of {intent.remote} had arrived"))
        return findings

    def _settle_calls(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        # Protocol 5: a call that the list shows is found. One that it does not show stays unsure, since a list of calls
        # promises too little (cartesia.md 6, callingbox.md 2.5).
        findings: list[Finding] = []
        for poll in range(CALL_LIST_READS):
            pending = [
                (address, intent)
                for address, intent in self._open_intents(name, addresses)
                if intent.route is Route.CALL
            ]
            if not pending:
                break
            if poll:
                self._run.pause(POLL[poll])
            agent_ids = {intent.agent_id for _, intent in pending if intent.agent_id}
            listing = Listing(provider.latest_now, *provider.channels[Route.CALL].list_pages(sorted(agent_ids)))
            listing.read_until(lambda listing: listing.reaches(min(intent.sent_at for _, intent in pending)))  # noqa: B023
            for address, intent in pending:
                if finding := self._adopt_listed(address, intent, listing):
                    findings.append(finding)
        return findings

    def _open_intents(self, name: str, addresses: Collection[str]) -> list[tuple[str, Intent]]:
        """Open intents, with their addresses, that this provider can answer. An api_version may have changed since the
        request was sent, and its route may be gone."""
        return [
            (address, intent)
            for address in addresses
            for intent in self._run.ledger.resource_record(address).intents.values()
            if self._run.ledger.resource_record(address).provider == name
            and intent.route in self._run.providers[name].channels
        ]


def late_arrival_warning(intent: Intent) -> str:
    """Asks for one more run where a lost request has a start of its own after its fence; otherwise "". The provider
    accepts such a request until its start, however late it lands, and only another run can see it."""
    if intent.scheduled_at is None or intent.fence is None or intent.scheduled_at <= intent.fence:
        return ""
    return f"; run dialctl apply once more before {humanize.when(intent.scheduled_at)}, in case it still arrives"
