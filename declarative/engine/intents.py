"""Writes down what is about to be sent, durably, before execute.py sends it: the mark, the people, the earliest call.
Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from declarative.engine.run_context import RunContext
from declarative.model import frames as people
from declarative.model import mark
from declarative.model.lock import Intent, RequestKind
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning import policy
from declarative.providers.base import Submission


@dataclass
class Wave:
    """The requests of one address in one run: one generation, shards counted from 1."""

    generation: int
    shard: int = 0


class IntentWriter:
    """Raises LeaseLost and StateError; then nothing may be sent."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._waves: dict[str, Wave] = {}

    def write_submission(self, resource: Resource, recipients: pl.DataFrame, attempt: int) -> tuple[Intent, Submission]:
        resource_record = self._run.ledger.resource_record(resource.address)
        wave = self._waves.setdefault(resource.address, Wave(resource_record.generation + 1))
        wave.shard += 1
        submission_mark = self._new_mark(resource, wave, attempt)
        provider_time = self._run.provider(resource).now()
        earliest_call = policy.earliest_call(resource, provider_time, resource_record.guard(self._run.project.guard))
        scheduled_at = earliest_call if resource.route is Route.BATCH and earliest_call > provider_time else None
        intent = Intent(
            request=RequestKind.SUBMIT,
            route=resource.route,
            mark=str(submission_mark),
            generation=wave.generation,
            shard=wave.shard,
            attempt=attempt,
            sent_at=provider_time,
            count=len(recipients),
            numbers=people.numbers_digest(recipients, self._run.key),
            payloads=people.payloads_digest(recipients, self._run.key),
            settings=resource.settings_digest,
            wanted=resource.recipients.numbers if resource.route is Route.BATCH else "",
            agent_id=str(resource.settings.get("agent_id", "")),
            scheduled_at=scheduled_at,
            person=self._person_digest(recipients) if resource.route is Route.CALL else None,
        )
        self._record_intent(resource, intent)
        return intent, Submission(
            mark=submission_mark,
            label=resource.display_name,
            settings=resource.settings,
            recipients=recipients,
            scheduled_at=scheduled_at,
        )

    def write_retry(self, resource: Resource, remote: Remote, count: int) -> Intent:
        resource_record = self._run.ledger.resource_record(resource.address)
        remote_record = resource_record.remotes[remote.id]
        intent = Intent(
            request=RequestKind.RETRY,
            route=Route.BATCH,
            mark=f"retry:{remote.id}:{remote.retry_count}",
            generation=resource_record.generation,
            shard=remote_record.shard,
            attempt=remote_record.attempt,
            sent_at=self._run.provider(resource).now(),
            count=count,
            numbers=remote_record.numbers or "",
            payloads=remote_record.payloads or "",
            settings=remote_record.settings or "",
            remote=remote.id,
            retry_count=remote.retry_count,
        )
        self._record_intent(resource, intent)
        return intent

    def _record_intent(self, resource: Resource, intent: Intent) -> None:
        self._run.ledger.update(
            resource.address,
            intents={intent.mark: intent},
            generation=intent.generation,
            provider=resource.provider,
            tombstone=False,
            quiet=None,
        )
        self._run.budget.reserve(intent.mark, intent.count)

    def _new_mark(self, resource: Resource, wave: Wave, attempt: int) -> mark.Mark:
        return mark.Mark(
            mark.project_hash(self._run.project.name),
            self._run.ledger.lock.lineage,
            mark.address_hash(resource.address),
            wave.generation,
            wave.shard,
            attempt,
            mark.settings_hash(resource.settings_digest),
        )

    def _person_digest(self, recipients: pl.DataFrame) -> str:
        return self._run.key.digest_person(self._run.ledger.lock.lineage, recipients.item(0, "number"))
