"""Proves what became of requests whose answer was lost. Reads lists and writes to the ledger; sends nothing.

Two rules carry it: a list that was read without a gap back past the send time and does not show a mark, `settle` after
the send, makes its absence probable; a list that shows something younger than the request can have brought into being
shows what is older, which makes it certain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from declarative import humanize
from declarative import humanize as counting
from declarative.engine.listing import Listing
from declarative.engine.results import Finding
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.lock import LEAST_GUARD, Intent, RequestKind
from declarative.model.resource import Route
from declarative.providers.base import Provider

POLL = (1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds between looks, the last one repeated."""
LOOKS_FOR_A_CALL = 3


class Settler:
    """Works under the lease of one run. Raises Interrupted and StateError; a list that cannot be read proves nothing
    and leaves everything as unsure as it was."""

    def __init__(self, desk: RunContext) -> None:
        self._desk = desk

    def settle(self, addresses: Collection[str]) -> list[Finding]:
        """Answers the open intents of these addresses, waiting out the settle time for those that only time can answer.
        What stays open after that is unsure, and needs a list that catches up, or a person."""
        findings: list[Finding] = []
        for name, provider in self._desk.providers.items():
            try:
                findings += self._settle_at(name, provider, addresses)
            except ProviderError as error:
                if list(self._open(name, addresses)):
                    findings.append(
                        Finding("", f"{name} could not be read, nothing was concluded: {error.message}", True)
                    )
        return findings

    def _settle_at(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        findings = self._settle_retries(name, provider, addresses) + self._settle_calls(name, provider, addresses)
        if not any(intent.is_batch for _, intent in self._open(name, addresses)):
            return findings
        for turn in count():
            findings += self._look(name, provider, addresses)
            waiting = [
                self._decidable_at(intent)
                for _, intent in self._open(name, addresses)
                if intent.is_batch and not intent.absent
            ]
            if not waiting:
                break
            until = max(waiting)
            self._desk.report(f"an answer was lost; looking for it until {until:%H:%M:%S} UTC")
            left = (until - provider.now()).total_seconds()
            self._desk.pause(max(0.0, min(left, POLL[min(turn, len(POLL) - 1)])))
        return findings

    def _look(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        """One reading of the batch list, and what it says of each open submission."""
        pending = [(address, intent) for address, intent in self._open(name, addresses) if intent.is_batch]
        now = provider.now()
        since = min(intent.sent_at for _, intent in pending)
        listing = Listing(provider.now, *provider.channels[Route.BATCH].list_pages(()))
        listing.read_until(lambda read: read.reaches(since))
        return [finding for address, intent in pending for finding in self._conclude(address, intent, listing, now)]

    def _conclude(self, address: str, intent: Intent, listing: Listing, now: datetime) -> Iterator[Finding]:
        if found := self._found(address, intent, listing):
            yield found
        elif now < self._decidable_at(intent):
            return
        elif self._shows_younger(listing, intent):
            self._revoke(address, intent)
            self._desk.budget.give_back(intent.mark)
            people = counting.people(intent.count)
            yield Finding(
                address, f"a request of {people} never arrived; they are decided anew{late_arrival_warning(intent)}"
            )
        elif not intent.absent:
            self._desk.ledger.update(address, intents={intent.mark: replace(intent, absent=True)})
            self._desk.budget.give_back(intent.mark)
            yield Finding(
                address, f"a request of {counting.people(intent.count)} probably never arrived; they are decided anew"
            )

    def _found(self, address: str, intent: Intent, listing: Listing) -> Finding | None:
        """What the list shows under the mark of a lost request is its answer."""
        found = {r.id: records.from_intent(intent, r) for r in listing.seen.values() if str(r.mark) == intent.mark}
        if not found:
            return None
        self._desk.ledger.update(address, intents={intent.mark: None}, remotes=found)
        return Finding(address, f"a lost answer was found again by its mark: {', '.join(sorted(found))}")

    def _decidable_at(self, intent: Intent) -> datetime:
        """When not being listed begins to mean something: the list had `settle` to catch up, and nothing can come of
        the lost request any more."""
        return max(intent.sent_at + self._desk.project.settle, self._refused_from(intent))

    def _refused_from(self, intent: Intent) -> datetime:
        """When the provider itself refuses a lost request that is still on its way: its guard is over. One without a
        time of its own is taken whenever it lands; then `settle` is all there is."""
        if intent.scheduled_at is None:
            return intent.sent_at + self._desk.project.settle
        guard = max(self._desk.project.guard, LEAST_GUARD) + timedelta(seconds=1)
        return min(intent.scheduled_at, intent.sent_at + guard)

    def _shows_younger(self, listing: Listing, intent: Intent) -> bool:
        if intent.probe is not None:
            return intent.probe in listing.seen
        last = self._refused_from(intent)
        return any(remote.created_at and remote.created_at > last for remote in listing.seen.values())

    def _revoke(self, address: str, intent: Intent) -> None:
        """Its absence is proven; should it ever appear all the same, it is cancelled."""
        revoked = tuple(sorted({*self._desk.ledger.record(address).revoked, intent.mark}))
        self._desk.ledger.update(address, intents={intent.mark: None}, revoked=revoked)

    def _settle_retries(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        findings = []
        for address, intent in self._open(name, addresses):
            if intent.request is not RequestKind.RETRY or intent.remote is None:
                continue
            remote = provider.channels[Route.BATCH].read(intent.remote)
            if remote is None or (remote.retry_count or 0) <= (intent.retry_count or 0):
                continue
            known = records.refreshed(self._desk.ledger.record(address).remotes[intent.remote], remote)
            self._desk.ledger.update(address, intents={intent.mark: None}, remotes={intent.remote: known})
            findings.append(Finding(address, f"the retry of {intent.remote} had arrived"))
        return findings

    def _settle_calls(self, name: str, provider: Provider, addresses: Collection[str]) -> list[Finding]:
        findings: list[Finding] = []
        for turn in range(LOOKS_FOR_A_CALL):
            pending = [(a, i) for a, i in self._open(name, addresses) if i.route is Route.CALL]
            if not pending:
                break
            if turn:
                self._desk.pause(POLL[turn])
            agents = {intent.agent_id for _, intent in pending if intent.agent_id}
            listing = Listing(provider.now, *provider.channels[Route.CALL].list_pages(sorted(agents)))
            listing.read_until(lambda read: read.reaches(min(intent.sent_at for _, intent in pending)))  # noqa: B023
            for address, intent in pending:
                if found := self._found(address, intent, listing):
                    findings.append(found)
        return findings

    def _open(self, name: str, addresses: Collection[str]) -> list[tuple[str, Intent]]:
        """Those that this provider can be asked about: an api_version may have changed since, and a route be gone."""
        return [
            (address, intent)
            for address in addresses
            for intent in self._desk.ledger.record(address).intents.values()
            if self._desk.ledger.record(address).provider == name
            and intent.route in self._desk.providers[name].channels
        ]


def late_arrival_warning(intent: Intent) -> str:
    """A lost request with a later time of its own would be taken until then, however late it lands: the guard does not
    help there, and only another run can see it."""
    starts = intent.scheduled_at
    if starts is None or starts <= intent.sent_at + LEAST_GUARD + timedelta(minutes=1):
        return ""
    return f"; run dialctl apply once more before {humanize.when(starts)}, lest it lands late"
