"""Sends a request whose answer was lost again, under its idempotency key. The request itself is made by execute.py.

Such a repeat is a request that dials. So it is made within an approved plan only, and only while exactly its people are
due by every policy with exactly their data: somebody who entered a do-not-call list since is not called by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import polars as pl

from declarative.engine import keys
from declarative.engine.eligibility import Eligibility
from declarative.engine.execute import Executor, RepeatExecutor
from declarative.engine.guard import GuardWatch
from declarative.engine.results import Finding, RequestStatus
from declarative.engine.run_context import RunContext
from declarative.model import frames, mark
from declarative.model.lock import Intent
from declarative.model.resource import Resource, Route
from declarative.planning import standing
from declarative.planning.decide import Verb
from declarative.planning.facts import Facts
from declarative.planning.plan import Plan, Task, select_to_call
from declarative.planning.repeatable import may_repeat
from declarative.providers.base import Submission

MOST_TRIED = 2_000_000
"""People who are tried, at most, to find who was in a lost request."""


def list_repeatable(run: RunContext, plan: Plan) -> frozenset[str]:
    """Marks of the lost requests that may be sent again within this plan, as far as their keys decide it."""
    return frozenset(
        intent.mark
        for task in plan.tasks.values()
        if task.resource is not None and not task.blocked
        for intent in _open_with_key(run, task.resource)
    )


class Repeater:
    """Works under the lease of one run. Raises Interrupted, LeaseLost and StateError."""

    def __init__(self, run: RunContext, executor: Executor, eligibility: Eligibility, guard_watch: GuardWatch) -> None:
        self._run = run
        self._repeats = RepeatExecutor(run, executor)
        self._eligibility = eligibility
        self._guard_watch = guard_watch
        self._repeated: set[str] = set()
        """Marks of the requests that this run has sent again."""

    def repeat(self, plan: Plan, approved: Mapping[str, pl.Series], announced: Collection[str]) -> list[Finding]:
        """Sends again what may be. `plan` was made after the answers were lost; `approved` holds, by address, the
        numbers of the plan that was approved, and `announced` the marks of lost requests that it named."""
        findings = []
        for task in () if plan.refusals else plan.tasks.values():
            if task.resource is None or task.blocked:
                continue
            intents = [
                intent for intent in _open_with_key(self._run, task.resource) if intent.mark not in self._repeated
            ]
            if intents:
                findings += self._repeat_at(task, task.resource, intents, approved.get(task.address), announced)
        return findings

    def _repeat_at(
        self,
        task: Task,
        resource: Resource,
        intents: Sequence[Intent],
        approved: pl.Series | None,
        announced: Collection[str],
    ) -> list[Finding]:
        findings, counted = [], 0 if approved is None else len(approved)
        due = _list_due(task.facts, {intent.mark for intent in intents})
        for intent in intents:
            recipients = _find_recipients(self._run, task.facts, intent, due)
            submission = None if recipients is None else self._rebuild(resource, intent, recipients)
            if recipients is None or submission is None:
                continue
            is_approved = approved is not None and recipients.get_column("number").is_in(approved.implode()).all()
            if not (is_approved or intent.mark in announced) or self._eligibility.is_expired(resource):
                continue
            if not self._eligibility.can_call_all(resource, recipients):
                continue
            counted += 0 if is_approved else intent.count
            if resource.policy.max_dials is not None and counted > resource.policy.max_dials:
                continue
            self._repeated.add(intent.mark)
            if finding := self._send(resource, intent, submission, recipients):
                findings.append(finding)
        return findings

    def _rebuild(self, resource: Resource, intent: Intent, recipients: pl.DataFrame) -> Submission | None:
        """The request as it was sent; None where anything of it would differ."""
        submitted_mark = mark.parse(intent.mark)
        if submitted_mark is None:
            return None
        capabilities = self._run.capabilities(resource.provider, resource.route)
        submission = Submission(
            mark=submitted_mark,
            label=resource.display_name,
            settings=resource.settings,
            recipients=resource.recipients.people.with_data(recipients).select("number", "payload"),
            key=mark.spell(submitted_mark, capabilities.key_separators),
            scheduled_at=intent.scheduled_at,
        )
        # Protocol 5: never a changed body under an old key.
        is_same = keys.digest_request(submission, self._run.key, self._run.api_version(resource)) == intent.body
        return submission if is_same else None

    def _send(
        self, resource: Resource, intent: Intent, submission: Submission, recipients: pl.DataFrame
    ) -> Finding | None:
        receipt = self._repeats.repeat(resource, intent, submission, recipients)
        if receipt.status is not RequestStatus.DONE:
            return None if receipt.status is RequestStatus.UNSURE else Finding(resource.address, receipt.message)
        self._eligibility.record_outcome(resource.address, receipt, recipients)
        if resource.route is Route.BATCH:
            self._guard_watch.watch(resource, receipt.remote_id, receipt.starts_at)
        message = f"a request whose answer was lost was sent again under its key: it created {receipt.remote_id}"
        return Finding(resource.address, message)


def _open_with_key(run: RunContext, resource: Resource) -> list[Intent]:
    if resource.provider not in run.providers:
        return []
    capabilities = run.capabilities(resource.provider, resource.route)
    if capabilities.idempotent_for is None:
        return []
    provider_time = run.provider(resource).latest_now()
    return [
        intent
        for intent in run.ledger.resource_record(resource.address).intents.values()
        if intent.route is resource.route and may_repeat(intent, capabilities, provider_time)
    ]


def _list_due(facts: Facts, lost_marks: Collection[str]) -> pl.DataFrame:
    """The people who would be submitted now if these requests had never been sent: by every policy, in their order."""
    intents = {name: intent for name, intent in facts.resource_record.intents.items() if name not in lost_marks}
    without = replace(facts, resource_record=replace(facts.resource_record, intents=intents))
    people, _ = standing.decide_open(without)
    return pl.concat([select_to_call(people.filter(verb=verb)) for verb in (Verb.CREATE, Verb.RETRY)])


def _find_recipients(run: RunContext, facts: Facts, intent: Intent, due: pl.DataFrame) -> pl.DataFrame | None:
    """Who was in a request, of those who are due; None where somebody of it is not due any more, or has other data."""
    candidates = due.filter(attempt=intent.attempt)
    if intent.person is not None:
        persons = frames.with_person_digest(candidates.select("number"), facts.key, facts.lineage)
        candidates = candidates.filter(persons.get_column("person") == intent.person)
    # A request holds people who follow each other in the order of the manifest.
    last_start = min(len(candidates) - intent.count, MOST_TRIED // max(1, intent.count))
    for start in range(last_start + 1):
        recipients = candidates.slice(start, intent.count)
        if frames.numbers_digest(recipients, run.key) == intent.numbers:
            assert facts.resource is not None  # it wants those who are due
            payloads = facts.resource.recipients.people.rows_digest(recipients.select("number", "data_row"), run.key)
            return recipients if payloads == intent.payloads else None
    return None
