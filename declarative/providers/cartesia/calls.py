"""Cartesia's one-off calls: `POST /agents/calls`, and the older route of 2025-04-16 (cartesia.md 2.1 to 2.3,
2.10). Knows no batch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from urllib.parse import quote

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
    SingleCalls,
    Submission,
    distinct,
)
from declarative.providers.cartesia.errors import item_words
from declarative.providers.cartesia.members import call_member
from declarative.providers.http.bodies import chosen, marked, person
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer, speaks_of_funds
from declarative.providers.http.pages import pages
from declarative.providers.http.parse import entry, mark_text, members_frame, moment, payload, text

_CALLS = "/agents/calls"
_LEGACY = "/twilio/call/outbound"
_FIELDS = ("agent_id", "from_number_id", "ringing_timeout_seconds", "max_call_duration_minutes")
_TERMINAL = frozenset({"completed", "failed", "cancelled"})
UNCONFIRMED = "unconfirmed:"
CLOSER_LOOKS = 20
"""Calls of an agent's newest page that are read by id, at most, because the list shows neither metadata nor
variables: whether a list leaves them out is not documented (cartesia.md 6). All of them where every agent is asked
for; none where the version echoes nothing. A mark missed thereby leaves its call `unsure`, never rung again."""


class CallChannel(SingleCalls):
    """Implements `base.Channel` for Route.CALL; the mark travels under `abilities.personal`. Calls cannot be
    scheduled: a submission's `scheduled_at` is passed over. `managed`: its version has managed agents, too."""

    def __init__(self, wire: HttpClient, abilities: Capabilities, *, managed: bool = False) -> None:
        self._wire = wire
        self._abilities = abilities
        self._managed = managed

    @property
    def abilities(self) -> Capabilities:
        return self._abilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Outbound calls, a list for each agent; those of batches are among them and carry no mark."""
        agents = distinct(agent_ids)
        if EVERY_AGENT in agents:
            return [self._of_every_agent([agent for agent in agents if agent != EVERY_AGENT])]
        return [self._of_agent(agent, CLOSER_LOOKS) for agent in agents]

    def _of_every_agent(self, named: list[str]) -> Iterator[list[Remote]]:
        for agent in distinct([*named, *self._every_agent()]):
            yield from self._of_agent(agent, math.inf)

    def _of_agent(self, agent_id: str, looks: float) -> Iterator[list[Remote]]:
        """`looks` at its newest page; at every page where they have no end."""
        looks = looks if self._abilities.returns_data else 0
        for page in pages(self._wire, _CALLS, {"agent_id": agent_id}):
            outbound = [call for call in page if not _is_inbound(call)]
            yield [self._remote(call) for call in self._looked_at(outbound, looks)]
            looks = looks if math.isinf(looks) else 0

    def _every_agent(self) -> Iterator[str]:
        """Ids of the agents of the account (cartesia.md 2.11); the calls of one that it no longer lists stay unseen."""
        listed = entry(self._wire.get("/agents")).get("summaries")
        if not isinstance(listed, list):
            raise self._wire.failure("/agents", "gave a list that cannot be read")
        yield from (found for one in listed if (found := text(entry(one).get("id"))))
        if self._managed:
            for page in pages(self._wire, "/v1/agents", {}):
                yield from (str(agent["id"]) for agent in page)

    def read(self, remote_id: str) -> Remote | None:
        call = self._wire.get_or_none(_path(remote_id))
        return None if call is None else self._remote({**entry(call), "id": remote_id})

    def submit(self, submission: Submission) -> Outcome:
        number, own = person(submission)
        [field] = self._abilities.personal
        item: dict[str, Json] = {"to_number": number, field: marked(own.get(field), submission.mark)}
        body = {**chosen(submission.settings, _FIELDS), "outbound_calls": [item]}
        return self._wire.post_once(_CALLS, orjson.dumps(body), lambda answer: self._placed(answer, submission))

    def _placed(self, answer: Answer, submission: Submission) -> Outcome:
        """The item decides, not the 200 (cartesia.md 2.1)."""
        calls = entry(answer.data).get("calls")
        item = entry(calls[0]) if isinstance(calls, list) and calls else {}
        call_id, words = text(item.get("agent_call_id")), item_words(item.get("error"))
        if call_id is not None:
            return Done(sent(call_id, submission))
        if words is None:
            return Ambiguous(f"answered {answer.status} with neither the id of a call nor an error")
        refusal = self._wire.redact(words)
        return OutOfFunds(refusal) if speaks_of_funds(words) else Rejected(0, refusal)

    def _looked_at(self, calls: list[dict[str, Json]], looks: float) -> Iterator[dict[str, Json]]:
        for call in calls:
            if looks and _shows_no_data(call):
                looks -= 1
                call = {**call, **entry(self._wire.get_or_none(_path(str(call["id"]))))}
            yield call

    def _remote(self, call: dict[str, Json]) -> Remote:
        status = text(call.get("status")) or ""
        return Remote(
            id=text(call.get("id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(mark_text(call.get("metadata"), call.get("dynamic_variables"))),
            status=status,
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(status in _TERMINAL),
            created_at=moment(call.get("start_time")),
            agent_id=text(call.get("agent_id")) or "",
            members=members_frame([call_member(call, self._wire.redact)]),
        )


class LegacyCallChannel(CallChannel):
    """Implements `base.Channel` by the route of 2025-04-16, whose answer is documented nowhere: a JSON
    object under any 2xx means placed. Where no id can be read, the id is `unconfirmed:` and the mark."""

    def read(self, remote_id: str) -> Remote | None:
        """An unconfirmed call is known from our own id alone; whom it rang is not known here."""
        if not remote_id.startswith(UNCONFIRMED):
            return super().read(remote_id)
        return _unconfirmed(remote_id, mark.parse(remote_id))

    def submit(self, submission: Submission) -> Outcome:
        number, own = person(submission)
        body = {
            **chosen(submission.settings, ("agent_id",)),
            "target_numbers": [number],
            "metadata": marked(own.get("metadata"), submission.mark),
        }
        return self._wire.post_once(_LEGACY, orjson.dumps(body), lambda answer: _taken(answer, submission))


def sent(call_id: str, submission: Submission) -> Remote:
    """A call just placed, known from our own request."""
    number, own = person(submission)
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
        agent_id=text(submission.settings.get("agent_id")) or "",
        members=members_frame([(number, Phase.IN_FLIGHT, None, call_id, payload(own), None, None)]),
    )


def _taken(answer: Answer, submission: Submission) -> Outcome:
    """A page of a proxy is not the provider's answer, whatever its status."""
    if not isinstance(answer.data, dict):
        return Ambiguous("accepted, but the answer is not a JSON object")
    told = entry(answer.data)  # read as third-party callers guess: cartesia.md 2.10
    call_id = text(told.get("call_id")) or text(told.get("id"))
    return Done(sent(call_id or f"{UNCONFIRMED}{submission.mark}", submission))


def _unconfirmed(remote_id: str, ours: Mark | None) -> Remote:
    return Remote(
        id=remote_id,
        route=Route.CALL,
        name="",
        mark=ours,
        status="unconfirmed",
        cancelled=False,
        total=1,
        dispatched=1,
        finished=0,
        members=members_frame([]),
    )


def _path(call_id: str) -> str:
    return f"{_CALLS}/{quote(call_id, safe='')}"


def _is_inbound(call: dict[str, Json]) -> bool:
    return entry(call.get("telephony_params")).get("direction") == "inbound"


def _shows_no_data(call: dict[str, Json]) -> bool:
    return not ({"metadata", "dynamic_variables"} & call.keys()) and call.get("redacted_at") is None
