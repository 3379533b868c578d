"""Twilio's calls: placed without mark, key or time, taken back while they wait, found by number alone (twilio.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from declarative.errors import ProviderError
from declarative.model.capabilities import Capabilities
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, Outcome, Rejected, SingleCallChannel, Submission
from declarative.providers.http.bodies import as_text, pick_settings, single_recipient
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import classify_update, read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import (
    dict_or_empty,
    id_or_none,
    mail_time_or_none,
    members_frame,
    path_segment,
    word_or_empty,
)
from declarative.providers.http.request import Body
from declarative.providers.twilio.errors import sort_refusal
from declarative.providers.twilio.members import CANCELLED, call_member, call_phase, is_ended, queue_time
from declarative.providers.twilio.pages import read_pages

OUTBOUND = "outbound-api"


class CallChannel(SingleCallChannel):
    """Implements `base.Channel` and `base.NumberChannel` for Route.CALL. `account_path` is what every path begins with.

    Nothing of ours is kept with a call, so no call that is read shows a mark.
    """

    def __init__(self, client: HttpClient, capabilities: Capabilities, account_path: str) -> None:
        self._client = client
        self._capabilities = capabilities
        self._calls = f"{account_path}/Calls"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return one list: every call that was placed by request. No filter names who speaks."""
        return [self._list_calls({})]

    def find_calls_to(self, number: str) -> list[Remote]:
        """Return every call to a number that was placed by request, whatever its status."""
        # twilio.md 2.2: a filter by time would leave out those that wait.
        return [remote for page in self._list_calls({"To": number}) for remote in page]

    def _list_calls(self, params: Mapping[str, str]) -> Iterator[list[Remote]]:
        for page in read_pages(self._client, f"{self._calls}.json", params, "calls"):
            yield [self._parse_call(call) for call in page if call.get("direction") == OUTBOUND]

    def read(self, remote_id: str) -> Remote | None:
        path = self._path_of(remote_id)
        call = read_by_id(self._client, path, remote_id, "call", id_field="sid")
        return None if call is None else self._parse_call(call)

    def submit(self, submission: Submission) -> Outcome:
        number, payload = single_recipient(submission)
        settings = pick_settings(submission.settings, self._capabilities.settings.names)
        fields = {"To": number, **{name: as_text(value) for name, value in settings.items()}}
        if "Url" in fields:
            fields["Url"] = _add_parameters(fields["Url"], dict_or_empty(payload.get("Parameters")))

        def classify_call(answer: Answer) -> Outcome:
            call = dict_or_empty(answer.data)
            if id_or_none(call.get("sid")) is None:
                return Ambiguous(f"answered {answer.status} without the id of a call")
            remote = self._parse_call({**call, "to": number})
            self._client.clock.record_creation(answer.headers, remote.created_at)
            return Done(replace(remote, mark=submission.mark))

        return sort_refusal(self._client.post_once(f"{self._calls}.json", Body.from_form(fields), classify_call))

    def cancel(self, remote_id: str) -> Outcome:
        """Take a call back that waits or rings. One in progress goes on."""
        outcome = self._client.cancel(
            self._path_of(remote_id),
            lambda answer: classify_update(answer, remote_id, self._parse_call, "call", id_field="sid"),
            body=Body.from_form({"Status": CANCELLED}),
        )
        if not isinstance(outcome, Rejected):
            return outcome
        # A call that is over is refused to be updated. What it reads then is as good as an answer.
        with suppress(ProviderError):
            remote = self.read(remote_id)
            return outcome if remote is None or remote.has_phase(Phase.QUEUED) else Done(remote)
        return outcome

    def _path_of(self, remote_id: str) -> str:
        return f"{self._calls}/{path_segment(remote_id)}.json"

    def _parse_call(self, call: dict[str, Json]) -> Remote:
        status, (phase, _) = word_or_empty(call.get("status")), call_phase(call)
        return Remote(
            id=id_or_none(call.get("sid")) or "",
            route=Route.CALL,
            name="",
            mark=None,
            status=status,
            cancelled=phase is Phase.CANCELLED,
            total=1,
            dispatched=int(phase not in (Phase.QUEUED, Phase.CANCELLED)),
            finished=int(is_ended(call)),
            created_at=mail_time_or_none(call.get("date_created")),
            last_updated_at=word_or_empty(call.get("date_updated")),
            queued_for=queue_time(call),
            members=members_frame([call_member(call)]),
        )


def _add_parameters(url: str, parameters: Mapping[str, Json]) -> str:
    """Return the address with a person's data in its query, after what it holds already."""
    if not parameters:
        return url
    parts = urlsplit(url)
    own_pairs = [(name, as_text(value)) for name, value in parameters.items()]
    pairs = parse_qsl(parts.query, keep_blank_values=True) + own_pairs
    return parts._replace(query=urlencode(pairs)).geturl()
