"""Takes back a batch that its list did not show before its guard ended, and lengthens the guard of that list. Cancels
through execute.py; never dials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from declarative import humanize
from declarative.engine.cancel import cancel_batch, read_cancelled
from declarative.engine.execute import Executor
from declarative.engine.results import Finding, Receipt, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model.history import PeopleCounts
from declarative.model.lock import LONGEST_GUARD
from declarative.model.remote import Phase

LAST_MOMENT = timedelta(seconds=30)
"""How long before its first call a batch is taken back that the list does not show. A quarter of a shorter guard."""
CANCEL_TIME = timedelta(seconds=10)
"""How long a cancel may take. An eighth of a shorter guard."""
UNKNOWN_TIME = datetime(9000, 1, 1, tzinfo=UTC)
"""Later than the end of every guard."""
NOT_SHOWN = LONGEST_GUARD * 2
"""The guard that the lock remembers of a list that did not show a batch within LONGEST_GUARD."""


@dataclass(frozen=True)
class WatchedBatch:
    """A batch of this run whose guard has not ended."""

    address: str
    """The address that it belongs to."""
    remote_id: str
    """Its id at the provider."""
    sent_at: datetime
    """When its request was sent, by the provider's clock."""
    starts_at: datetime
    """When it starts to call."""
    guard: timedelta
    """The guard that it was sent with."""

    @property
    def look_until(self) -> datetime:
        """When looking ends: a while before the first call, and an hour after the send at the latest."""
        # Protocol 7: what is not proven by then is cancelled, and the cancel must help. So no look lasts to the end.
        look_ends = min(self.starts_at, self.sent_at + LONGEST_GUARD)
        return look_ends - min(LAST_MOMENT, (look_ends - self.sent_at) / 4)

    @property
    def last_look_until(self) -> datetime:
        """When the last look must be over: just before the first call."""
        return self.starts_at - min(CANCEL_TIME, self.guard / 8)

    @property
    def last_quarter(self) -> datetime:
        """When the last quarter of the guard begins."""
        return self.sent_at + self.guard * 3 / 4

    @property
    def next_guard(self) -> timedelta:
        """Twice the time that the list had to show it. NOT_SHOWN where that was the longest guard."""
        had = min(self.starts_at - self.sent_at, LONGEST_GUARD)
        if had >= LONGEST_GUARD:
            return NOT_SHOWN
        return min(2 * (self.guard if had <= self.guard + timedelta(seconds=2) else had), LONGEST_GUARD)


@dataclass(frozen=True)
class Withdrawal:
    """A batch that was taken back. What it called is read later, so that no other one is kept from being cancelled."""

    provider: str
    """The name of its provider."""
    batch: WatchedBatch
    """The batch."""
    description: str
    """Why it was taken back."""
    scratch: ResourceResult
    """What went wrong with the cancel."""
    receipt: Receipt | None
    """The cancel, where the provider took it."""
    list_lags: bool
    """Whether the list was read to the last."""


class Withdrawer:
    """Works under the lease of one run. Raises StateError and LeaseLost."""

    def __init__(self, run: RunContext, executor: Executor) -> None:
        self._run = run
        self._executor = executor

    def take_back(self, name: str, batch: WatchedBatch, *, list_lags: bool) -> Withdrawal:
        """Cancels a batch that the list did not show in time. `list_lags`: the list was read to the last, so the guard
        is too short for it."""
        what = f"the list of {name} did not show {batch.remote_id} {self._span(name, batch)}"
        scratch = ResourceResult()
        receipt = cancel_batch(self._run, self._executor, batch.address, batch.remote_id, scratch)
        return Withdrawal(name, batch, what, scratch, receipt, list_lags)

    def conclude(self, withdrawal: Withdrawal) -> Finding:
        """Reads whether a batch that was taken back called anybody."""
        name, batch = withdrawal.provider, withdrawal.batch
        address, what, scratch = batch.address, withdrawal.description, withdrawal.scratch
        remote_record = self._run.ledger.resource_record(address).remotes[batch.remote_id]
        receipt = withdrawal.receipt
        remote = read_cancelled(self._run, address, batch.remote_id, receipt.read_before, scratch) if receipt else None
        if remote is None or remote.members is None:
            problem = "".join(f"; {receipt.message}" for receipt in scratch.problems)
            return Finding(address, f"{what}{problem}; whether it calls anybody is not known", unsure=True)
        called = len(remote.members) - len(remote.members.filter(phase=Phase.CANCELLED))
        if called:
            message = f"{what}; it was cancelled, and {humanize.people(called)} of it may have been called"
            return Finding(address, message, unsure=True)
        # Its people were neither called nor taken off: they are submitted again.
        counts = self._run.budget.release(remote_record.mark or "")
        self._run.ledger.update(address, counts=counts + PeopleCounts(people_taken_off=-len(remote.members)))
        guard = self._raise_guard(name, batch) if withdrawal.list_lags else self._run.guard(name)
        hopeless = guard > LONGEST_GUARD
        follow_up = (
            "nobody is called there until it does"
            if hopeless
            else f"its people are sent again with a guard of {guard.total_seconds() / 60:,.0f} minutes"
        )
        message = f"{what}; it was taken back, nobody of it was called; {follow_up}"
        return Finding(address, message, unsure=hopeless, withdrawn_id=batch.remote_id, people_are_free=True)

    def _span(self, name: str, batch: WatchedBatch) -> str:
        """How long the list had, in words."""
        if (provider_time := read_time(self._run, name)) == UNKNOWN_TIME:
            return "while its time could be asked for"
        seconds = (provider_time - batch.sent_at).total_seconds()
        return f"within {seconds:,.0f} seconds of its creation" if seconds < 600 else f"in {seconds / 60:,.0f} minutes"

    def _raise_guard(self, name: str, batch: WatchedBatch) -> timedelta:
        # Protocol 7: a list that lags proves nothing. The next batch waits longer before it calls.
        guard = max(batch.next_guard, timedelta(seconds=self._run.ledger.lock.guards.get(name, 0)))
        self._run.ledger.set_guard(name, int(guard.total_seconds()))
        return guard


def read_time(run: RunContext, name: str) -> datetime:
    """The provider's time. UNKNOWN_TIME where it cannot be asked for: then every look counts as the last one."""
    try:
        return run.providers[name].latest_now()
    except ProviderError:
        return UNKNOWN_TIME
