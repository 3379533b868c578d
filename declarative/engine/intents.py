"""Writes an intent durably before execute.py sends its request: the mark, the people, the earliest call. Sends
nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from declarative.engine import fence, keys
from declarative.engine.run_context import RunContext
from declarative.errors import ProviderError
from declarative.model import frames, mark
from declarative.model.history import Origin, PeopleCounts
from declarative.model.hours_json import encode_hours
from declarative.model.lock import Intent, RequestKind
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning import policy
from declarative.providers.base import Submission


@dataclass
class Wave:
    """The submissions of one address in one run."""

    generation: int
    """The generation that all their marks share: one more than the last one in the lock."""
    shard: int = 0
    """The number of the latest submission, from 1; 0 before the first."""


class IntentWriter:
    """Writes the intents of one run. Raises LeaseLost and StateError; nothing may be sent then."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._waves: dict[str, Wave] = {}

    def write_submission(
        self, resource: Resource, recipients: pl.DataFrame, attempt: int, moved: int = 0
    ) -> tuple[Intent, Submission]:
        """The written intent of one batch or single call, and the submission to send. `recipients` has the columns
        `number` and `payload`; `moved` of them waited already."""
        resource_record = self._run.ledger.resource_record(resource.address)
        wave = self._waves.setdefault(resource.address, Wave(resource_record.generation + 1))
        wave.shard += 1
        submission_mark = self._new_mark(resource, wave, attempt)
        # Protocol 6: a batch starts only after its guard, by the provider's clock. Until then a twin can be cancelled
        # with no one called; a request that lands later than this start is refused by the provider.
        # Where its clocks differ, the start and the fence lie ahead of the later one; the earlier one tells the send.
        provider_time, latest_time = (provider := self._run.provider(resource)).now(), provider.latest_now()
        earliest_call = policy.earliest_call(resource, latest_time, self._run.guard(resource.provider))
        scheduled_at = earliest_call if resource.route is Route.BATCH and earliest_call > latest_time else None
        submission = Submission(
            mark=submission_mark,
            label=resource.display_name,
            settings=resource.settings,
            recipients=recipients,
            key=self._find_key(resource, submission_mark),
            scheduled_at=scheduled_at,
            ends_at=self._find_end(resource, scheduled_at or latest_time),
        )
        numbers, payloads = self._digest_people(resource, recipients)
        intent = Intent(
            request=RequestKind.SUBMIT,
            route=resource.route,
            mark=str(submission_mark),
            generation=wave.generation,
            shard=wave.shard,
            attempt=attempt,
            sent_at=provider_time,
            count=len(recipients),
            numbers=numbers,
            payloads=payloads,
            settings=resource.settings_digest,
            wanted=resource.recipients.numbers if resource.route is Route.BATCH else "",
            agent_id=resource.fields.agent_of(resource.settings),
            scheduled_at=scheduled_at,
            fence=self._find_fence(resource, latest_time, scheduled_at, submission.ends_at),
            person=self._person_digest(recipients) if resource.route is Route.CALL else None,
            body=self._digest_body(resource, submission) if submission.key else "",
            origin=self._origin(resource, provider_time),
        )
        self._record_intent(resource, intent, moved)
        return intent, submission

    def write_repeat(self, resource: Resource, intent: Intent) -> Intent:
        """The written intent of the same request sent again under its key. It keeps the time of the first send, by
        which the key ends; its fence is that of the last one."""
        latest_time = self._run.provider(resource).latest_now()
        intent = replace(intent, fence=self._find_fence(resource, latest_time, intent.scheduled_at))
        # The history counts its people in the run that sent it first.
        self._record_intent(resource, intent, is_repeat=True)
        return intent

    def write_retry(self, resource: Resource, remote: Remote, count: int) -> Intent:
        """The written intent of a retry request, which calls `count` people of one batch again."""
        resource_record = self._run.ledger.resource_record(resource.address)
        # Protocol 10: a saved plan is applied once. A retry dials as a submission does, so it moves the generation too.
        wave = self._waves.setdefault(resource.address, Wave(resource_record.generation + 1))
        remote_record = resource_record.remotes[remote.id]
        intent = Intent(
            request=RequestKind.RETRY,
            route=Route.BATCH,
            mark=f"retry:{remote.id}:{remote.retry_count}",
            generation=wave.generation,
            shard=remote_record.shard,
            attempt=remote_record.attempt,
            sent_at=(provider_time := self._run.provider(resource).now()),
            count=count,
            numbers=remote_record.numbers or "",
            payloads=remote_record.payloads or "",
            settings=remote_record.settings or "",
            remote=remote.id,
            retry_count=remote.retry_count,  # Protocol 5: a lost retry is known by a larger count alone
            origin=self._origin(resource, provider_time),
        )
        self._record_intent(resource, intent)
        return intent

    def _find_end(self, resource: Resource, starts_at: datetime) -> datetime | None:
        """When a batch that starts then must have ended; None where its route has no end."""
        window = self._run.capabilities(resource.provider, resource.route).window
        if window is None:
            return None
        return min(starts_at + window, resource.expires_at or starts_at + window)

    def _find_fence(
        self, resource: Resource, sent_at: datetime, scheduled_at: datetime | None, ends_at: datetime | None = None
    ) -> datetime | None:
        if resource.route is not Route.BATCH:
            return None
        refuses_past = self._run.capabilities(resource.provider, resource.route).refuses_past
        return fence.find_fence(sent_at, scheduled_at, refuses_past=refuses_past, ends_at=ends_at)

    def _find_key(self, resource: Resource, submission_mark: mark.Mark) -> str:
        capabilities = self._run.capabilities(resource.provider, resource.route)
        has_key = capabilities.idempotent_for is not None
        return mark.spell(submission_mark, capabilities.key_separators) if has_key else ""

    def _digest_body(self, resource: Resource, submission: Submission) -> str:
        return keys.digest_request(submission, self._run.key, self._run.api_version(resource))

    def _origin(self, resource: Resource, moment: datetime) -> Origin | None:
        run = self._run.ledger.run
        return run.origin(moment, encode_hours(resource.policy.calling_hours)) if run else None

    def _record_intent(self, resource: Resource, intent: Intent, moved: int = 0, *, is_repeat: bool = False) -> None:
        # Protocol 1: durable before the request. If the process dies after this, the next run knows what may have been
        # sent. The fields of the record follow in the same step, so that no crash leaves one without the other.
        counts = _count_people(intent, moved)
        # A repeat is of an earlier wave: this run may have sent a later one already.
        earlier = self._run.ledger.resource_record(resource.address).generation
        self._run.ledger.update(
            resource.address,
            intents={intent.mark: intent},
            generation=max(earlier, intent.generation),
            provider=resource.provider,
            tombstone=False,
            quiet=None,
            counts=PeopleCounts() if is_repeat else counts,
        )
        self._run.budget.reserve(intent.mark, counts)

    def _new_mark(self, resource: Resource, wave: Wave, attempt: int) -> mark.Mark:
        # Protocol 4: the mark is unique to this request, and is how a later run finds what it created.
        submission_mark = mark.Mark(
            mark.project_hash(self._run.project.name),
            self._run.ledger.lock.lineage,
            mark.address_hash(resource.address),
            wave.generation,
            wave.shard,
            attempt,
            mark.settings_hash(resource.settings_digest),
        )
        most = self._run.capabilities(resource.provider, resource.route).mark_length
        if most is not None and len(str(submission_mark)) > most:
            message = f"{resource.address}: its mark {submission_mark} is longer than the {most} characters"
            raise ProviderError(f"{message} that {resource.provider} keeps; nothing was sent")
        return submission_mark

    def _digest_people(self, resource: Resource, recipients: pl.DataFrame) -> tuple[str, str]:
        """The digests of the numbers, and of the numbers with their data. All of them are people whom the manifest
        wants: as many as those are the same ones."""
        if len(recipients) == resource.recipients.count:
            return resource.recipients.numbers, resource.recipients.payloads
        key = self._run.key
        return frames.numbers_digest(recipients, key), frames.payloads_digest(recipients, key)

    def _person_digest(self, recipients: pl.DataFrame) -> str:
        return self._run.key.digest_person(self._run.ledger.lock.lineage, recipients.item(0, "number"))


def _count_people(intent: Intent, moved: int) -> PeopleCounts:
    """The people of a request as the history counts them. Those who move were counted as taken off before."""
    called = intent.count - moved
    is_again = intent.attempt > 1 or intent.request is RequestKind.RETRY
    return PeopleCounts(
        people_called=called,
        people_called_again=called if is_again else 0,
        people_moved=moved,
        people_taken_off=-moved,
    )
