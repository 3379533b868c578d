"""Does the work of a plan, address by address: who leaves first, then calls. Each request is made by execute.py.

No one is called who was not in the plan that was approved, and no one more often than the plan said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import polars as pl

from declarative.engine import cancel, removal
from declarative.engine.doubts import DoubtResolver
from declarative.engine.eligibility import Eligibility
from declarative.engine.execute import Executor
from declarative.engine.guard import GuardWatch
from declarative.engine.halt_watch import HaltWatch
from declarative.engine.recorder import Recorder
from declarative.engine.repeat import Repeater
from declarative.engine.results import Finding, Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.engine.settle import Settler
from declarative.engine.submit import Submitter
from declarative.engine.sweep import Sweeper
from declarative.errors import ProviderError
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts
from declarative.planning.membership import find_unreadable
from declarative.planning.plan import Plan, Task

_CANCELS, _BATCHES, _CALLS = range(3)
"""What a round does, in order."""


class PlanRunner:
    """Runs the plans of one apply. `resources` holds what the manifests want, by address. Interrupted, LeaseLost and
    StateError pass through; every other failure is recorded in a ResourceResult."""

    def __init__(self, run: RunContext, resources: Mapping[str, Resource]) -> None:
        self._run = run
        self._executor = Executor(run, on_wait=self.check_guarded_batches)
        self._recorder = Recorder(run)
        self._eligibility = Eligibility(run)
        self._halt_watch = HaltWatch(run)
        self._sweeper = Sweeper(run, self._executor)
        self._guard_watch = GuardWatch(run, self._executor, self._sweeper)
        self._submitter = Submitter(
            run,
            self._executor,
            self._eligibility,
            self._guard_watch,
            self._halt_watch,
            self._sweeper,
            self._apply_findings,
        )
        self.settler = Settler(run, self._sweeper)
        self.repeater = Repeater(run, self._executor, self._eligibility, self._guard_watch)
        self.doubts = DoubtResolver(run, self.settler, resources, on_wait=self.check_guarded_batches)
        self.results: dict[str, ResourceResult] = {}
        self.findings: list[Finding] = []

    def run_plan(self, plan: Plan, approved: Mapping[str, pl.Series]) -> None:
        """Runs one round: every task of the plan. `approved` holds, by address, the numbers that may be called."""
        self._eligibility.begin_round(plan.tasks.values())
        self._halt_watch.begin_round(plan.tasks.values())
        try:
            for order, tasks in groupby(sorted(plan.tasks.values(), key=_run_order), key=_run_order):
                if order == _CALLS:
                    # Protocol 7: pacing single calls may take longer than the guard of a batch created before them.
                    self.check_guarded_batches()
                for task in tasks:
                    self._try_task(task, approved.get(task.address))
                self._submitter.send_queue()
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

    def _try_task(self, task: Task, approved: pl.Series | None) -> None:
        result = self.results.setdefault(task.address, ResourceResult())
        try:
            self._run_task(task, result, approved)
        except ProviderError as error:
            result.problems.append(Receipt(RequestStatus.FAILED, message=error.message))

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
            self._submitter.queue_retries(task, resource, approved, result)
            self._submitter.queue_shards(resource, _without_moves(task), approved, result)
        self._submitter.close(task.address, lambda: self._recorder.record_result(task, facts or task.facts, result))

    def _cancel_and_resubmit(self, task: Task, result: ResourceResult, approved: pl.Series | None) -> Facts | None:
        """Cancels batch by batch. The people who are free and still wanted are submitted again before the next batch
        is cancelled. Returns the facts after the cancels; None where one failed."""
        facts = task.facts
        can_move = cancel.can_move(self._run, task, result)
        for remote_id in (*dict.fromkeys(task.removals.get_column("remote").to_list()), *task.cancels):
            removals = task.removals.filter(remote=remote_id)
            # A failure keeps people where they are, but it keeps nobody in a batch who must be taken off.
            if not can_move:
                removals = removals.filter("leaves")
                if removals.is_empty() and remote_id not in task.leaving:
                    continue
            self._run.stop.check()
            self._apply_findings(self._guard_watch.check_due())
            renewed = self._take_off(task, facts, remote_id, removals, result)
            if renewed is None:
                can_move = False
                continue
            facts = renewed
            can_move = self._move(task, facts, facts.remotes[remote_id], approved, result, can_move=can_move)
        return facts if can_move else None

    def _take_off(
        self, task: Task, facts: Facts, remote_id: str, removals: pl.DataFrame, result: ResourceResult
    ) -> Facts | None:
        """Takes these people off a batch, or cancels it where there are none. Returns the facts as read afterwards."""
        if len(removals):
            return removal.remove_and_read(self._run, task, facts, removals, result)
        remote = cancel.cancel_and_read(self._run, self._executor, task.address, facts.remotes[remote_id], result)
        return None if remote is None else cancel.renew_facts(self._run, task, facts, remote)

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
        self._submitter.submit(task.resource, recipients, approved, result)
        return result.is_clean

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


def _run_order(task: Task) -> int:
    """Sort key: plain cancels, then batches, then single calls; within each, the order of the plan."""
    # Plain cancels go first, so that no one is called who is on the way out. Protocol 7: single calls go last, since
    # pacing them takes longer than the guard of a batch.
    if task.to_call.is_empty() and not task.requests:
        return _CANCELS
    return _BATCHES if task.resource is None or task.resource.route is Route.BATCH else _CALLS


def _without_moves(task: Task) -> pl.DataFrame:
    """The people to submit who wait in no batch that they are taken off first."""
    is_anybody_moved = task.cancels or len(task.removals)
    return task.to_call.filter(pl.col("verb") != Verb.REPLACE) if is_anybody_moved else task.to_call


def _ids_by_mark(resource_record: ResourceRecord) -> dict[str, str]:
    return {
        remote_record.mark: remote_id
        for remote_id, remote_record in resource_record.remotes.items()
        if remote_record.mark
    }
