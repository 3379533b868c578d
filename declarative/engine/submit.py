"""Submits the people of a task: cut into shards, narrowed to those who may be called now, and counted once answered.
Each request is made by execute.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from declarative.engine.call_queue import CallQueue
from declarative.engine.dispatch import DialRequest
from declarative.engine.eligibility import Eligibility
from declarative.engine.execute import Executor
from declarative.engine.guard import GuardWatch
from declarative.engine.halt_watch import HaltWatch
from declarative.engine.likeness import find_open_call
from declarative.engine.pacing import Pacer
from declarative.engine.request_queue import QueuedRequest, RequestQueue
from declarative.engine.results import Finding, Receipt, RequestStatus, ResourceResult
from declarative.engine.run_context import RunContext
from declarative.engine.sweep import Sweeper
from declarative.humanize import people
from declarative.model.remote import Remote
from declarative.model.resource import Kind, Resource, Route
from declarative.planning.decide import Verb
from declarative.planning.plan import Task
from declarative.planning.shards import cut_by_attempt


@dataclass(frozen=True, eq=False)
class _Shard:
    """People of one address who are called by one request."""

    resource: Resource
    """Their resource."""
    result: ResourceResult
    """What this run did at that address."""
    recipients: pl.DataFrame
    """The people; columns plan.TO_CALL_SCHEMA."""
    attempt: int
    """The attempt that is theirs, from 1."""
    start: int
    """How many people of the same attempt come before them."""
    total: int
    """How many people are called for the same attempt."""


class Submitter:
    """Works under the lease of one run. Raises Interrupted, LeaseLost and StateError. `apply_findings` takes what was
    found of batches that this run created before."""

    def __init__(
        self,
        run: RunContext,
        executor: Executor,
        eligibility: Eligibility,
        guard_watch: GuardWatch,
        halt_watch: HaltWatch,
        sweeper: Sweeper,
        apply_findings: Callable[[Sequence[Finding]], None],
    ) -> None:
        self._run = run
        self._executor = executor
        self._eligibility = eligibility
        self._guard_watch = guard_watch
        self._halt_watch = halt_watch
        self._sweeper = sweeper
        self._apply_findings = apply_findings
        self._queue = RequestQueue(run, executor, must_stop=self._must_stop, before_send=self._check_due)
        self.send_queue = self._queue.send_all
        self.close = self._queue.close

    def queue_retries(self, task: Task, resource: Resource, approved: pl.Series | None, result: ResourceResult) -> None:
        """Queues the retries of batches by the provider's own request."""
        for remote_id in task.requests:
            recipients = task.recipients_to_retry(remote_id)
            # Protocol 10: the request calls all unreached people of a batch or none. It is left to the next run unless
            # each of them may be called.
            if len(self._eligibility.select_approved(task.address, recipients, approved)) < len(recipients):
                result.unplanned += len(recipients)
                continue
            self._eligibility.record_sent(task.address, recipients)
            make = partial(self._make_retry, resource, task.facts.remotes[remote_id], recipients, result)
            finish = partial(self._finish_retry, result)
            self._queue.add(QueuedRequest(resource, result, len(recipients), make, finish))

    def _make_retry(
        self, resource: Resource, remote: Remote, recipients: pl.DataFrame, result: ResourceResult
    ) -> DialRequest | None:
        may_call = partial(self._eligibility.can_call_all, resource, recipients, is_retry=True)
        if may_call():
            return self._executor.retry_request(resource, remote, recipients, may_call)
        result.deferred += len(recipients)
        return None

    def _finish_retry(self, result: ResourceResult, request: DialRequest, receipt: Receipt) -> None:
        result.add_receipt(receipt, Verb.RETRY, len(request.recipients))
        self._eligibility.record_outcome(request.resource.address, receipt, request.recipients)
        self._end_if_halted(request.resource, receipt, result)

    def queue_shards(
        self, resource: Resource, recipients: pl.DataFrame, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """Queues recipients in shards. A list that is called one by one is paced, and called here; so is a call that
        may wait in its provider's queue."""
        if resource.route is Route.CALL and (resource.kind is Kind.BATCH or self._may_queue(resource)):
            self.submit(resource, recipients, approved, result)
            return
        for shard in self._cut(resource, recipients, approved, result):
            make, finish = partial(self._make_request, shard), partial(self._finish_shard, shard)
            self._queue.add(QueuedRequest(resource, result, len(shard.recipients), make, finish))

    def submit(
        self, resource: Resource, recipients: pl.DataFrame, approved: pl.Series | None, result: ResourceResult
    ) -> None:
        """Submits recipients shard by shard, none while another is under way: people who move, and calls that are
        paced."""
        pacer, call_queue, is_stopped = Pacer(self._run, resource), self._open_queue(resource, result), False
        for shard in self._cut(resource, recipients, approved, result):
            call_queue.wait_for_room()
            # Nothing more is sent of those who are called for the same attempt.
            is_early = self._run.must_look_again
            is_stopped = is_early or (is_stopped and shard.start > 0) or self._must_stop(resource, result)
            if is_stopped:
                result.add_left(len(shard.recipients), comes_again=is_early)
                continue
            pacer.wait()
            self._check_due()
            if request := self._make_request(shard):
                receipt = self._executor.dial_one(request)
                pacer.track(receipt.remote_id)
                call_queue.add(receipt, request.may_call)
                self._finish_shard(shard, request, receipt)
        call_queue.finish()

    def _may_queue(self, resource: Resource) -> bool:
        return self._run.capabilities(resource.provider, resource.route).most_queued is not None

    def _open_queue(self, resource: Resource, result: ResourceResult) -> CallQueue:
        call_queue = CallQueue(self._run, self._executor, resource, result)
        call_queue.take_over(lambda: not self._eligibility.is_expired(resource))
        return call_queue

    def _cut(
        self, resource: Resource, recipients: pl.DataFrame, approved: pl.Series | None, result: ResourceResult
    ) -> Iterator[_Shard]:
        """Yields those who may be called in shards of people of one attempt. A single call is a shard of one."""
        to_call = self._eligibility.select_approved(resource.address, recipients, approved)
        result.unplanned += len(recipients) - len(to_call)
        self._eligibility.record_sent(resource.address, to_call)
        capabilities = self._run.capabilities(resource.provider, resource.route)
        for start, total, shard in cut_by_attempt(to_call, capabilities, resource):
            yield _Shard(resource, result, shard, shard.item(0, "attempt"), start, total)

    def _make_request(self, shard: _Shard) -> DialRequest | None:
        resource, recipients = shard.resource, _select_callable(self._eligibility, shard)
        if recipients.is_empty() or _is_doubted(self._run, shard):
            return None
        self._run.progress(f"{resource.address}: {shard.start:,} of {people(shard.total)} submitted")
        may_call = partial(self._eligibility.can_call_all, resource, recipients)
        to_send = resource.recipients.people.with_data(recipients[["number", "data_row"]])
        return self._executor.submission(resource, to_send, shard.attempt, may_call, _count_verbs(recipients))

    def _finish_shard(self, shard: _Shard, request: DialRequest, receipt: Receipt) -> None:
        resource, sent = shard.resource, shard.recipients
        if len(request.recipients) < len(sent):
            sent = sent.join(request.recipients, on="number", how="semi", maintain_order="left")
        shard.result.add_shard(receipt, _count_verbs(sent))
        self._eligibility.record_outcome(resource.address, receipt, sent)
        if receipt.status is RequestStatus.DONE and resource.route is Route.BATCH:
            self._guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
            self._end_if_halted(resource, receipt, shard.result)

    def _end_if_halted(self, resource: Resource, receipt: Receipt, result: ResourceResult) -> None:
        """Cancels a batch again that was halted while it was sent. Its address needs a person from then on."""
        if findings := self._sweeper.cancel_if_halted(resource, receipt):
            self._apply_findings(findings)
            message = f"{self._run.find_halt(resource)}; nobody more is called"
            result.problems.append(Receipt(RequestStatus.HALTED, message=message, final=True))

    def _check_due(self) -> None:
        # Protocol 7: batches created before must be checked before their guards end.
        self._apply_findings(self._guard_watch.check_due())

    def _must_stop(self, resource: Resource, result: ResourceResult) -> bool:
        """Whether nothing more may be sent for this resource: its provider is stopped, it expired, or it failed."""
        if resource.provider in self._executor.stopped_providers:
            return True
        stop = _find_expiry(self._eligibility, resource) or self._halt_watch.find_stop(resource)
        result.problems += [stop] if stop else []
        ended = (RequestStatus.FAILED, RequestStatus.HALTED)
        failures = [receipt for receipt in result.problems if receipt.status in ended]
        return stop is not None or any(resource.route is Route.BATCH or receipt.final for receipt in failures)


def _find_expiry(eligibility: Eligibility, resource: Resource) -> Receipt | None:
    """The problem to report where a resource expired during this run."""
    message = "expires_at passed during this run; the people who are left are not called"
    return Receipt(RequestStatus.FAILED, message=message) if eligibility.is_expired(resource) else None


def _is_doubted(run: RunContext, shard: _Shard) -> bool:
    """Whether another request to the person of a single call is open that nothing would tell from this one. They are
    left to a later run."""
    # Protocol 5: with two open requests to one number nobody could say which of them a call answers.
    address = find_open_call(run, shard.resource, shard.recipients)
    if address:
        message = f"a call to the same person was lost at {address}, and nothing would tell the two apart: settle it"
        shard.result.problems.append(Receipt(RequestStatus.FAILED, message=f"{message}, then apply again"))
        shard.result.deferred += len(shard.recipients)
    return bool(address)


def _count_verbs(recipients: pl.DataFrame) -> dict[Verb, int]:
    counts = Counter(recipients.get_column("verb").to_list())
    return {Verb(verb): count for verb, count in counts.items()}


def _select_callable(eligibility: Eligibility, shard: _Shard) -> pl.DataFrame:
    """The people of a shard who may be called now, and whom no do-not-call list names. Where one cannot be read,
    nobody."""
    resource, recipients, result = shard.resource, shard.recipients, shard.result
    if failure := eligibility.find_list_failure(resource):
        result.problems.append(Receipt(RequestStatus.FAILED, message=failure, final=True))
        result.deferred += len(recipients)
        return recipients.clear()
    unlisted = eligibility.select_unlisted(resource, recipients)
    result.listed += len(recipients) - len(unlisted)
    in_time = eligibility.select_callable(resource, unlisted)
    result.deferred += len(unlisted) - len(in_time)
    return in_time
