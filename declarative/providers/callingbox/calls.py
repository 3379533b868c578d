"""CallingBox's single calls: listed, read, placed (callingbox.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    Ambiguous,
    Done,
    Outcome,
    OutOfFunds,
    SingleCallChannel,
    Submission,
    unique_agents,
)
from declarative.providers.callingbox.members import call_member, is_ended, phase_from_call
from declarative.providers.http.bodies import add_mark, pick_settings, single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import read_pages
from declarative.providers.http.parse import (
    dict_or_empty,
    find_mark_text,
    id_or_none,
    members_frame,
    path_segment,
    text_or_none,
    time_or_none,
    word_or_empty,
)

_CALLS = "/v1/calls"


class CallingBoxChannel(SingleCallChannel):
    """Implements `base.Channel` for Route.CALL. The mark is `metadata.dialctl`.

    Calls cannot be scheduled: `scheduled_at` of a submission is ignored.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list: the outbound calls of these agents, and every call with a mark."""
        return [self._list_calls(set(unique_agents(agent_ids)))]

    def _list_calls(self, agent_ids: set[str]) -> Iterator[list[Remote]]:
        """Yield every page. Servers of an older shape answer the whole list at once (callingbox.md 2.5)."""
        for page in read_pages(self._client, _CALLS, {}, may_lack_pages=True):
            remotes = [self._parse_call(call) for call in page if call.get("direction") != "inbound"]
            yield [remote for remote in remotes if remote.agent_id in agent_ids or remote.mark is not None]

    def read(self, remote_id: str) -> Remote | None:
        call = self._client.get_or_none(f"{_CALLS}/{path_segment(remote_id)}")
        return None if call is None else self._parse_call({**dict_or_empty(call), "id": remote_id})

    def submit(self, submission: Submission) -> Outcome:
        number, payload = single_recipient(submission)
        body = {"to": number, **pick_settings(submission.settings, self._capabilities.settings.names), **payload}
        body["metadata"] = add_mark(payload.get("metadata"), submission.mark)
        submitted_mark = submission.mark
        return self._client.post_once(
            _CALLS, orjson.dumps(body), lambda answer: self._classify_call(answer, submitted_mark, number)
        )

    def _classify_call(self, answer: Answer, submitted_mark: Mark, number: str) -> Outcome:
        """Return the outcome of a placed call. Our own request gives the number and the mark."""
        call = dict_or_empty(answer.data)
        if id_or_none(call.get("id")) is None:
            return Ambiguous(f"answered {answer.status} without the id of a call")
        if phase_from_call(call) is Phase.UNFUNDED:
            error_message = text_or_none(call.get("error_message")) or "no credit for this call"
            return OutOfFunds(self._client.redact(error_message, answer.sent))
        remote = self._parse_call({**call, "to_number": number})
        self._client.clock.record_creation(answer.headers, remote.created_at)
        return Done(replace(remote, mark=submitted_mark))

    def _parse_call(self, call: dict[str, Json]) -> Remote:
        status = word_or_empty(call.get("status"))
        return Remote(
            id=id_or_none(call.get("id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(find_mark_text(call.get("metadata"))),
            status=status,
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(is_ended(call)),
            created_at=time_or_none(call.get("created_at")),
            last_updated_at=word_or_empty(call.get("updated_at")),
            agent_id=id_or_none(call.get("agent_id")) or "",
            members=members_frame([call_member(call, self._client.redact)]),
        )
