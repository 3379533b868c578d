"""Cartesia's single calls: `POST /agents/calls`, and the old route of 2025-04-16 (cartesia.md 2.1 to 2.3, 2.10)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import orjson

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    EVERY_AGENT,
    Ambiguous,
    Done,
    Outcome,
    OutOfFunds,
    Rejected,
    SingleCallChannel,
    Submission,
    unique_agents,
)
from declarative.providers.cartesia.errors import call_error_message
from declarative.providers.cartesia.members import call_member, is_call_ended
from declarative.providers.http.bodies import add_mark, pick_settings, single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer, is_out_of_funds
from declarative.providers.http.pages import read_pages
from declarative.providers.http.parse import (
    dict_or_empty,
    find_mark_text,
    id_or_none,
    member_payload,
    members_frame,
    path_segment,
    text_or_none,
    time_or_none,
    word_or_empty,
)

_CALLS = "/agents/calls"
_LEGACY = "/twilio/call/outbound"
UNCONFIRMED = "unconfirmed:"
"""Begins the id of a call whose answer had none; our mark follows."""
MAX_CALL_READS = 20
"""The most calls of an agent's newest page that are read by id, where the list shows neither metadata nor variables.

Whether a list leaves them out is not documented (cartesia.md 6). With EVERY_AGENT all calls are read; where the version
returns no data, none are. A mark that is missed this way leaves its call `unsure`, which is never called again."""


class CallChannel(SingleCallChannel):
    """Implements `base.Channel` for Route.CALL. The mark goes into the field that `capabilities.personal` names.

    Calls cannot be scheduled: `scheduled_at` of a submission is ignored. `has_managed_agents`: the API version lists
    agents at `/v1/agents` too.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities, *, has_managed_agents: bool = False) -> None:
        self._client = client
        self._capabilities = capabilities
        self._has_managed_agents = has_managed_agents

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list of outbound calls for each agent. Calls of batches are among them, without a mark."""
        agents = unique_agents(agent_ids)
        if EVERY_AGENT in agents:
            return [self._list_all_calls([agent for agent in agents if agent != EVERY_AGENT])]
        return [self._list_agent_calls(agent, MAX_CALL_READS) for agent in agents]

    def _list_all_calls(self, named_agents: list[str]) -> Iterator[list[Remote]]:
        for agent_id in unique_agents([*named_agents, *self._list_agent_ids()]):
            yield from self._list_agent_calls(agent_id, math.inf)

    def _list_agent_calls(self, agent_id: str, max_reads: float) -> Iterator[list[Remote]]:
        """Yield an agent's calls. Reads up to `max_reads` of its newest page by id; of every page if infinite."""
        max_reads = max_reads if self._capabilities.returns_data else 0
        for page in read_pages(self._client, _CALLS, {"agent_id": agent_id}):
            outbound = [call for call in page if not _is_inbound(call)]
            yield [self._parse_call(call) for call in self._read_missing_data(outbound, max_reads)]
            max_reads = max_reads if math.isinf(max_reads) else 0

    def _list_agent_ids(self) -> Iterator[str]:
        """Yield the account's agents (cartesia.md 2.11). Calls of an agent that is no longer listed stay unseen."""
        summaries = dict_or_empty(self._client.get("/agents")).get("summaries")
        if not isinstance(summaries, list):
            raise self._client.failure("/agents", "answered with a list that cannot be read")
        yield from (agent_id for summary in summaries if (agent_id := id_or_none(dict_or_empty(summary).get("id"))))
        if self._has_managed_agents:
            for page in read_pages(self._client, "/v1/agents", {}):
                yield from (str(agent["id"]) for agent in page)

    def read(self, remote_id: str) -> Remote | None:
        call = self._client.get_or_none(_call_path(remote_id))
        return None if call is None else self._parse_call({**dict_or_empty(call), "id": remote_id})

    def submit(self, submission: Submission) -> Outcome:
        number, payload = single_recipient(submission)
        [field] = self._capabilities.personal
        outbound_call: dict[str, Json] = {"to_number": number, field: add_mark(payload.get(field), submission.mark)}
        body = {
            **pick_settings(submission.settings, self._capabilities.settings.names),
            "outbound_calls": [outbound_call],
        }
        return self._client.post_once(
            _CALLS, orjson.dumps(body), lambda answer: self._classify_call(answer, submission)
        )

    def _classify_call(self, answer: Answer, submission: Submission) -> Outcome:
        """Return the outcome by the call's own entry; a 200 alone says nothing about it (cartesia.md 2.1)."""
        calls = dict_or_empty(answer.data).get("calls")
        call = dict_or_empty(calls[0]) if isinstance(calls, list) and calls else {}
        call_id, error_message = id_or_none(call.get("agent_call_id")), call_error_message(call.get("error"))
        if call_id is not None:
            return Done(remote_from_submission(call_id, submission))
        if error_message is None or call.get("agent_call_id"):
            return Ambiguous(f"answered {answer.status} with neither the id of a call nor an error")
        message = self._client.redact(error_message, answer.sent)
        return OutOfFunds(message) if is_out_of_funds(error_message) else Rejected(0, message)

    def _read_missing_data(self, calls: list[dict[str, Json]], reads_left: float) -> Iterator[dict[str, Json]]:
        """Yield the calls, the first `reads_left` of those without data completed by a read of their own."""
        for call in calls:
            if reads_left and _has_no_data(call):
                reads_left -= 1
                call = {**call, **dict_or_empty(self._client.get_or_none(_call_path(str(call["id"]))))}
            yield call

    def _parse_call(self, call: dict[str, Json]) -> Remote:
        status = word_or_empty(call.get("status"))
        return Remote(
            id=id_or_none(call.get("id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(find_mark_text(call.get("metadata"), call.get("dynamic_variables"))),
            status=status,
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(is_call_ended(call)),
            created_at=time_or_none(call.get("start_time")),
            agent_id=id_or_none(call.get("agent_id")) or "",
            members=members_frame([call_member(call, self._client.redact)]),
        )


class LegacyCallChannel(CallChannel):
    """Implements `base.Channel` for Route.CALL under 2025-04-16. The answer of that route is not documented.

    A JSON object with any 2xx status counts as placed. Where it has no readable id, the id is `unconfirmed:` and the
    mark.
    """

    def read(self, remote_id: str) -> Remote | None:
        """Read a call. An unconfirmed one is built from our own id, without members: its number is not known here."""
        if not remote_id.startswith(UNCONFIRMED):
            return super().read(remote_id)
        return _build_unconfirmed(remote_id, mark.parse(remote_id))

    def submit(self, submission: Submission) -> Outcome:
        number, payload = single_recipient(submission)
        body = {
            **pick_settings(submission.settings, self._capabilities.settings.names),
            "target_numbers": [number],
            "metadata": add_mark(payload.get("metadata"), submission.mark),
        }
        return self._client.post_once(
            _LEGACY, orjson.dumps(body), lambda answer: _classify_legacy_call(answer, submission)
        )


def remote_from_submission(call_id: str, submission: Submission) -> Remote:
    """Build the Remote of a call just placed, from our own request."""
    number, payload = single_recipient(submission)
    return Remote(
        id=call_id,
        route=Route.CALL,
        name="",
        mark=submission.mark,
        status="created",
        cancelled=False,
        total=1,
        dispatched=1,
        finished=0,
        agent_id=text_or_none(submission.settings.get("agent_id")) or "",
        members=members_frame([(number, Phase.IN_FLIGHT, None, call_id, member_payload(payload), None, None)]),
    )


def _classify_legacy_call(answer: Answer, submission: Submission) -> Outcome:
    """Return Done for a JSON object. Anything else may be the page of a proxy, whatever its status."""
    if not isinstance(answer.data, dict):
        return Ambiguous("accepted, but the answer is not a JSON object")
    call = dict_or_empty(answer.data)  # cartesia.md 2.10: fields that public callers look for
    call_id = id_or_none(call.get("call_id")) or id_or_none(call.get("id"))
    return Done(remote_from_submission(call_id or f"{UNCONFIRMED}{submission.mark}", submission))


def _build_unconfirmed(remote_id: str, submitted_mark: Mark | None) -> Remote:
    return Remote(
        id=remote_id,
        route=Route.CALL,
        name="",
        mark=submitted_mark,
        status="unconfirmed",
        cancelled=False,
        total=1,
        dispatched=1,
        finished=0,
        members=members_frame([]),
    )


def _call_path(call_id: str) -> str:
    return f"{_CALLS}/{path_segment(call_id)}"


def _is_inbound(call: dict[str, Json]) -> bool:
    return dict_or_empty(call.get("telephony_params")).get("direction") == "inbound"


def _has_no_data(call: dict[str, Json]) -> bool:
    # A redacted call has lost its data for good: a read of its own shows no more.
    return not ({"metadata", "dynamic_variables"} & call.keys()) and call.get("redacted_at") is None
