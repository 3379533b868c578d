"""Does the work of a plan, address by address: cancels first, then calls. Each request is made by execute.py.

No one is called who was not in the plan that was approved, and no one more often than the plan said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from declarative.engine import cancel
from declarative.engine.doubts import DoubtResolver
from declarative.engine.eligibility import Eligibility
from declarative.engine.execute import Executor
from declarative.engine.guard import GuardWatch
from declarative.engine.pacing import Pacer
from declarative.engine.recorder import Recorder
from declarative.engine.repeat import Repeater
from declarative.engine.results import Finding, Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.engine.settle import Settler
from declarative.engine.sweep import Sweeper
from declarative.errors import ProviderError
from declarative.humanize import people
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts
from declarative.planning.membership import find_unreadable
from declarative.planning.plan import Plan, Task
from declarative.planning.shards import cut_shards

EXPIRED = "expires_at passed during this run; the people who are left are not called"


class PlanRunner:
    """Runs the plans of one apply. `resources` holds what the manifests want, by address. Interrupted, LeaseLost and
    StateError pass through; every other failure is recorded in a ResourceResult."""

    def __init__(self, run: RunContext, resources: Mapping[str, Resource]) -> None:
        self._run = run
        self._executor = Executor(run, on_wait=self.check_guarded_batches)
        self._recorder = Recorder(run)
        self._eligibility = Eligibility(run)
        self._sweeper = Sweeper(run, self._executor)
        self._guard_watch = GuardWatch(run, self._executor, self._sweeper)
        self.settler = Settler(run, self._sweeper)
        self.repeater = Repeater(run, self._executor, self._eligibility, self._guard_watch)
        self.doubts = DoubtResolver(run, self.settler, resources, on_wait=self.check_guarded_batches)
        self.results: dict[str, ResourceResult] = {}
        self.findings: list[Finding] = []

    def run_plan(self, plan: Plan, approved: Mapping[str, pl.Series]) -> None:
        """Runs one round: every task of the plan. `approved` holds, by address, the numbers that may be called."""
        self._eligibility.begin_round(plan.tasks.values())
        try:
            for task in sorted(plan.tasks.values(), key=_run_order):
                result = self.results.setdefault(task.address, ResourceResult())
                try:
                    self._run_task(task, result, approved.get(task.address))
                except ProviderError as error:
                    result.problems.append(Receipt(RequestStatus.FAILED, message=error.message))
        finally:
            # Protocol 7: an interrupted run checks its new batches too, or their guards would end unwatched.
            self.check_guarded_batches()

    def resolve_unsure(self) -> None:
        """Drops the problems of requests that were unsure when they were sent and have been settled since. Those that
        turned out to be done count as done."""
        for address, result in self.results.items():
            resource_record = self._run.ledger.resource_record(address)
            ids_by_mark = _ids_by_mark(resource_record)
            for receipt, verb, count in list(result.unsure):
                if receipt.mark in resource_record.intents:
                    continue
                result.close_unsure(receipt)
                remote_id = ids_by_mark.get(receipt.mark) or receipt.remote_id
                self._eligibility.settle_unsure(address, receipt.mark, was_done=bool(remote_id))
                if remote_id:
                    result.add_request(remote_id, verb, count)

    def _run_task(self, task: Task, result: ResourceResult, approved: pl.Series | None) -> None:
        result.unplanned = result.taken_back = 0
        if task.unchanged:
            self._recorder.record_tombstone(task, task.facts, self._run.ledger.resource_record(task.address))
            return
        self._recorder.record_observed(task)
        facts = self._cancel_and_resubmit(task, result, approved)
        if task.blocked:
            return
        resource = task.resource
        if resource is not None and facts is not None:
            self._retry_by_request(task, resource, approved, result)
            self._submit(resource, task.to_call.filter(pl.col("verb") != Verb.REPLACE), approved, result)
        self._recorder.record_result(task, facts or task.facts, result)

    def _cancel_and_resubmit(self, task: Task, result: ResourceResult, approved: pl.Series | None) -> Facts | None:
        """Cancels batch by batch. The people who are free and still wanted are submitted again before the next batch
        is cancelled. Returns the facts after the cancels; None where one failed."""
        facts = task.facts
        can_move = cancel.can_move(self._run, task, result)
        for remote_id in task.cancels:
            # A failure keeps people where they are, but it keeps nobody in a batch who must be taken off.
            if not can_move and remote_id not in task.leaving:
                continue
            self._run.stop.check()
            self._apply_findings(self._guard_watch.check_due())
            remote = cancel.cancel_and_read(self._run, self._executor, task.address, facts.remotes[remote_id], result)
            if remote is None:
                can_move = False
                continue
            facts = cancel.renew_facts(self._run, task, facts, remote)
            can_move = self._move(task, facts, remote, approved, result, can_move=can_move)
        return facts if can_move else None

    def _move(
        self,
        task: Task,
        facts: Facts,
        remote: Remote,
        approved: pl.Series | None,
        result: ResourceResult,
        *,
        can_move: bool,
    ) -> bool:
        """Submits again the people of a cancelled batch who are free and wanted. Returns whether more may move."""
        recipients = cancel.find_freed(task, facts, remote.id)
        if task.resource is None or recipients is None:
            return can_move
        if not can_move or find_unreadable(facts):  # protocol 12: nobody moves unless the reads show who was sent
            result.deferred += len(recipients)
            return False
        self._submit(task.resource, recipients, approved, result)
        return result.is_clean

    def _retry_by_request(
        self, task: Task, resource: Resource, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """Retries batches by the provider's own request."""
        for remote_id in task.requests:
            recipients = task.recipients_to_retry(remote_id)
            # Protocol 10: the request calls all unreached people of a batch or none. It is left to the next run unless
            # each of them may be called.
            if len(self._eligibility.select_approved(task.address, recipients, approved)) < len(recipients):
                result.unplanned += len(recipients)
                continue
            may_call = partial(self._eligibility.can_call_all, resource, recipients, is_retry=True)
            if self._must_stop(resource, result) or not may_call():
                result.deferred += len(recipients)
                continue
            self._eligibility.record_sent(task.address, recipients)
            receipt = self._executor.retry(resource, task.facts.remotes[remote_id], recipients, may_call)
            result.add_receipt(receipt, Verb.RETRY, len(recipients))
            self._eligibility.record_outcome(task.address, receipt, recipients)
            self._apply_findings(self._sweeper.cancel_if_halted(resource, receipt))

    def _submit(
        self, resource: Resource, recipients: pl.DataFrame, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """Submits recipients in shards; one shard holds people of one attempt. A single call is a shard of one."""
        to_call = self._eligibility.select_approved(resource.address, recipients, approved)
        result.unplanned += len(recipients) - len(to_call)
        self._eligibility.record_sent(resource.address, to_call)
        if resource.route is Route.CALL:
            # Protocol 7: pacing single calls may take longer than the guard of a batch created before them.
            self.check_guarded_batches()
        capabilities = self._run.capabilities(resource.provider, resource.route)
        pacer = Pacer(self._run, resource)
        for (attempt,), same_attempt in to_call.partition_by("attempt", as_dict=True, maintain_order=True).items():
            for start, shard in cut_shards(same_attempt, capabilities):
                if self._run.must_look_again or self._must_stop(resource, result):
                    result.add_left(len(same_attempt) - start, comes_again=self._run.must_look_again)
                    break
                self._run.progress(f"{resource.address}: {start:,} of {people(len(same_attempt))} submitted")
                pacer.wait()
                self._submit_shard(resource, shard, int(str(attempt)), pacer, result)

    def _submit_shard(
        self, resource: Resource, planned_shard: pl.DataFrame, attempt: int, pacer: Pacer, result: ResourceResult
    ) -> None:
        self._apply_findings(self._guard_watch.check_due())
        shard = _select_callable(self._eligibility, resource, planned_shard, result)
        if shard.is_empty():
            return
        may_call = partial(self._eligibility.can_call_all, resource, shard)
        counts = {Verb(verb): size for verb, size in shard.group_by("verb", maintain_order=True).len().iter_rows()}
        receipt = self._executor.submit(resource, shard.select("number", "payload"), attempt, may_call, counts)
        pacer.track(receipt.remote_id)
        result.add_shard(receipt, counts)
        self._eligibility.record_outcome(resource.address, receipt, shard)
        if receipt.status is RequestStatus.DONE and resource.route is Route.BATCH:
            self._guard_watch.watch(resource.provider, receipt.remote_id, receipt.starts_at)
            self._apply_findings(self._sweeper.cancel_if_halted(resource, receipt))

    def check_guarded_batches(self) -> None:
        """Looks for every batch that this run created and has not looked for yet."""
        self._apply_findings(self._guard_watch.check_all())

    def check_guards_again(self) -> None:
        """Waits for the last quarter of each guard, and reads the lists once more. Raises Interrupted."""
        self._apply_findings(self._guard_watch.check_again())

    def _apply_findings(self, findings: Sequence[Finding]) -> None:
        """Keeps findings for the report. A batch that was withdrawn does not count as submitted."""
        for finding in findings:
            if not finding.address:
                self.findings.append(finding)
                continue
            result = self.results.setdefault(finding.address, ResourceResult())
            result.undo_request(finding.withdrawn_id, people_are_free=finding.people_are_free)
            if finding.people_are_free:
                self._eligibility.release(finding.address, finding.withdrawn_id)
            result.findings.append(finding)

    def _must_stop(self, resource: Resource, result: ResourceResult) -> bool:
        """Whether nothing more may be sent for this resource: its provider is stopped, it expired, or it failed."""
        if resource.provider in self._executor.stopped_providers:
            return True
        if is_expired := self._eligibility.is_expired(resource):
            result.problems.append(Receipt(RequestStatus.FAILED, message=EXPIRED))
        ended = (RequestStatus.FAILED, RequestStatus.HALTED)
        failures = [receipt for receipt in result.problems if receipt.status in ended]
        return is_expired or any(resource.route is Route.BATCH or receipt.final for receipt in failures)


def _run_order(task: Task) -> int:
    """Sort key: plain cancels, then batches, then single calls; within each, the order of the plan."""
    # Plain cancels go first, so that no one is called who is on the way out. Protocol 7: single calls go last, since
    # pacing them takes longer than the guard of a batch.
    if task.to_call.is_empty() and not task.requests:
        return 0
    return 1 if task.resource is None or task.resource.route is Route.BATCH else 2


def _ids_by_mark(resource_record: ResourceRecord) -> dict[str, str]:
    return {
        remote_record.mark: remote_id
        for remote_id, remote_record in resource_record.remotes.items()
        if remote_record.mark
    }


def _select_callable(
    eligibility: Eligibility, resource: Resource, shard: pl.DataFrame, result: ResourceResult
) -> pl.DataFrame:
    """The people of a shard who may be called now, and whom no do-not-call list names. Where one cannot be read,
    nobody."""
    if failure := eligibility.find_list_failure(resource):
        result.problems.append(Receipt(RequestStatus.FAILED, message=failure, final=True))
        result.deferred += len(shard)
        return shard.clear()
    unlisted = eligibility.select_unlisted(resource, shard)
    result.listed += len(shard) - len(unlisted)
    in_time = eligibility.select_callable(resource, unlisted)
    result.deferred += len(unlisted) - len(in_time)
    return in_time
