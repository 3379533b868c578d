"""Writes down what is about to be sent, durably, before execute.py sends it: the mark, the people, the earliest ring.
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

    def __init__(self, desk: RunContext) -> None:
        self._desk = desk
        self._waves: dict[str, Wave] = {}

    def submission(self, resource: Resource, crowd: pl.DataFrame, attempt: int) -> tuple[Intent, Submission]:
        record = self._desk.ledger.record(resource.address)
        wave = self._waves.setdefault(resource.address, Wave(record.generation + 1))
        wave.shard += 1
        signature = self._mark(resource, wave, attempt)
        now = self._desk.provider(resource).now()
        begins = policy.earliest_call(resource, now, record.guard(self._desk.project.guard))
        starts = begins if resource.route is Route.BATCH and begins > now else None
        intent = Intent(
            request=RequestKind.SUBMIT,
            route=resource.route,
            mark=str(signature),
            generation=wave.generation,
            shard=wave.shard,
            attempt=attempt,
            sent_at=now,
            count=len(crowd),
            numbers=people.numbers_digest(crowd, self._desk.key),
            payloads=people.payloads_digest(crowd, self._desk.key),
            settings=resource.settings_digest,
            wanted=resource.people.numbers if resource.route is Route.BATCH else "",
            agent_id=str(resource.settings.get("agent_id", "")),
            scheduled_at=starts,
            person=self._person(crowd) if resource.route is Route.CALL else None,
        )
        self._write_down(resource, intent)
        return intent, Submission(
            mark=signature, label=resource.display_name, settings=resource.settings, people=crowd, scheduled_at=starts
        )

    def retry(self, resource: Resource, remote: Remote, rung_again: int) -> Intent:
        record = self._desk.ledger.record(resource.address)
        known = record.remotes[remote.id]
        intent = Intent(
            request=RequestKind.RETRY,
            route=Route.BATCH,
            mark=f"retry:{remote.id}:{remote.retry_count}",
            generation=record.generation,
            shard=known.shard,
            attempt=known.attempt,
            sent_at=self._desk.provider(resource).now(),
            count=rung_again,
            numbers=known.numbers or "",
            payloads=known.payloads or "",
            settings=known.settings or "",
            remote=remote.id,
            retry_count=remote.retry_count,
        )
        self._write_down(resource, intent)
        return intent

    def _write_down(self, resource: Resource, intent: Intent) -> None:
        self._desk.ledger.update(
            resource.address,
            intents={intent.mark: intent},
            generation=intent.generation,
            provider=resource.provider,
            tombstone=False,
            quiet=None,
        )
        self._desk.budget.take(intent.mark, intent.count)

    def _mark(self, resource: Resource, wave: Wave, attempt: int) -> mark.Mark:
        return mark.Mark(
            mark.project_hash(self._desk.project.name),
            self._desk.ledger.lock.lineage,
            mark.address_hash(resource.address),
            wave.generation,
            wave.shard,
            attempt,
            mark.settings_hash(resource.settings_digest),
        )

    def _person(self, crowd: pl.DataFrame) -> str:
        return self._desk.key.of_person(self._desk.ledger.lock.lineage, crowd.item(0, "number"))
