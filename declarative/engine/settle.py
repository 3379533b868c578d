"""Finds out what became of requests whose answer was lost. Reads lists and writes to the ledger; sends nothing.

Absence is probable when a list was read without a gap back past the send time, `settle` after the send, and does not
show the mark. Absence is proven when the list also shows something younger than the request could have created: a list
that shows the younger shows the older.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from declarative import humanize
from declarative.engine.listing import Listing
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.lock import MIN_GUARD, Intent, RequestKind
from declarative.model.resource import Route
from declarative.providers.base import Provider

POLL = (1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds to wait between two reads of a list; the last one repeats."""
CALL_LIST_READS = 3
"""How often the list of calls is read for a lost call. Such a list proves no absence, so waiting longer is no use."""


class Settler:
    """Works under the lease of one run. Raises Interrupted, LeaseLost and StateError. A list that cannot be read leaves
    every intent as unsure as it was."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    def settle(self, addresses: Collection[str]) -> list[Finding]:
        """Settles the open intents of these addresses. Waits for the settle time of lost batches. An intent that stays
        open after that is unsure: a later list or a person must answer it."""
        findings: list[Finding] = []
        for name, provider in self._run.providers.items():
            try:
                findings += self._settle_provider(name, provider, addresses)
            except ProviderError as error:
                if list(self._open_intents(name, addresses)):
                    findings.append(
                        Finding("", f"{name} could not be read, nothing was concluded: {error.message}", True)
                    )
        return findings

    def _settle_provider(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        """Polls the batch list until every lost batch is found, proven absent or probably absent."""
        findings = self._settle_retries(name, provider, addresses) + self._settle_calls(name, provider, addresses)
        if not any(intent.is_batch for _, intent in self._open_intents(name, addresses)):
            return findings
        for poll in count():
            findings += self._settle_batches(name, provider, addresses)
            decision_times = [
                self._decision_time(intent)
                for _, intent in self._open_intents(name, addresses)
                if intent.is_batch and not intent.absent
            ]
            if not decision_times:
                break
            deadline = max(decision_times)
            self._run.progress(f"an answer was lost; looking for it until {deadline:%H:%M:%S} UTC")
            remaining = (deadline - provider.now()).total_seconds()
            self._run.pause(max(0.0, min(remaining, POLL[min(poll, len(POLL) - 1)])))
        return findings

    def _settle_batches(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        """Reads the batch list once and settles each lost batch by it."""
        pending = [(address, intent) for address, intent in self._open_intents(name, addresses) if intent.is_batch]
        provider_time = provider.now()
        since = min(intent.sent_at for _, intent in pending)
        listing = Listing(provider.now, *provider.channels[Route.BATCH].list_pages(()))
        # Protocol 12: the list proves something only if it was read back past the oldest send.
        listing.read_until(lambda listing: listing.reaches(since))
        return [
            finding
            for address, intent in pending
            for finding in self._settle_submission(address, intent, listing, provider_time)
        ]

    def _settle_submission(
        self, address: str, intent: Intent, listing: Listing, provider_time: datetime
    ) -> Iterator[Finding]:
        """Settles one lost batch by one reading of the list that began at `provider_time`."""
        if finding := self._adopt_listed(address, intent, listing):
            yield finding
        elif provider_time < self._decision_time(intent):
            return
        elif self._has_younger(listing, intent):
            # Protocol 5: absence is proven, so the people are free and the mark is revoked.
            self._revoke(address, intent)
            self._run.budget.release(intent.mark)
            warning = late_arrival_warning(intent)
            message = f"a request of {humanize.people(intent.count)} never arrived; they are decided anew{warning}"
            yield Finding(address, message)
        elif not intent.absent:
            # Protocol 5: absence is only probable. The intent stays, and a batch sent in its place is guarded by it.
            self._run.ledger.update(address, intents={intent.mark: replace(intent, absent=True)})
            self._run.budget.release(intent.mark)
            message = f"a request of {humanize.people(intent.count)} probably never arrived; they are decided anew"
            yield Finding(address, message)

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

    def _decision_time(self, intent: Intent) -> datetime:
        """When a missing entry begins to mean something: the list had the settle time to catch up, and the lost request
        can no longer create anything."""
        return max(intent.sent_at + self._run.project.settle, self._refusal_time(intent))

    def _refusal_time(self, intent: Intent) -> datetime:
        """When the provider starts to refuse a lost request that is still on its way, because its guard is over."""
        # Protocol 6: a request whose start has passed is refused. One without a start of its own is accepted whenever
        # it lands, so only the settle time is left.
        if intent.scheduled_at is None:
            return intent.sent_at + self._run.project.settle
        guard = max(self._run.project.guard, MIN_GUARD) + timedelta(seconds=1)
        return min(intent.scheduled_at, intent.sent_at + guard)

    def _has_younger(self, listing: Listing, intent: Intent) -> bool:
        """Whether the list shows something younger than the request could have created: the probe, or any entry."""
        if intent.probe is not None:
            return intent.probe in listing.entries
        refusal_time = self._refusal_time(intent)
        return any(remote.created_at and remote.created_at > refusal_time for remote in listing.entries.values())

    def _revoke(self, address: str, intent: Intent) -> None:
        """Closes an intent whose absence is proven. A batch that appears with its mark later is cancelled."""
        revoked = tuple(sorted({*self._run.ledger.resource_record(address).revoked, intent.mark}))
        self._run.ledger.update(address, intents={intent.mark: None}, revoked=revoked)

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
            listing = Listing(provider.now, *provider.channels[Route.CALL].list_pages(sorted(agent_ids)))
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
    """Asks for one more run where a lost request has a start of its own, later than any guard; otherwise "". The
    provider accepts such a request until its start, however late it lands, and only another run can see it."""
    scheduled_at = intent.scheduled_at
    if scheduled_at is None or scheduled_at <= intent.sent_at + MIN_GUARD + timedelta(minutes=1):
        return ""
    return f"; run dialctl apply once more before {humanize.when(scheduled_at)}, in case it still arrives"
