"""Vapi's single calls: listed, read, placed (vapi.md 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, Outcome, SingleCallChannel, Submission
from declarative.providers.http.bodies import single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import (
    dict_or_empty,
    id_or_none,
    members_frame,
    path_segment,
    text_or_none,
    time_or_none,
    word_or_empty,
)
from declarative.providers.vapi.bodies import call_body
from declarative.providers.vapi.campaigns import busy_if_over_limit
from declarative.providers.vapi.members import call_member
from declarative.providers.vapi.pages import read_calls

CALLS = "/call"


class CallChannel(SingleCallChannel):
    """Implements `base.Channel` for Route.CALL. The mark is the call's name.

    Calls are placed at once: `scheduled_at` of a submission is ignored.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list of all single calls: it can be asked for by assistant, and not by squad. Calls of campaigns
        are left out."""
        return [self._list_calls()]

    def _list_calls(self) -> Iterator[list[Remote]]:
        for page in read_calls(self._client, CALLS, {}):
            yield [self._parse_call(call) for call in page if call.get("campaignId") is None]

    def read(self, remote_id: str) -> Remote | None:
        call = read_by_id(self._client, f"{CALLS}/{path_segment(remote_id)}", remote_id, "call")
        return None if call is None else self._parse_call(call)

    def submit(self, submission: Submission) -> Outcome:
        number, _ = single_recipient(submission)
        return busy_if_over_limit(
            self._client.post_once(
                CALLS, call_body(submission), lambda answer: self._classify_call(answer, submission.mark, number)
            )
        )

    def _classify_call(self, answer: Answer, submitted_mark: Mark, number: str) -> Outcome:
        """Return the outcome of a placed call. Our own request gives the number and the mark."""
        call = dict_or_empty(answer.data)
        if id_or_none(call.get("id")) is None:
            return Ambiguous(f"answered {answer.status} without the id of a call")
        remote = self._parse_call({**call, "customer": {"number": number}})
        self._client.clock.record_creation(answer.headers, remote.created_at)
        return Done(replace(remote, mark=submitted_mark))

    def _parse_call(self, call: dict[str, Json]) -> Remote:
        status = word_or_empty(call.get("status"))
        return Remote(
            id=id_or_none(call.get("id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(text_or_none(call.get("name"))),
            status=status,
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(status == "ended"),
            created_at=time_or_none(call.get("createdAt")),
            last_updated_at=word_or_empty(call.get("updatedAt")),
            agent_id=id_or_none(call.get("assistantId")) or id_or_none(call.get("squadId")) or "",
            members=members_frame([call_member(call)]),
        )
