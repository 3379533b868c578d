"""Finds out what became of requests whose answer was lost, by reading lists once. Never waits for a doubt, never dials.

A lost batch is found by its mark, or disproved by something younger (fence.py). Where a reading shows neither,
doubts.py waits and makes something younger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from declarative import humanize
from declarative.engine import fence
from declarative.engine.listing import Listing
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.engine.sweep import Sweeper
from declarative.errors import ProviderError, Unauthorized
from declarative.model import records
from declarative.model.lock import LONGEST_GUARD, Intent, RequestKind
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.providers.base import Provider, SearchChannel

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
        self._searched: set[str] = set()
        """Marks that this run has asked for by name."""

    def settle(self, addresses: Collection[str]) -> list[Finding]:
        """Settles what one reading of each list can settle. An intent that stays open is unsure: something younger
        (doubts.py), a later list or a person must answer it."""
        findings: list[Finding] = []
        for name in self._run.providers:
            try:
                for settle_kind in (self._settle_retries, self._settle_calls, self._settle_listed_batches):
                    findings += settle_kind(name, addresses)
            except Unauthorized as error:
                if self._open_intents(name, addresses):
                    findings.append(_describe_unread("", name, error))
        return findings

    def _settle_listed_batches(self, name: str, addresses: Collection[str]) -> list[Finding]:
        """As settle_batches, with a finding for a list that cannot be read. Raises Unauthorized."""
        try:
            return self.settle_batches(name, addresses)
        except Unauthorized:
            raise
        except ProviderError as error:
            return [_describe_unread("", name, error)] if self.open_batches(name, addresses) else []

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
        # A provider that lists by agent may not list a new one yet, so those of the lost requests are named.
        agent_ids = sorted({intent.agent_id for _, intent in pending if intent.agent_id})
        listing = Listing(provider.latest_now, *provider.channels[Route.BATCH].list_pages(agent_ids))
        # Protocol 12: the list proves something only if it was read back past the oldest send.
        listing.read_until(lambda listing: listing.reaches(min(since_times)))
        findings = [
            finding
            for address, intent in pending
            if (
                finding := self._adopt_shown(address, intent, listing.entries.values())
                or self._search(provider, address, intent, listing)
                or self._disprove(address, intent, listing)
            )
        ]
        return findings + list(self._sweeper.sweep(provider, listing))

    def open_batches(self, name: str, addresses: Collection[str]) -> list[tuple[str, Intent]]:
        """Lost batches at one provider, with their addresses."""
        provider = self._run.providers[name]
        intents = [(address, intent) for address, intent in self._open_intents(name, addresses) if intent.is_batch]
        if not intents or not provider.channels[Route.BATCH].capabilities.list_ends:
            return intents
        try:
            now = provider.now()
        except ProviderError:
            return [(address, replace(intent, fence=None)) for address, intent in intents]
        return [(address, fence.without_old_fence(intent, now)) for address, intent in intents]

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
        counts = self._run.budget.release(intent.mark)
        self._run.ledger.update(address, intents={intent.mark: None}, revoked=revoked, counts=counts)
        warning = late_arrival_warning(intent)
        message = f"a request of {humanize.people(intent.count)} never arrived; they are decided anew{warning}"
        return Finding(address, message)

    def _search(self, provider: Provider, address: str, intent: Intent, listing: Listing) -> Finding | None:
        """Asks for a mark that the list does not show: once in a run, since a search may know more than a list that
        lags, and before its absence is concluded. Closes the intent where it is found. Raises ProviderError."""
        channel = provider.channels[Route.BATCH]
        if not channel.capabilities.finds_marks or not isinstance(channel, SearchChannel):
            return None
        # Protocol 5: a list that shows the younger might not show the older. That nothing is found proves nothing.
        if intent.mark in self._searched and not fence.is_disproved(intent, listing, self._run.ledger.lock):
            return None
        self._searched.add(intent.mark)
        return self._adopt_shown(address, intent, channel.find_marked(intent.mark))

    def _adopt_shown(self, address: str, intent: Intent, remotes: Iterable[Remote]) -> Finding | None:
        """Closes an intent whose mark is among what was shown. None where it is not."""
        remote_records = {
            remote.id: records.from_intent(intent, remote) for remote in remotes if str(remote.mark) == intent.mark
        }
        if not remote_records:
            return None
        self._run.ledger.update(address, intents={intent.mark: None}, remotes=remote_records)
        return Finding(address, f"a lost answer was found again by its mark: {', '.join(sorted(remote_records))}")

    def _settle_retries(self, name: str, addresses: Collection[str]) -> list[Finding]:
        """Reads each batch that has a lost retry. One that cannot be read leaves its own address unsure, and no other.
        Raises Unauthorized."""
        findings = []
        for address, intent in self._open_intents(name, addresses):
            if intent.request is not RequestKind.RETRY or intent.remote is None:
                continue
            try:
                finding = self._settle_retry(name, address, intent, intent.remote)
            except Unauthorized:
                raise
            except ProviderError as error:
                finding = _describe_unread(address, intent.remote, error)
            findings += [finding] if finding else []
        return findings

    def _settle_retry(self, name: str, address: str, intent: Intent, remote_id: str) -> Finding | None:
        # Protocol 5: a retry creates nothing that a list could show. Only a larger `retry_count` proves that it
        # arrived; the same count proves nothing, so the intent stays open.
        remote = self._run.providers[name].channels[Route.BATCH].read(remote_id)
        if remote is None or (remote.retry_count or 0) <= (intent.retry_count or 0):
            return None
        remote_record = records.refreshed(self._run.ledger.resource_record(address).remotes[remote_id], remote)
        self._run.ledger.update(address, intents={intent.mark: None}, remotes={remote_id: remote_record})
        return Finding(address, f"the retry of {remote_id} had arrived")

    def _settle_calls(self, name: str, addresses: Collection[str]) -> list[Finding]:
        """Reads the calls of each agent that has a lost call. Those of one that cannot be read stay unsure, and no
        others. Raises Unauthorized."""
        channel = self._run.providers[name].channels.get(Route.CALL)
        if channel is not None and not channel.capabilities.shows_mark:
            return []  # protocol 5: likeness proves nothing, so only a person settles these
        findings: list[Finding] = []
        unread_agents: set[str] = set()
        for poll in range(CALL_LIST_READS):
            pending: defaultdict[str, list[tuple[str, Intent]]] = defaultdict(list)
            for address, intent in self._open_intents(name, addresses):
                if intent.route is Route.CALL and intent.agent_id not in unread_agents:
                    pending[intent.agent_id].append((address, intent))
            if pending and poll:
                self._run.pause(POLL[poll])
            for agent_id, lost_calls in pending.items():
                try:
                    findings += self._adopt_calls(name, agent_id, lost_calls)
                except Unauthorized:
                    raise
                except ProviderError as error:
                    unread_agents.add(agent_id)
                    findings += [
                        _describe_unread(address, f"the calls of {agent_id or name}", error)
                        for address in dict.fromkeys(address for address, _ in lost_calls)
                    ]
        return findings

    def _adopt_calls(self, name: str, agent_id: str, lost_calls: Sequence[tuple[str, Intent]]) -> list[Finding]:
        # Protocol 5: a call that the list shows is found. One that it does not show stays unsure, since a list of calls
        # promises too little.
        provider = self._run.providers[name]
        pages = provider.channels[Route.CALL].list_pages([agent_id] if agent_id else [])
        listing = Listing(provider.latest_now, *pages)
        listing.read_until(lambda listing: listing.reaches(min(intent.sent_at for _, intent in lost_calls)))
        findings = [self._adopt_shown(address, intent, listing.entries.values()) for address, intent in lost_calls]
        return [finding for finding in findings if finding]

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


def _describe_unread(address: str, what: str, error: ProviderError) -> Finding:
    return Finding(address, f"{what} could not be read, nothing was concluded: {error.message}", unsure=True)


def late_arrival_warning(intent: Intent) -> str:
    """Asks for one more run where a lost request has a start of its own after its fence; otherwise "". The provider
    accepts such a request until its start, however late it lands, and only another run can see it."""
    if intent.scheduled_at is None or intent.fence is None or intent.scheduled_at <= intent.fence:
        return ""
    return f"; run dialctl apply once more before {humanize.when(intent.scheduled_at)}, in case it still arrives"
