"""Single calls at CallingBox: list, read, place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

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
    SingleCalls,
    Submission,
    distinct,
)
from declarative.providers.callingbox.members import TERMINAL, call_member, call_phase
from declarative.providers.http.bodies import chosen, marked, person
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import entry, mark_text, members_frame, moment, text

_CALLS = "/v1/calls"


_FIELDS = ("agent_id", "from_number", "instructions", "webhook_url")


class CallingBoxChannel(SingleCalls):
    """Implements `base.Channel` for Route.CALL. The mark is `metadata.dialctl`. Calls cannot be scheduled: a
    submission's `scheduled_at` is passed over."""

    def __init__(self, wire: HttpClient, abilities: Capabilities) -> None:
        self._wire = wire
        self._abilities = abilities

    @property
    def abilities(self) -> Capabilities:
        return self._abilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """One list of one page, of all agents; outbound calls of these are taken."""
        return [self._calls_of(set(distinct(agent_ids)))]

    def _calls_of(self, wanted: set[str]) -> Iterator[list[Remote]]:
        """A bare array or `{data}`; both are documented."""
        listed = self._wire.get(_CALLS)
        calls = listed if isinstance(listed, list) else entry(listed).get("data")
        if not isinstance(calls, list) or not all(text(entry(call).get("id")) for call in calls):
            raise self._wire.failure(_CALLS, "gave a list that cannot be read")
        remotes = [self._remote(entry(call)) for call in calls if entry(call).get("direction") != "inbound"]
        yield [remote for remote in remotes if remote.agent_id in wanted or remote.mark is not None]

    def read(self, remote_id: str) -> Remote | None:
        call = self._wire.get_or_none(f"{_CALLS}/{quote(remote_id, safe='')}")
        return None if call is None else self._remote({**entry(call), "id": remote_id})

    def submit(self, submission: Submission) -> Outcome:
        number, own = person(submission)
        body = {"to": number, **chosen(submission.settings, _FIELDS), **own}
        body["metadata"] = marked(own.get("metadata"), submission.mark)
        ours = submission.mark
        return self._wire.post_once(_CALLS, orjson.dumps(body), lambda answer: self._placed(answer, ours, number))

    def _placed(self, answer: Answer, ours: Mark, number: str) -> Outcome:
        """What the answer leaves out is known from our own request."""
        call = entry(answer.data)
        if text(call.get("id")) is None:
            return Ambiguous(f"answered {answer.status} without the id of a call")
        if call_phase(call) is Phase.UNFUNDED:
            return OutOfFunds(self._wire.redact(text(call.get("error_message")) or "no credit for this call"))
        return Done(replace(self._remote({**call, "to_number": number}), mark=ours))

    def _remote(self, call: dict[str, Json]) -> Remote:
        status = text(call.get("status")) or ""
        return Remote(
            id=text(call.get("id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(mark_text(call.get("metadata"))),
            status=status,
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(status in TERMINAL),
            created_at=moment(call.get("created_at")),
            last_updated_at=text(call.get("updated_at")) or "",
            agent_id=text(call.get("agent_id")) or "",
            members=members_frame([call_member(call, self._wire.redact)]),
        )
