"""ElevenLabs' batch calling: no key, a list without an order, and a cancel that marks everybody (elevenlabs.md 3)."""

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
from declarative.providers.elevenlabs.campaigns import client_data_recipients
from declarative.providers.elevenlabs.members import batch_members
from declarative.providers.http.bodies import pick_settings
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import classify_creation, classify_update, read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import PageForm, read_pages
from declarative.providers.http.parse import (
    count_or_none,
    dict_or_empty,
    id_or_none,
    members_frame,
    path_segment,
    text_or_none,
    unix_time_or_none,
    word_or_empty,
)

_BATCHES = "/v1/convai/batch-calling"
NO_ID = "that is no id of a batch"
NO_RETRY = "which people a retry calls is told in two ways, so dialctl makes none"
_PAGES = PageForm(entries="batch_calls", cursor_parameter="last_doc", next_field="next_doc", ids_are_cursors=False)
_DIRECT = ("agent_id", "agent_phone_number_id", "target_concurrency_limit", "branch_id", "environment")


class BatchCallingChannel:
    """Implements `base.Channel` for Route.BATCH. The mark ends the batch's name."""

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return [self._list_batches()]

    def _list_batches(self) -> Iterator[list[Remote]]:
        """Yield the whole list as one page, newest first. Its order is not stated (elevenlabs.md 8, row 13), so only
        its end proves anything."""
        batches = [
            batch for page in read_pages(self._client, f"{_BATCHES}/workspace", {}, form=_PAGES) for batch in page
        ]
        remotes = [_parse_batch(batch) for batch in batches]
        yield sorted(remotes, key=lambda remote: (remote.created_at is not None, remote.created_at), reverse=True)

    def read(self, remote_id: str) -> Remote | None:
        batch = read_by_id(self._client, _batch_path(remote_id), remote_id, "batch")
        if batch is None:
            return None
        recipients = batch.get("recipients")
        if not isinstance(recipients, list):
            # Protocol 12: an unknown total equals no count of members, so the batch does not count as read in full.
            batch, recipients = {**batch, "total_calls_scheduled": None}, []
        members = batch_members(recipients, dispatched=count_or_none(batch.get("total_calls_dispatched")))
        return replace(_parse_batch(batch), members=members_frame(members))

    def submit(self, submission: Submission) -> Outcome:
        return self._client.post_once(
            f"{_BATCHES}/submit", _batch_body(submission), lambda answer: self._classify_create(answer, submission.mark)
        )

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, NO_RETRY)

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


def _batch_body(submission: Submission) -> bytes:
    body: dict[str, object] = {
        "call_name": mark.batch_name(submission.label, submission.mark),
        **pick_settings(submission.settings, _DIRECT),
    }
    if telephony := pick_settings(submission.settings, ("ringing_timeout_secs",)):
        body["telephony_call_config"] = telephony
    if submission.scheduled_at is not None:
        body["scheduled_time_unix"] = int(submission.scheduled_at.timestamp())
    body["recipients"] = client_data_recipients(submission)
    return orjson.dumps(body)


def _batch_path(batch_id: str) -> str:
    return f"{_BATCHES}/{path_segment(batch_id)}"


def _parse_batch(batch: dict[str, Json]) -> Remote:
    name, status = text_or_none(batch.get("name")) or "", word_or_empty(batch.get("status"))
    total = count_or_none(batch.get("total_calls_scheduled"))
    updated_at = unix_time_or_none(batch.get("last_updated_at_unix"))
    return Remote(
        id=id_or_none(batch.get("id")) or "",
        route=Route.BATCH,
        name=name,
        mark=mark.parse(name),
        status=status,
        cancelled=status == "cancelled",
        total=-1 if total is None else total,
        dispatched=count_or_none(batch.get("total_calls_dispatched")) or 0,
        finished=count_or_none(batch.get("total_calls_finished")) or 0,
        retry_count=count_or_none(batch.get("retry_count")),
        created_at=unix_time_or_none(batch.get("created_at_unix")),
        scheduled_at=unix_time_or_none(batch.get("scheduled_time_unix")),
        last_updated_at=updated_at.isoformat() if updated_at is not None else "",
        at_once=count_or_none(batch.get("target_concurrency_limit")),
        agent_id=id_or_none(batch.get("agent_id")) or "",
    )
