"""Retell's phone calls: searched by their mark, read, placed under a key (retell.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import METADATA_KEY, Mark
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, Outcome, OutOfFunds, SingleCallChannel, Submission
from declarative.providers.http.bodies import add_mark, as_text, pick_settings, single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import PageForm, read_pages
from declarative.providers.http.parse import (
    dict_or_empty,
    find_mark_text,
    id_or_none,
    members_frame,
    path_segment,
    unix_time_or_none,
    word_or_empty,
)
from declarative.providers.retell.members import call_member, call_phase, is_ended

_PLACE, _READ, _LIST = "/v2/create-phone-call", "/v2/get-call", "/v3/list-calls"
_PAGES = PageForm(
    entries="items",
    entry_id="call_id",
    size=1000,  # retell.md 5, row 3
    cursor_parameter="pagination_key",
    next_field="pagination_key",
    ids_are_cursors=False,
)
_MARKED: dict[str, Json] = {
    "filter_criteria": {
        "metadata": [{"key": METADATA_KEY, "type": "string", "op": "sw", "value": mark.BEGINNING}],
    },
    "sort_order": "descending",
}


class RetellChannel(SingleCallChannel):
    """Implements `base.Channel` for Route.CALL. The mark is `metadata.dialctl`, and the key.

    Calls cannot be scheduled: `scheduled_at` of a submission is ignored.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list: every call with a mark, whoever speaks. The agent may be the number's own, and then no
        setting names it."""
        return [self._list_marked_calls()]

    def _list_marked_calls(self) -> Iterator[list[Remote]]:
        for page in read_pages(self._client, _LIST, {}, form=_PAGES, question=_MARKED):
            yield [self._parse_call(call) for call in page if call.get("direction") != "inbound"]

    def read(self, remote_id: str) -> Remote | None:
        call = self._client.get_or_none(f"{_READ}/{path_segment(remote_id)}")
        return None if call is None else self._parse_call({**dict_or_empty(call), "call_id": remote_id})

    def submit(self, submission: Submission) -> Outcome:
        number, payload = single_recipient(submission)
        body: dict[str, Json] = {
            "to_number": number,
            **pick_settings(submission.settings, self._capabilities.settings.names),
            "metadata": add_mark(payload.get("metadata"), submission.mark),
            "honor_internal_dnc": True,  # retell.md 2.1
            "idempotency_key": submission.key or mark.spell(submission.mark),
        }
        if variables := dict_or_empty(payload.get("retell_llm_dynamic_variables")):
            body["retell_llm_dynamic_variables"] = {name: as_text(value) for name, value in variables.items()}
        submitted_mark = submission.mark
        return self._client.post_once(
            _PLACE, orjson.dumps(body), lambda answer: self._classify_call(answer, submitted_mark, number)
        )

    def _classify_call(self, answer: Answer, submitted_mark: Mark, number: str) -> Outcome:
        """Return Done only for a call with our mark: a key that was used before may answer another one."""
        call = dict_or_empty(answer.data)
        if id_or_none(call.get("call_id")) is None:
            return Ambiguous(f"answered {answer.status} without the id of a call")
        remote = self._parse_call({**call, "to_number": number})
        if remote.mark != submitted_mark:  # retell.md 5, row 4
            return Ambiguous(f"answered {answer.status} with the call {remote.id}, which does not show our mark")
        phase, reason = call_phase(call)
        if phase is Phase.UNFUNDED:
            return OutOfFunds(f"the call ended before any phone was called: {reason}")
        return Done(remote)

    def _parse_call(self, call: dict[str, Json]) -> Remote:
        return Remote(
            id=id_or_none(call.get("call_id")) or "",
            route=Route.CALL,
            name="",
            mark=mark.parse(find_mark_text(call.get("metadata"))),
            status=word_or_empty(call.get("call_status")),
            cancelled=False,
            total=1,
            dispatched=1,
            finished=int(is_ended(call)),
            created_at=unix_time_or_none(call.get("start_timestamp")),
            agent_id=id_or_none(call.get("agent_id")) or "",
            members=members_frame([call_member(call)]),
        )
