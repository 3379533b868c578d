"""Carries out the work of a plan, address by address: cancels, then whoever may be rung, each through execute.py.

Nobody is rung who was not in the plan that was approved, and nobody more often than it said: `approved` narrows every
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

    def __init__(self, desk: RunContext) -> None:
        self._desk = desk
        self._executor = Executor(desk, on_wait=self._look_after_all)
        self._memory = Recorder(desk)
        self.prover = Settler(desk)
        self.guardian = GuardWatch(desk, self._executor)
        self.tallies: dict[str, ResourceResult] = {}
        self.findings: list[Finding] = []
        self._sent: defaultdict[str, list[pl.Series]] = defaultdict(list)
        self._rung: defaultdict[str, list[pl.Series]] = defaultdict(list)
        self._lost: dict[str, pl.Series] = {}

    def carry_out(self, plan: Plan, approved: Mapping[str, pl.Series]) -> None:
        """Plain cancels first, so that nobody is rung who is on the way out; single calls last, since pacing them takes
        longer than the guard of a batch; else in the plan's order."""
        self._sent = defaultdict(list, {address: list(rung) for address, rung in self._rung.items()})
        order = sorted(plan.tasks.values(), key=_run_order)
        try:
            for work in order:
                tally = self.tallies.setdefault(work.address, ResourceResult())
                try:
                    self._one(work, tally, approved.get(work.address))
                except ProviderError as error:
                    tally.problems.append(Receipt(RequestStatus.FAILED, message=error.message))
        finally:  # an interruption as well: what was created is not left unseen
            self._look_after_all()

    def resolve_unsure(self) -> None:
        """Requests that were unsure when they were sent, and are answered now, are problems no more."""
        for address, tally in self.tallies.items():
            record = self._desk.ledger.record(address)
            by_mark = {known.mark: key for key, known in record.remotes.items() if known.mark}
            for receipt, verb, people in [entry for entry in tally.unsure if entry[0].mark not in record.intents]:
                tally.unsure.remove((receipt, verb, people))
                tally.problems = [problem for problem in tally.problems if problem is not receipt]
                lost = self._lost.pop(receipt.mark, None)
                if found := by_mark.get(receipt.mark) or receipt.remote_id:
                    tally.book(found, verb, people)
                    self._rung[address] += [] if lost is None else [lost]

    def _one(self, work: Task, tally: ResourceResult, approved: pl.Series | None) -> None:
        tally.unplanned = 0
        if work.quiet:
            self._memory.bury(work, work.case, self._desk.ledger.record(work.address))
            return
        self._memory.take_in(work)
        case = self._without_leaving(work, tally, approved)
        resource = work.resource
        if resource is not None and case is not None:
            self._retry_by_request(work, resource, approved, tally)
            self._submit(resource, work.ring.filter(pl.col("verb") != Verb.REPLACE), approved, tally)
        self._memory.remember(work, case or work.case, tally)

    def _without_leaving(self, work: Task, tally: ResourceResult, approved: pl.Series | None) -> Facts | None:
        """Cancels batch by batch; whoever is free and still wanted is submitted again before the next is touched.
        None where it had to end: the rest stays as it is."""
        case = work.case
        if not work.cancels:
            return case
        moving = work.ring.filter(verb=Verb.REPLACE)
        if len(moving) and work.resource is not None and (missing := self._missing(work.resource)):
            tally.problems.append(Receipt(RequestStatus.FAILED, message=f"nothing was cancelled: {'; '.join(missing)}"))
            return None
        for remote_id in work.cancels:
            self._desk.stop.check()
            remote = self._cancel(work.address, case.remotes[remote_id], tally)
            if remote is None:
                return None
            case = replace(
                case, remotes={**case.remotes, remote_id: remote}, record=self._desk.ledger.record(work.address)
            )
            if len(moving) and work.resource is not None:
                free = resubmit.only_approved(
                    resubmit.recipients_to_resubmit(case, remote), moving.get_column("number")
                )
                self._submit(work.resource, free, approved, tally)
                if not tally.clean:
                    return None
        return case

    def _missing(self, resource: Resource) -> list[str]:
        return self._desk.provider(resource).unknown_references(resource.settings)

    def _cancel(self, address: str, remote: Remote, tally: ResourceResult) -> Remote | None:
        """The batch as read after its cancel was answered; None where the cancel is not confirmed."""
        provider = self._desk.providers[self._desk.ledger.record(address).provider]
        channel = provider.channels[Route.BATCH]
        receipt = self._executor.cancel(address, channel, remote.id)
        if receipt.result is not RequestStatus.DONE:
            tally.problems.append(receipt)
            return None
        read: Remote | None = None
        for pause in READS_AFTER_CANCEL:
            self._desk.sleep(pause)
            read = channel.read(remote.id)
            if read is not None and read.members is not None and not read.has(Phase.QUEUED):
                break
        if read is None or read.members is None:
            tally.problems.append(Receipt(RequestStatus.FAILED, remote.id, UNREAD_AFTER_CANCEL))
            return None
        known = records.refreshed(self._desk.ledger.record(address).remotes[remote.id], read)
        self._desk.ledger.update(address, remotes={remote.id: known})
        tally.cancelled += len(read.members.filter(phase=Phase.CANCELLED))
        tally.in_flight += len(read.members.filter(phase=Phase.IN_FLIGHT))
        return read

    def _retry_by_request(
        self, work: Task, resource: Resource, approved: pl.Series | None, tally: ResourceResult
    ) -> None:
        """A request rings all the unreached of a batch or none: it is left to the next run unless each may be rung."""
        for remote_id in work.requests:
            again = work.rung_by_request(remote_id)
            if len(self._allowed(work.address, again, approved)) < len(again):
                tally.unplanned += len(again)
                continue
            may_ring = partial(self._all_due, resource, again, again=True)
            if self._must_end(resource, tally) or not may_ring():
                tally.left += len(again)
                continue
            self._sent[work.address].append(again.get_column("number"))
            receipt = self._executor.retry(resource, work.case.remotes[remote_id], len(again), may_ring)
            self._book(receipt, Verb.RETRY, len(again), tally)
            self._record_called(work.address, receipt, again)

    def _submit(self, resource: Resource, due: pl.DataFrame, approved: pl.Series | None, tally: ResourceResult) -> None:
        """Submits people in shards, those of one attempt together; single calls one by one, at their pace."""
        ring = self._allowed(resource.address, due, approved)
        tally.unplanned += len(due) - len(ring)
        self._sent[resource.address].append(ring.get_column("number"))
        if resource.route is Route.CALL:
            self._look_after_all()
        size = self._desk.abilities(resource.provider, resource.route).max_people
        pacer = Pacer(self._desk, resource)
        for (attempt,), rows in ring.partition_by("attempt", as_dict=True, maintain_order=True).items():
            for start in range(0, len(rows), size):
                planned = rows.slice(start, size)
                if self._must_end(resource, tally):
                    tally.left += len(rows) - start
                    break
                self._desk.report(f"{resource.address}: {start:,} of {counting.people(len(rows))} submitted")
                pacer.wait()
                self._apply_findings(self.guardian.look_in_time())
                shard = self._due(resource, planned)
                tally.left += len(planned) - len(shard)
                if shard.is_empty():
                    continue
                may_ring = partial(self._all_due, resource, shard)
                receipt = self._executor.submit(
                    resource, shard.select("number", "payload"), int(str(attempt)), may_ring
                )
                pacer.placed(receipt.remote_id)
                for verb, count in shard.group_by("verb").len().iter_rows():
                    self._book(receipt, Verb(verb), count, tally)
                self._record_called(resource.address, receipt, shard)
                if receipt.result is RequestStatus.DONE and resource.route is Route.BATCH:
                    self.guardian.created(resource.provider, receipt.remote_id)

    def _record_called(self, address: str, receipt: Receipt, people: pl.DataFrame) -> None:
        """Whoever was rung in this run is not rung again by it; nor whose request was lost and turns up later."""
        if receipt.result is RequestStatus.DONE:
            self._rung[address].append(people.get_column("number"))
        elif receipt.result is RequestStatus.UNSURE:
            self._lost[receipt.mark] = people.get_column("number")

    def _allowed(self, address: str, ring: pl.DataFrame, approved: pl.Series | None) -> pl.DataFrame:
        """Those of them who were approved, and whom this round has not sent already, whatever the plan says."""
        for numbers in self._sent[address]:
            ring = ring.filter(~pl.col("number").is_in(numbers.implode()))
        return resubmit.only_approved(ring, approved)

    def _look_after_all(self) -> None:
        self._apply_findings(self.guardian.look_after_all())

    def _apply_findings(self, findings: Sequence[Finding]) -> None:
        """What was taken back was not done."""
        for finding in findings:
            if not finding.address:
                self.findings.append(finding)
                continue
            tally = self.tallies.setdefault(finding.address, ResourceResult())
            tally.undo(finding.undone)
            tally.findings.append(finding)

    def _all_due(self, resource: Resource, people: pl.DataFrame, *, again: bool = False) -> bool:
        return len(self._due(resource, people, again=again)) == len(people)

    def _due(self, resource: Resource, people: pl.DataFrame, *, again: bool = False) -> pl.DataFrame:
        """Who of them may still be rung: a run may take hours, and a window may have closed since the plan was made.
        A provider's own retry rings at once."""
        now = self._desk.provider(resource).now()
        record = self._desk.ledger.record(resource.address)
        guard = timedelta() if again else record.guard(self._desk.project.guard)
        found, _ = policy.timing(resource, now, guard, lambda: people)
        if isinstance(found, Timing):
            return people if found is Timing.NOW else people.clear()
        return people.join(found.filter(timing=Timing.NOW.value), on="number", how="semi", maintain_order="left")

    def _must_end(self, resource: Resource, tally: ResourceResult) -> bool:
        if resource.provider in self._executor.stopped_providers:
            return True
        expired = resource.expires_at and resource.expires_at <= self._desk.provider(resource).now()
        if expired:
            tally.problems.append(
                Receipt(RequestStatus.FAILED, message="expires_at passed while this ran; whoever is left is not rung")
            )
        failed = [receipt for receipt in tally.problems if receipt.result is RequestStatus.FAILED]
        return bool(expired) or any(resource.route is Route.BATCH or receipt.final for receipt in failed)

    def _book(self, receipt: Receipt, verb: Verb, people: int, tally: ResourceResult) -> None:
        if receipt.result is RequestStatus.DONE:
            tally.book(receipt.remote_id, verb, people)
        elif receipt not in tally.problems:
            tally.problems.append(receipt)
        if receipt.result is RequestStatus.UNSURE:
            tally.unsure.append((receipt, verb, people))
        if receipt.result is RequestStatus.OUT_OF_FUNDS:
            tally.left += people


def _run_order(work: Task) -> int:
    if work.ring.is_empty() and not work.requests:
        return 0
    return 1 if work.resource is None or work.resource.route is Route.BATCH else 2
