"""Telnyx' scheduled events: one person, one time, each treated as a batch of one (telnyx.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson

from declarative.errors import ProviderError
from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import EVERY_AGENT, Done, MarkMissing, Outcome, Rejected, Submission
from declarative.providers.http.bodies import add_mark, as_text, single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import classify_creation, read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import (
    count_or_none,
    dict_or_empty,
    find_mark_text,
    id_or_none,
    members_frame,
    path_segment,
    time_or_none,
    word_or_empty,
)
from declarative.providers.telnyx.account import list_assistant_ids
from declarative.providers.telnyx.members import event_member, is_ended, last_change
from declarative.providers.telnyx.offset_pages import read_offset_pages

NO_ID = "that is no id of an event"
NO_RETRY = "an event has no request that calls its person again"
CALLS_AGAIN = "the provider took the event with retries of its own, which dialctl had switched off"
_SOON = timedelta(minutes=2)
"""How far ahead an event lies that was given no time: there is no `now` (telnyx.md 2.1)."""


class EventChannel:
    """Implements `base.Channel` for Route.BATCH. The mark is `conversation_metadata.dialctl`, and the key.

    An event is found under its assistant alone, so its id is both: `assistant:event`.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities
        self._used_assistants: set[str] = set()

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list of all events: of every assistant of the account, of those named, and of those used here. A
        new assistant may not be listed yet."""
        named = {agent_id for agent_id in agent_ids if agent_id and agent_id != EVERY_AGENT}
        return [self._list_events(named)]

    def _list_events(self, named: set[str]) -> Iterator[list[Remote]]:
        """Yield all events as one page, newest first: the order of their lists is not stated (telnyx.md 7, row 4)."""
        listed = list_assistant_ids(self._client)
        remotes = [
            remote
            for assistant in sorted({*listed, *named, *self._used_assistants})
            for remote in self._read_list(assistant)
        ]
        yield sorted(remotes, key=lambda remote: (remote.created_at is not None, remote.created_at), reverse=True)

    def _read_list(self, assistant: str) -> list[Remote]:
        events = read_offset_pages(self._client, _events_path(assistant), entry_id="scheduled_event_id")
        return [self._parse_event(assistant, event) for event in events]

    def read(self, remote_id: str) -> Remote | None:
        assistant, event_id = _split_id(remote_id)
        path = f"{_events_path(assistant)}/{path_segment(event_id)}"
        event = read_by_id(self._client, path, event_id, "event", id_field="scheduled_event_id")
        return None if event is None else self._parse_event(assistant, event)

    def submit(self, submission: Submission) -> Outcome:
        assistant = id_or_none(submission.settings.get("assistant_id"))
        if assistant is None:
            return Rejected(404, "that is no id of an assistant")
        self._used_assistants.add(assistant)
        starts_at = submission.scheduled_at or (self._client.clock.latest_now() or datetime.now(UTC)) + _SOON
        key = submission.key or mark.spell(submission.mark, self._capabilities.key_separators)
        return self._client.post_once(
            _events_path(assistant),
            event_body(submission, starts_at),
            lambda answer: self._classify_create(answer, assistant, submission.mark),
            headers={"Idempotency-Key": key},
        )

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, NO_RETRY)

    def cancel(self, remote_id: str) -> Outcome:
        """Delete an event, once. The caller has read that it is pending and lies ahead: of any other, only the record
        would go, and with it the evidence of a call (telnyx.md 4)."""
        try:
            assistant, event_id = _split_id(remote_id)
        except ProviderError:
            return Rejected(0, NO_ID)
        outcome = self._client.cancel(
            f"{_events_path(assistant)}/{path_segment(event_id)}",
            lambda _: Done(_deleted(remote_id, assistant)),
            method="DELETE",
            is_idempotent=False,
        )
        # It was gone before: deleting twice is harmless. Whether anybody was called, a read before its start tells.
        is_gone = isinstance(outcome, Rejected) and outcome.status == 404
        return Done(_deleted(remote_id, assistant)) if is_gone else outcome

    def _classify_create(self, answer: Answer, assistant: str, submitted_mark: Mark) -> Outcome:
        """Return Done only for an event with an id to delete it by, with our mark, and without retries of its own."""
        event = dict_or_empty(answer.data)
        remote = replace(self._parse_event(assistant, event), members=None)
        if id_or_none(event.get("scheduled_event_id")) is None:
            remote = replace(remote, id="")  # an assistant alone leads to no event
        outcome = classify_creation(answer, remote, submitted_mark, self._client.clock, "event")
        # telnyx.md 7, row 2
        calls_again = count_or_none(event.get("max_retries_client_errors")) not in (None, 0)
        return MarkMissing(remote, CALLS_AGAIN) if calls_again and isinstance(outcome, Done) else outcome

    def _parse_event(self, assistant: str, event: dict[str, Json]) -> Remote:
        event_id, ended = id_or_none(event.get("scheduled_event_id")) or "", is_ended(event)
        metadata = dict_or_empty(event.get("conversation_metadata"))
        mark_text = find_mark_text(metadata)
        return Remote(
            id=f"{assistant}:{event_id}",
            route=Route.BATCH,
            # Protocol 12: an event has no name. One that shows no metadata at all could be ours, so it stays without.
            name=mark_text or ", ".join(sorted(metadata)),
            mark=mark.parse(mark_text),
            status=word_or_empty(event.get("status")),
            cancelled=False,
            total=1,
            dispatched=int(event.get("status") != "pending"),
            finished=int(ended),
            created_at=time_or_none(event.get("created_at")),
            scheduled_at=time_or_none(event.get("scheduled_at_fixed_datetime")),
            last_updated_at=last_change(event),
            at_once=1,
            agent_id=assistant,
            members=members_frame([event_member(event, self._client.redact)]),
        )


def event_body(submission: Submission, starts_at: datetime) -> bytes:
    """Return the JSON of an event: the same bytes for equal submissions."""
    number, payload = single_recipient(submission)
    settings = submission.settings
    body: dict[str, Json] = {
        "telnyx_conversation_channel": "phone_call",
        "telnyx_agent_target": settings.get("telnyx_agent_target"),
        "telnyx_end_user_target": number,
        "scheduled_at_fixed_datetime": starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        # Protocol 9: retries of the provider's own would call people whom nobody approved.
        "max_retries_client_errors": 0,
        "conversation_metadata": add_mark(_plain_values(payload.get("conversation_metadata")), submission.mark),
    }
    if variables := _plain_values(payload.get("dynamic_variables")):
        body["dynamic_variables"] = {name: as_text(value) for name, value in variables.items()}
    if settings.get("sip_region"):
        body["call_settings"] = {"sip_region": settings["sip_region"]}
    return orjson.dumps(body)


def _plain_values(data: Json) -> dict[str, Json]:
    """Return a person's data as an event takes them: text, whole numbers, booleans; anything else as text."""
    return {
        name: value if isinstance(value, str | int) else as_text(value) for name, value in dict_or_empty(data).items()
    }


def _deleted(remote_id: str, assistant: str) -> Remote:
    """Return what is known of a deleted event: the answer says nothing, and its people are not read any more."""
    return Remote(
        id=remote_id,
        route=Route.BATCH,
        name="",
        mark=None,
        status="deleted",
        cancelled=True,
        total=1,
        dispatched=0,
        finished=0,
        agent_id=assistant,
    )


def _events_path(assistant: str) -> str:
    return f"/ai/assistants/{path_segment(assistant)}/scheduled_events"


def _split_id(remote_id: str) -> tuple[str, str]:
    """Return assistant and event of a remote's id. An id that was never given out here is of no assistant that exists.
    Raises ProviderError for one that cannot be part of a path."""
    path_segment(remote_id)
    assistant, _, event_id = remote_id.rpartition(":")
    return assistant or remote_id, event_id or remote_id
