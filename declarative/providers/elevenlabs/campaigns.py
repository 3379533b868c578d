"""ElevenLabs' campaigns, always of `variant: simple`: each person is called once (elevenlabs.md 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import orjson

from declarative.errors import ProviderError, Unauthorized
from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import (
    Ambiguous,
    Done,
    Failure,
    MarkMissing,
    Outcome,
    Rejected,
    Removal,
    Submission,
)
from declarative.providers.elevenlabs.members import STOPPED, STOPPING, campaign_members
from declarative.providers.elevenlabs.type import BATCH_VERSION
from declarative.providers.http.bodies import pick_settings, recipients_json
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
    plain_number,
    text_or_none,
    unix_time_or_none,
    word_or_empty,
)

CAMPAIGNS = "/v1/convai/outbound-campaigns/campaigns"
NO_ID = "that is no id of a campaign"
NO_RETRY = "a campaign has no request that calls its people again"
CALLS_AGAIN = "the provider took the campaign with retries of its own, which dialctl had switched off"
_FINAL = frozenset({STOPPED, "completed", "failed"})
_REFUSED_ACCESS = frozenset({403, 404})
_NOT_ENABLED = f'where campaigns are not switched on for the account, api_version: "{BATCH_VERSION}" is the other way'
_FORM = PageForm(
    entry_id="",
    size_parameter="page_size",
    cursor_parameter="cursor",
    next_field="next_cursor",
    ids_are_cursors=False,
)
_CAMPAIGN_PAGES = replace(_FORM, entries="campaigns", entry_id="campaign_id")
_LEAD_PAGES = replace(_FORM, entries="leads", entry_id="lead_id")
_CALL_PAGES = replace(_FORM, entries="calls", entry_id="intent_id")


class CampaignChannel:
    """Implements `base.Channel` for Route.BATCH, `base.RemovalChannel` and `base.SearchChannel`. The mark is the
    idempotency key, and ends the campaign's name."""

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return [self._list_campaigns({})]

    def find_marked(self, mark: str) -> list[Remote]:
        return [remote for page in self._list_campaigns({"search": mark}) for remote in page]

    def _list_campaigns(self, query: Mapping[str, str]) -> Iterator[list[Remote]]:
        try:
            for page in read_pages(self._client, CAMPAIGNS, query, form=_CAMPAIGN_PAGES):
                yield [_parse_campaign(campaign) for campaign in page]
        except Unauthorized:
            raise
        except ProviderError as error:
            raise ProviderError(error.message, hint=error.hint or _NOT_ENABLED) from None

    def read(self, remote_id: str) -> Remote | None:
        """Return a campaign with its people. Its status is read before its leads, and they before its calls: whoever is
        called meanwhile is seen as called."""
        path = _campaign_path(remote_id)
        campaign = read_by_id(self._client, path, remote_id, "campaign", id_field="campaign_id")
        if campaign is None:
            return None
        read_all = partial(_read_all, self._client)
        leads = read_all(f"{path}/leads", _LEAD_PAGES)
        calls = read_all(f"{path}/calls", _CALL_PAGES)
        members = campaign_members(word_or_empty(campaign.get("status")), leads, calls)
        return replace(_parse_campaign(campaign), members=members_frame(members))

    def submit(self, submission: Submission) -> Outcome:
        outcome = self._client.post_once(
            f"{CAMPAIGNS}/submit",
            campaign_body(submission),
            lambda answer: self._classify_create(answer, submission.mark),
        )
        if isinstance(outcome, Rejected) and outcome.status in _REFUSED_ACCESS:
            return replace(outcome, message=f"{outcome.message} ({_NOT_ENABLED})")
        return outcome

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, NO_RETRY)

    def cancel(self, remote_id: str) -> Outcome:
        """Stop a campaign. A second stop is harmless (elevenlabs.md 8, row 7)."""
        if id_or_none(remote_id) is None:
            return Rejected(0, NO_ID)
        return self._client.cancel(
            f"{_campaign_path(remote_id)}/stop",
            lambda answer: classify_update(answer, remote_id, _parse_campaign, "campaign", id_field="campaign_id"),
        )

    def find_members(self, remote_id: str, numbers: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of leads by number. All leads are read: a search would put numbers into addresses."""
        lead_ids: dict[str, list[str]] = {}
        for lead in _read_all(self._client, f"{_campaign_path(remote_id)}/leads", _LEAD_PAGES):
            if (number := plain_number(lead.get("phone_number"))) in numbers:
                lead_ids.setdefault(number, []).append(str(lead["lead_id"]))
        return lead_ids

    def remove_member(self, remote_id: str, member_id: str) -> Removal | Failure:
        """Take one lead off. What was removed stays so, whoever asks again (elevenlabs.md 2.5)."""
        if id_or_none(remote_id) is None or id_or_none(member_id) is None:
            return Rejected(0, NO_ID)
        path = f"{_campaign_path(remote_id)}/leads/{path_segment(member_id)}"
        return self._client.cancel(path, lambda answer: _parse_removal(answer, member_id), method="DELETE")

    def _classify_create(self, answer: Answer, submitted_mark: Mark) -> Outcome:
        """Return Done only for a campaign with our mark that calls nobody twice. An answer that repeats an earlier one
        (`created: false`) is as good: the mark says that it is ours."""
        campaign = dict_or_empty(dict_or_empty(answer.data).get("campaign"))
        clock = self._client.clock if dict_or_empty(answer.data).get("created") is True else None
        outcome = classify_creation(answer, _parse_campaign(campaign), submitted_mark, clock, "campaign")
        # Protocol 4: what calls more often than asked is taken back at once by its id.
        if isinstance(outcome, Done) and _calls_again(campaign):
            return MarkMissing(outcome.remote, CALLS_AGAIN)
        return outcome


def campaign_body(submission: Submission) -> bytes:
    """Return the JSON of a campaign: the same bytes for equal submissions."""
    settings = submission.settings
    mode = {"mode": "voice", **pick_settings(settings, ("ringing_timeout_secs",))}
    body: dict[str, object] = {
        "call_name": mark.batch_name(submission.label, submission.mark),
        **pick_settings(settings, ("agent_id", "target_concurrency_limit", "branch_id", "environment")),
        "variant": "simple",
        "channel_config": {
            "channel": "phone",
            **pick_settings(settings, ("agent_phone_number_id",)),
            "mode_config": mode,
        },
        # Protocol 4: a body alone is matched too, so one without a mark could be swallowed by an older one.
        "idempotency_key": submission.key or str(submission.mark),
    }
    if submission.scheduled_at is not None:
        body["scheduled_time_unix"] = int(submission.scheduled_at.timestamp())
    body["recipients"] = client_data_recipients(submission)
    return orjson.dumps(body)


def client_data_recipients(submission: Submission) -> orjson.Fragment:
    """Return the recipients as both APIs take them."""
    return recipients_json(submission, number_field="phone_number", data_field="conversation_initiation_client_data")


def _parse_removal(answer: Answer, lead_id: str) -> Removal | Ambiguous:
    removed = dict_or_empty(answer.data)
    if removed.get("lead_id") != lead_id:
        return Ambiguous(f"answered {answer.status} without the person that was asked for")
    return Removal(in_flight=removed.get("has_calls_in_flight") is not False)


def _read_all(client: HttpClient, path: str, form: PageForm) -> list[dict[str, Json]]:
    return [entry for page in read_pages(client, path, {}, form=form) for entry in page]


def _campaign_path(campaign_id: str) -> str:
    return f"{CAMPAIGNS}/{path_segment(campaign_id)}"


def _calls_again(campaign: dict[str, Json]) -> bool:
    """Whether the answer shows more than one call a person (elevenlabs.md 8, row 11)."""
    most_calls = count_or_none(dict_or_empty(dict_or_empty(campaign.get("policy")).get("retry")).get("max_total_calls"))
    return campaign.get("variant") != "simple" or (most_calls or 0) > 1


def _parse_campaign(campaign: dict[str, Json]) -> Remote:
    name, status = text_or_none(campaign.get("call_name")) or "", word_or_empty(campaign.get("status"))
    counts = dict_or_empty(campaign.get("counts"))
    total, finished = count_or_none(counts.get("leads")), count_or_none(counts.get("terminal_leads")) or 0
    if total is not None and status not in _FINAL:
        # Nothing says that a terminal lead has no call any more, so a campaign that goes on is never over by its count.
        finished = min(finished, max(0, total - 1))
    updated_at = unix_time_or_none(campaign.get("updated_at_unix"))
    return Remote(
        id=id_or_none(campaign.get("campaign_id")) or "",
        route=Route.BATCH,
        name=name,
        mark=mark.parse(name),
        status=status,
        cancelled=status in (STOPPING, STOPPED),
        # An unknown total is -1: it equals no count of members, so nothing is concluded from it.
        total=-1 if total is None else total,
        dispatched=finished,  # how many were handed off is not told here; at least as many as ended
        finished=finished,
        created_at=unix_time_or_none(campaign.get("created_at_unix")),
        scheduled_at=unix_time_or_none(campaign.get("scheduled_time_unix")),
        last_updated_at=updated_at.isoformat() if updated_at is not None else "",
        at_once=count_or_none(campaign.get("target_concurrency_limit")),
        agent_id=id_or_none(campaign.get("agent_id")) or "",
    )
