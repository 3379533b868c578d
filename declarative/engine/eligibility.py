"""Who may still be called in this run: people who were approved, who were not sent already, and whose time has not
passed. Makes no request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import polars as pl

from declarative.engine.results import Receipt, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.model.resource import Resource
from declarative.planning import closing, policy, resubmit
from declarative.planning.closing import CallRate
from declarative.planning.decide import Timing
from declarative.planning.plan import Task


class Eligibility:
    """Remembers the numbers that this run sent, by address, and that it called, by address and request."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._sent_numbers: defaultdict[str, list[pl.Series]] = defaultdict(list)
        self._called_numbers: defaultdict[str, dict[str, pl.Series]] = defaultdict(dict)
        self._unsure_numbers: dict[str, pl.Series] = {}
        self._rates: dict[str, CallRate] = {}

    def begin_round(self, tasks: Iterable[Task] = ()) -> None:
        """Starts a new round of the same run. People who were called in an earlier round stay excluded; people whose
        request is known not to have been done may be sent again. `tasks` are those of the plan, which tell how fast the
        batches of an address call."""
        # Protocol 10: a second round calls no one a second time, whatever the new plan says.
        called_numbers = {address: [*by_request.values()] for address, by_request in self._called_numbers.items()}
        self._sent_numbers = defaultdict(list, called_numbers)
        self._rates = {task.address: task.facts.closing.rate for task in tasks if task.facts.closing}

    def select_approved(self, address: str, recipients: pl.DataFrame, approved: pl.Series | None) -> pl.DataFrame:
        """The recipients who were approved and were not sent in this round yet. `approved` None approves no one."""
        # Protocol 10: approval narrows every request, however the facts moved since the plan was shown.
        for numbers in self._sent_numbers[address]:
            recipients = recipients.filter(~pl.col("number").is_in(numbers.implode()))
        return resubmit.only_approved(recipients, approved)

    def select_callable(self, resource: Resource, recipients: pl.DataFrame) -> pl.DataFrame:
        """The recipients whose time allows a call, and who can be begun before their calling hours end. A run may take
        hours, and calling hours may have ended since the plan was made."""
        recipients = self._select_in_hours(resource, recipients)
        is_late = self._find_late(resource, recipients, closing.SLACK)
        return recipients if is_late is None else recipients.filter(~is_late)

    def can_call_all(self, resource: Resource, recipients: pl.DataFrame, *, is_retry: bool = False) -> bool:
        """Whether every one of the recipients may be called now. The provider's own retry calls at once, so no guard
        delays it."""
        in_hours = self._select_in_hours(resource, recipients, is_retry=is_retry)
        if len(in_hours) < len(recipients) or self.find_list_failure(resource):
            return False
        if len(self.select_unlisted(resource, recipients)) < len(recipients):
            return False
        is_late = self._find_late(resource, recipients, timedelta())
        return is_late is None or not is_late.any()

    def find_list_failure(self, resource: Resource) -> str:
        """Why the do-not-call lists of a resource let nobody new be called; empty where all of them were read."""
        self._run.lists.look(self._run.provider(resource).latest_now())
        return self._run.lists.find_failure(resource)

    def select_unlisted(self, resource: Resource, recipients: pl.DataFrame) -> pl.DataFrame:
        """The recipients who were not put on a do-not-call list since the run began."""
        self._run.lists.look(self._run.provider(resource).latest_now())
        return self._run.lists.select_unlisted(resource, recipients)

    def _select_in_hours(self, resource: Resource, recipients: pl.DataFrame, *, is_retry: bool = False) -> pl.DataFrame:
        provider_time = self._run.provider(resource).latest_now()
        guard = timedelta() if is_retry else self._run.guard(resource.provider)
        timing, _ = policy.call_timing(
            resource, provider_time, guard, lambda: replace(resource.recipients.people, rows=recipients)
        )
        if isinstance(timing, Timing):
            return recipients if timing is Timing.NOW else recipients.clear()
        return recipients.join(timing.filter(timing=Timing.NOW.value), on="number", how="semi", maintain_order="left")

    def _find_late(self, resource: Resource, recipients: pl.DataFrame, slack: timedelta) -> pl.Series | None:
        """Whether each recipient is called too late; None where no calling hours end. The plan has counted those who
        wait at the provider already."""
        rate = self._rates.get(resource.address) or CallRate.of(
            resource, self._run.capabilities(resource.provider, resource.route)
        )
        provider_time, guard = self._run.provider(resource).latest_now(), self._run.guard(resource.provider)
        end = policy.find_closing(
            resource, provider_time, guard, rate, lambda: replace(resource.recipients.people, rows=recipients)
        )
        return None if end is None else end.find_late(recipients.get_column("number"), 0, slack)

    def is_expired(self, resource: Resource) -> bool:
        return resource.expires_at is not None and resource.expires_at <= self._run.provider(resource).latest_now()

    def record_sent(self, address: str, recipients: pl.DataFrame) -> None:
        """Excludes these people for the rest of this round, whatever becomes of their request."""
        self._sent_numbers[address].append(recipients.get_column("number"))

    def record_outcome(self, address: str, receipt: Receipt, recipients: pl.DataFrame) -> None:
        """Excludes called people for the rest of the run. Keeps the people of an unsure request until it is settled."""
        if receipt.status is RequestStatus.DONE:
            # A request may hold a part of a batch that was submitted before: a retry. Its people are added.
            called_numbers = self._called_numbers[address]
            numbers = recipients.get_column("number")
            earlier_numbers = called_numbers.get(receipt.remote_id)
            called_numbers[receipt.remote_id] = (
                numbers if earlier_numbers is None else pl.concat([earlier_numbers, numbers])
            )
        elif receipt.status is RequestStatus.UNSURE:
            self._unsure_numbers[receipt.mark] = recipients.get_column("number")

    def settle_unsure(self, address: str, mark: str, *, was_done: bool) -> None:
        """Excludes the people of a request that was unsure and turned out to be done."""
        numbers = self._unsure_numbers.pop(mark, None)
        if was_done and numbers is not None:
            self._called_numbers[address][mark] = numbers

    def release(self, address: str, remote_id: str) -> None:
        """Lets the people of a batch be submitted again that was taken back, and that a read proved to have called no
        one."""
        self._called_numbers[address].pop(remote_id, None)
