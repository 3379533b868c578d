"""Cartesia's batches under versions 2026-03-01 and 2026-08-14 (cartesia.md 2.5 to 2.9 and 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Outcome, Rejected, Submission
from declarative.providers.cartesia.members import batch_members
from declarative.providers.http.bodies import pick_settings, recipients_json
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import classify_creation, classify_update, read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import read_pages
from declarative.providers.http.parse import (
    count_or_none,
    dict_or_empty,
    id_or_none,
    members_frame,
    path_segment,
    text_or_none,
    time_or_none,
    word_or_empty,
)

_BATCHES = "/agents/calls/batches"
NO_ID = "that is no id of a batch"


class BatchChannel:
    """Implements `base.Channel` for Route.BATCH."""

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return [self._list_batches()]

    def _list_batches(self) -> Iterator[list[Remote]]:
        for page in read_pages(self._client, _BATCHES, {}):
            yield [_parse_batch(batch) for batch in page]

    def read(self, remote_id: str) -> Remote | None:
        batch = read_by_id(self._client, _batch_path(remote_id), remote_id, "batch")
        return None if batch is None else self._with_members(batch)

    def submit(self, submission: Submission) -> Outcome:
        body = _batch_body(submission, self._capabilities.settings.names)
        return self._client.post_once(_BATCHES, body, lambda answer: self._classify_create(answer, submission.mark))

    def retry(self, remote_id: str) -> Outcome:
        if id_or_none(remote_id) is None:
            return Rejected(0, NO_ID)
        return self._client.post_once(
            f"{_batch_path(remote_id)}/retry",
            None,
            lambda answer: classify_update(answer, remote_id, _parse_batch, "batch"),
        )

    def cancel(self, remote_id: str) -> Outcome:
        if id_or_none(remote_id) is None:
            return Rejected(0, NO_ID)
        return self._client.cancel(
            f"{_batch_path(remote_id)}/cancel",
            lambda answer: classify_update(answer, remote_id, _parse_batch, "batch"),
        )

    def _classify_create(self, answer: Answer, submitted_mark: Mark) -> Outcome:
        remote = _parse_batch(dict_or_empty(answer.data))
        return classify_creation(answer, remote, submitted_mark, self._client.clock, "batch")

    def _with_members(self, batch: dict[str, Json]) -> Remote:
        recipients = batch.get("recipients")
        if not isinstance(recipients, list):
            # Protocol 12: zero members of zero expected would read as: no one was ever submitted. An unknown total
            # (-1) equals no count of members, so the batch does not count as read in full.
            batch, recipients = {**batch, "total_calls_scheduled": None}, []
        return replace(_parse_batch(batch), members=members_frame(batch_members(recipients, self._client.redact)))


def _batch_body(submission: Submission, fields: Iterable[str]) -> bytes:
    """Return the JSON of a batch. Without `submission.scheduled_at` the body has none, and the batch starts at once."""
    body: dict[str, object] = {
        "name": mark.batch_name(submission.label, submission.mark),
        **pick_settings(submission.settings, fields),
    }
    # Protocol 6: the guard's start time goes in here. A request that lands after it is refused by the provider.
    body.pop("scheduled_at", None)
    if submission.scheduled_at is not None:
        body["scheduled_at"] = submission.scheduled_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body["recipients"] = recipients_json(submission, number_field="to_number")
    return orjson.dumps(body)


def _batch_path(batch_id: str) -> str:
    return f"{_BATCHES}/{path_segment(batch_id)}"


def _parse_batch(batch: dict[str, Json]) -> Remote:
    name = text_or_none(batch.get("name")) or ""
    status = word_or_empty(batch.get("status"))
    total = count_or_none(batch.get("total_calls_scheduled"))
    return Remote(
        id=id_or_none(batch.get("id")) or "",
        route=Route.BATCH,
        name=name,
        mark=mark.parse(name),
        status=status,
        cancelled=status == "cancelled",
        # An unknown total is -1: it equals no count of members, so nothing is concluded from it.
        total=-1 if total is None else total,
        dispatched=count_or_none(batch.get("total_calls_dispatched")) or 0,
        finished=count_or_none(batch.get("total_calls_finished")) or 0,
        retry_count=count_or_none(batch.get("retry_count")),
        created_at=time_or_none(batch.get("created_at")),
        scheduled_at=time_or_none(batch.get("scheduled_at")),
        last_updated_at=word_or_empty(batch.get("last_updated_at")),
        at_once=count_or_none(batch.get("target_concurrency_limit")),
        agent_id=id_or_none(batch.get("agent_id")) or "",
    )
