"""Cartesia's batches, of 2026-03-01 and 2026-08-14 (cartesia.md 2.5 to 2.9 and 3). Knows no single call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, MarkMissing, Outcome, Submission
from declarative.providers.cartesia.members import members
from declarative.providers.http.bodies import batch_body
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import pages
from declarative.providers.http.parse import entry, members_frame, moment, number, text

_BATCHES = "/agents/calls/batches"
FIELDS = (
    "agent_id",
    "from_number_id",
    "target_concurrency_limit",
    "ringing_timeout_seconds",
    "max_call_duration_minutes",
)


class BatchChannel:
    """Implements `base.Channel` for Route.BATCH; `fields` are the settings that its version takes."""

    def __init__(self, wire: HttpClient, abilities: Capabilities, fields: tuple[str, ...]) -> None:
        self._wire = wire
        self._abilities = abilities
        self._fields = fields

    @property
    def abilities(self) -> Capabilities:
        return self._abilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return [self._every_batch()]

    def _every_batch(self) -> Iterator[list[Remote]]:
        for page in pages(self._wire, _BATCHES, {}):
            yield [_remote(one) for one in page]

    def read(self, remote_id: str) -> Remote | None:
        path = _path(remote_id)
        batch = self._wire.get_or_none(path)
        if batch is None:
            return None
        if entry(batch).get("id") != remote_id:
            raise self._wire.failure(path, "gave something else than this batch")
        return self._in_full(entry(batch))

    def submit(self, submission: Submission) -> Outcome:
        body = batch_body(submission, mark.sign(submission.label, submission.mark), self._fields)
        return self._wire.post_once(_BATCHES, body, lambda answer: _created(answer, submission.mark))

    def retry(self, remote_id: str) -> Outcome:
        return self._wire.post_once(f"{_path(remote_id)}/retry", None, lambda answer: _same(answer, remote_id))

    def cancel(self, remote_id: str) -> Outcome:
        return self._wire.cancel(f"{_path(remote_id)}/cancel", lambda answer: _same(answer, remote_id))

    def _in_full(self, batch: dict[str, Json]) -> Remote:
        recipients = batch.get("recipients")
        if not isinstance(recipients, list):
            # Nobody in sight where nobody is expected would read as: never submitted.
            batch, recipients = {**batch, "total_calls_scheduled": None}, []
        return replace(_remote(batch), members=members_frame(members(recipients, self._wire.redact)))


def _path(batch_id: str) -> str:
    return f"{_BATCHES}/{quote(batch_id, safe='')}"


def _created(answer: Answer, ours: Mark) -> Outcome:
    """Done only with an id to cancel by, and a name that still ends with our mark. One that ends with another mark is
    of another batch, which is not to be cancelled for that."""
    batch = entry(answer.data)
    if text(batch.get("id")) is None:
        return Ambiguous(f"answered {answer.status} without the id of a batch")
    remote = _remote(batch)
    if remote.mark is not None and remote.mark != ours:
        return Ambiguous(f"answered {answer.status} with another batch than was sent")
    return Done(remote) if remote.mark else MarkMissing(remote)


def _same(answer: Answer, batch_id: str) -> Outcome:
    batch = entry(answer.data)
    if batch.get("id") != batch_id:
        return Ambiguous(f"answered {answer.status} without the batch that was asked for")
    return Done(_remote(batch))


def _remote(batch: dict[str, Json]) -> Remote:
    name = text(batch.get("name")) or ""
    status = text(batch.get("status")) or ""
    total = number(batch.get("total_calls_scheduled"))
    return Remote(
        id=text(batch.get("id")) or "",
        route=Route.BATCH,
        name=name,
        mark=mark.parse(name),
        status=status,
        cancelled=status == "cancelled",
        total=-1 if total is None else total,
        dispatched=number(batch.get("total_calls_dispatched")) or 0,
        finished=number(batch.get("total_calls_finished")) or 0,
        retry_count=number(batch.get("retry_count")),
        created_at=moment(batch.get("created_at")),
        scheduled_at=moment(batch.get("scheduled_at")),
        last_updated_at=text(batch.get("last_updated_at")) or "",
        agent_id=text(batch.get("agent_id")) or "",
    )
