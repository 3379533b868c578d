"""Carries out the work of a plan, address by address: cancels, then whoever may be called, each through execute.py.

Nobody is called who was not in the plan that was approved, and nobody more often than it said: `approved` narrows every
request, however the facts moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import polars as pl

from declarative import humanize as counting
from declarative.engine.execute import Executor
from declarative.engine.guard import GuardWatch
from declarative.engine.pacing import Pacer
from declarative.engine.recorder import Recorder
from declarative.engine.results import Finding, Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.engine.settle import Settler
from declarative.errors import ProviderError
from declarative.model import records
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Resource, Route
from declarative.planning import policy, resubmit
from declarative.planning.decide import Timing, Verb
from declarative.planning.facts import Facts
from declarative.planning.plan import Plan, Task

UNREAD_AFTER_CANCEL = "its people could not be read after it was cancelled; the next apply goes on from here"
READS_AFTER_CANCEL = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each look at whether a cancelled batch's people are free."""


class PlanRunner:
    """Does one plan's work. Interrupted, LeaseLost and StateError pass through; everything else becomes a Tally."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._executor = Executor(run, on_wait=self._check_guarded_batches)
        self._recorder = Recorder(run)
        self.settler = Settler(run)
        self.guard_watch = GuardWatch(run, self._executor)
        self.results: dict[str, ResourceResult] = {}
        self.findings: list[Finding] = []
        self._sent_numbers: defaultdict[str, list[pl.Series]] = defaultdict(list)
        self._called_numbers: defaultdict[str, list[pl.Series]] = defaultdict(list)
        self._unsure_numbers: dict[str, pl.Series] = {}

    def run_plan(self, plan: Plan, approved: Mapping[str, pl.Series]) -> None:
        """Plain cancels first, so that nobody is called who is on the way out; single calls last, since pacing them takes
        longer than the guard of a batch; else in the plan's order."""
        self._sent_numbers = defaultdict(
            list, {address: list(numbers) for address, numbers in self._called_numbers.items()}
        )
        tasks = sorted(plan.tasks.values(), key=_run_order)
        try:
            for task in tasks:
                result = self.results.setdefault(task.address, ResourceResult())
                try:
                    self._run_task(task, result, approved.get(task.address))
                except ProviderError as error:
                    result.problems.append(Receipt(RequestStatus.FAILED, message=error.message))
        finally:  # an interruption as well: what was created is not left unseen
            self._check_guarded_batches()

    def resolve_unsure(self) -> None:
        """Requests that were unsure when they were sent, and are answered now, are problems no more."""
        for address, result in self.results.items():
            resource_record = self._run.ledger.resource_record(address)
            ids_by_mark = {
                remote_record.mark: remote_id
                for remote_id, remote_record in resource_record.remotes.items()
                if remote_record.mark
            }
            for receipt, verb, count in [
                entry for entry in result.unsure if entry[0].mark not in resource_record.intents
            ]:
                result.unsure.remove((receipt, verb, count))
                result.problems = [problem for problem in result.problems if problem is not receipt]
                numbers = self._unsure_numbers.pop(receipt.mark, None)
                if remote_id := ids_by_mark.get(receipt.mark) or receipt.remote_id:
                    result.add_request(remote_id, verb, count)
                    self._called_numbers[address] += [] if numbers is None else [numbers]

    def _run_task(self, task: Task, result: ResourceResult, approved: pl.Series | None) -> None:
        result.unplanned = 0
        if task.unchanged:
            self._recorder.record_tombstone(task, task.facts, self._run.ledger.resource_record(task.address))
            return
        self._recorder.record_observed(task)
        facts = self._cancel_and_resubmit(task, result, approved)
        resource = task.resource
        if resource is not None and facts is not None:
            self._retry_by_request(task, resource, approved, result)
            self._submit(resource, task.to_call.filter(pl.col("verb") != Verb.REPLACE), approved, result)
        self._recorder.record_result(task, facts or task.facts, result)

    def _cancel_and_resubmit(self, task: Task, result: ResourceResult, approved: pl.Series | None) -> Facts | None:
        """Cancels batch by batch; whoever is free and still wanted is submitted again before the next is touched.
        None where it had to end: the rest stays as it is."""
        facts = task.facts
        if not task.cancels:
            return facts
        to_replace = task.to_call.filter(verb=Verb.REPLACE)
        if (
            len(to_replace)
            and task.resource is not None
            and (unknown_references := self._unknown_references(task.resource))
        ):
            result.problems.append(
                Receipt(RequestStatus.FAILED, message=f"nothing was cancelled: {'; '.join(unknown_references)}")
            )
            return None
        for remote_id in task.cancels:
            self._run.stop.check()
            remote = self._cancel(task.address, facts.remotes[remote_id], result)
            if remote is None:
                return None
            facts = replace(
                facts,
                remotes={**facts.remotes, remote_id: remote},
                resource_record=self._run.ledger.resource_record(task.address),
            )
            if len(to_replace) and task.resource is not None:
                recipients = resubmit.only_approved(
                    resubmit.recipients_to_resubmit(facts, remote), to_replace.get_column("number")
                )
                self._submit(task.resource, recipients, approved, result)
                if not result.is_clean:
                    return None
        return facts

    def _unknown_references(self, resource: Resource) -> list[str]:
        return self._run.provider(resource).unknown_references(resource.settings)

    def _cancel(self, address: str, remote: Remote, result: ResourceResult) -> Remote | None:
        """The batch as read after its cancel was answered; None where the cancel is not confirmed."""
        provider = self._run.providers[self._run.ledger.resource_record(address).provider]
        channel = provider.channels[Route.BATCH]
        receipt = self._executor.cancel(address, channel, remote.id)
        if receipt.status is not RequestStatus.DONE:
            result.problems.append(receipt)
            return None
        cancelled_remote: Remote | None = None
        for pause in READS_AFTER_CANCEL:
            self._run.sleep(pause)
            cancelled_remote = channel.read(remote.id)
            if (
                cancelled_remote is not None
                and cancelled_remote.members is not None
                and not cancelled_remote.has_phase(Phase.QUEUED)
            ):
                break
        if cancelled_remote is None or cancelled_remote.members is None:
            result.problems.append(Receipt(RequestStatus.FAILED, remote.id, UNREAD_AFTER_CANCEL))
            return None
        remote_record = records.refreshed(
            self._run.ledger.resource_record(address).remotes[remote.id], cancelled_remote
        )
        self._run.ledger.update(address, remotes={remote.id: remote_record})
        result.cancelled += len(cancelled_remote.members.filter(phase=Phase.CANCELLED))
        result.in_flight += len(cancelled_remote.members.filter(phase=Phase.IN_FLIGHT))
        return cancelled_remote

    def _retry_by_request(
        self, task: Task, resource: Resource, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """A request calls all the unreached of a batch or none: it is left to the next run unless each may be called."""
        for remote_id in task.requests:
            recipients = task.recipients_to_retry(remote_id)
            if len(self._select_approved(task.address, recipients, approved)) < len(recipients):
                result.unplanned += len(recipients)
                continue
            may_call = partial(self._can_call_all, resource, recipients, is_retry=True)
            if self._must_stop(resource, result) or not may_call():
                result.deferred += len(recipients)
                continue
            self._sent_numbers[task.address].append(recipients.get_column("number"))
            receipt = self._executor.retry(resource, task.facts.remotes[remote_id], len(recipients), may_call)
            self._record_receipt(receipt, Verb.RETRY, len(recipients), result)
            self._record_called(task.address, receipt, recipients)

    def _submit(
        self, resource: Resource, recipients: pl.DataFrame, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """Submits people in shards, those of one attempt together; single calls one by one, at their pace."""
        to_call = self._select_approved(resource.address, recipients, approved)
        result.unplanned += len(recipients) - len(to_call)
        self._sent_numbers[resource.address].append(to_call.get_column("number"))
        if resource.route is Route.CALL:
            self._check_guarded_batches()
        shard_size = self._run.capabilities(resource.provider, resource.route).max_people
        pacer = Pacer(self._run, resource)
        for (attempt,), same_attempt in to_call.partition_by("attempt", as_dict=True, maintain_order=True).items():
            for start in range(0, len(same_attempt), shard_size):
                planned_shard = same_attempt.slice(start, shard_size)
                if self._must_stop(resource, result):
                    result.deferred += len(same_attempt) - start
                    break
                self._run.progress(f"{resource.address}: {start:,} of {counting.people(len(same_attempt))} submitted")
                pacer.wait()
                self._apply_findings(self.guard_watch.check_due())
                shard = self._select_callable(resource, planned_shard)
                result.deferred += len(planned_shard) - len(shard)
                if shard.is_empty():
                    continue
                may_call = partial(self._can_call_all, resource, shard)
                receipt = self._executor.submit(
                    resource, shard.select("number", "payload"), int(str(attempt)), may_call
                )
                pacer.track(receipt.remote_id)
                for verb, count in shard.group_by("verb").len().iter_rows():
                    self._record_receipt(receipt, Verb(verb), count, result)
                self._record_called(resource.address, receipt, shard)
                if receipt.status is RequestStatus.DONE and resource.route is Route.BATCH:
                    self.guard_watch.watch(resource.provider, receipt.remote_id)

    def _record_called(self, address: str, receipt: Receipt, recipients: pl.DataFrame) -> None:
        """Whoever was called in this run is not called again by it; nor whose request was lost and turns up later."""
        if receipt.status is RequestStatus.DONE:
            self._called_numbers[address].append(recipients.get_column("number"))
        elif receipt.status is RequestStatus.UNSURE:
            self._unsure_numbers[receipt.mark] = recipients.get_column("number")

    def _select_approved(self, address: str, recipients: pl.DataFrame, approved: pl.Series | None) -> pl.DataFrame:
        """Those of them who were approved, and whom this round has not sent already, whatever the plan says."""
        for numbers in self._sent_numbers[address]:
            recipients = recipients.filter(~pl.col("number").is_in(numbers.implode()))
        return resubmit.only_approved(recipients, approved)

    def _check_guarded_batches(self) -> None:
        self._apply_findings(self.guard_watch.check_all())

    def _apply_findings(self, findings: Sequence[Finding]) -> None:
        """What was taken back was not done."""
        for finding in findings:
            if not finding.address:
                self.findings.append(finding)
                continue
            result = self.results.setdefault(finding.address, ResourceResult())
            result.undo_request(finding.withdrawn_id)
            result.findings.append(finding)

    def _can_call_all(self, resource: Resource, recipients: pl.DataFrame, *, is_retry: bool = False) -> bool:
        return len(self._select_callable(resource, recipients, is_retry=is_retry)) == len(recipients)

    def _select_callable(self, resource: Resource, recipients: pl.DataFrame, *, is_retry: bool = False) -> pl.DataFrame:
        """Who of them may still be called: a run may take hours, and a window may have closed since the plan was made.
        A provider's own retry calls at once."""
        provider_time = self._run.provider(resource).now()
        resource_record = self._run.ledger.resource_record(resource.address)
        guard = timedelta() if is_retry else resource_record.guard(self._run.project.guard)
        timing, _ = policy.call_timing(resource, provider_time, guard, lambda: recipients)
        if isinstance(timing, Timing):
            return recipients if timing is Timing.NOW else recipients.clear()
        return recipients.join(timing.filter(timing=Timing.NOW.value), on="number", how="semi", maintain_order="left")

    def _must_stop(self, resource: Resource, result: ResourceResult) -> bool:
        if resource.provider in self._executor.stopped_providers:
            return True
        expired = resource.expires_at and resource.expires_at <= self._run.provider(resource).now()
        if expired:
            result.problems.append(
                Receipt(RequestStatus.FAILED, message="expires_at passed while this ran; whoever is left is not called")
            )
        failures = [receipt for receipt in result.problems if receipt.status is RequestStatus.FAILED]
        return bool(expired) or any(resource.route is Route.BATCH or receipt.final for receipt in failures)

    def _record_receipt(self, receipt: Receipt, verb: Verb, count: int, result: ResourceResult) -> None:
        if receipt.status is RequestStatus.DONE:
            result.add_request(receipt.remote_id, verb, count)
        elif receipt not in result.problems:
            result.problems.append(receipt)
        if receipt.status is RequestStatus.UNSURE:
            result.unsure.append((receipt, verb, count))
        if receipt.status is RequestStatus.OUT_OF_FUNDS:
            result.deferred += count


def _run_order(task: Task) -> int:
    if task.to_call.is_empty() and not task.requests:
        return 0
    return 1 if task.resource is None or task.resource.route is Route.BATCH else 2
