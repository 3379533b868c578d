"""Vapi's campaigns, which start when they are created and obey an end (vapi.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from declarative.errors import ProviderError, Unauthorized
from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Busy, Outcome, Rejected, Submission
from declarative.providers.http.client import HttpClient
from declarative.providers.http.identity import classify_creation, classify_update, read_by_id
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import (
    count_or_none,
    dict_or_empty,
    id_or_none,
    members_frame,
    path_segment,
    text_or_none,
    time_or_none,
    word_or_empty,
)
from declarative.providers.http.request import Body
from declarative.providers.vapi.bodies import campaign_body
from declarative.providers.vapi.members import CANCELLED, ENDED, contact_members
from declarative.providers.vapi.pages import read_campaigns, read_contacts

CAMPAIGNS = "/v2/campaign"
NO_ID = "that is no id of a campaign"
NO_RETRY = "a campaign has no request that calls its people again"
NOT_ENABLED = "where campaigns are not switched on for the account, write a kind: Call for each person"
_FORBIDDEN = 403
_BAD_REQUEST = 400
_SETTLES = timedelta(minutes=1)
"""How long after the end of a campaign a call that was being placed may still show up (vapi.md 6, row 5)."""
_CALLED = ("dispatched", "completed", "failed")
_NOT_CALLED = ("pending", "skipped", "predialFailed")


class CampaignChannel:
    """Implements `base.Channel` for Route.BATCH. The mark ends the campaign's name."""

    def __init__(self, client: HttpClient, capabilities: Capabilities) -> None:
        self._client = client
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        return [self._list_campaigns()]

    def _list_campaigns(self) -> Iterator[list[Remote]]:
        try:
            params = {"sortOrder": "DESC", "includeCounters": "true"}
            for page in read_campaigns(self._client, CAMPAIGNS, params):
                yield [self._parse_campaign(campaign) for campaign in page]
        except Unauthorized:
            raise
        except ProviderError as error:
            raise ProviderError(error.message, hint=error.hint or NOT_ENABLED) from None

    def read(self, remote_id: str) -> Remote | None:
        """Return a campaign with its people. Its status is read before them: whoever is called meanwhile is seen as
        called."""
        path = _campaign_path(remote_id)
        campaign = read_by_id(self._client, path, remote_id, "campaign", query="?includeCounters=true")
        if campaign is None:
            return None
        contacts = read_contacts(self._client, f"{path}/contacts")
        members = contact_members(word_or_empty(campaign.get("status")), contacts)
        return replace(self._parse_campaign(campaign), members=members_frame(members))

    def submit(self, submission: Submission) -> Outcome:
        starts_at = self._client.clock.latest_now() or datetime.now(UTC)
        outcome = self._client.post_once(
            CAMPAIGNS,
            campaign_body(submission, starts_at),
            lambda answer: self._classify_create(answer, submission),
        )
        if isinstance(outcome, Rejected) and outcome.status == _FORBIDDEN:
            return replace(outcome, message=f"{outcome.message} ({NOT_ENABLED})")
        return busy_if_over_limit(outcome)

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, NO_RETRY)

    def cancel(self, remote_id: str) -> Outcome:
        """Cancel a campaign. Never by DELETE, which hides the evidence of its calls (vapi.md 2.5)."""
        if id_or_none(remote_id) is None:
            return Rejected(0, NO_ID)
        return self._client.cancel(
            _campaign_path(remote_id),
            lambda answer: classify_update(answer, remote_id, self._parse_campaign, "campaign"),
            method="PATCH",
            body=Body.from_json({"status": CANCELLED}),
        )

    def _classify_create(self, answer: Answer, submission: Submission) -> Outcome:
        """Return Done only for a campaign with our mark. The answer counts nobody: our own request says how many."""
        campaign = self._parse_campaign(dict_or_empty(answer.data))
        remote = replace(campaign, total=len(submission.recipients))
        return classify_creation(answer, remote, submission.mark, self._client.clock, "campaign")

    def _parse_campaign(self, campaign: dict[str, Json]) -> Remote:
        name, status = text_or_none(campaign.get("name")) or "", word_or_empty(campaign.get("status"))
        total, called, finished = self._count_people(campaign, status)
        plan = dict_or_empty(campaign.get("schedulePlan"))
        return Remote(
            id=id_or_none(campaign.get("id")) or "",
            route=Route.BATCH,
            name=name,
            mark=mark.parse(name),
            status=status,
            cancelled=status == CANCELLED,
            total=total,
            dispatched=called,
            finished=finished,
            created_at=time_or_none(campaign.get("createdAt")),
            scheduled_at=time_or_none(plan.get("earliestAt")),
            last_updated_at=word_or_empty(campaign.get("updatedAt")),
            at_once=count_or_none(campaign.get("maxConcurrency")),
            agent_id=id_or_none(campaign.get("assistantId")) or id_or_none(campaign.get("squadId")) or "",
        )

    def _count_people(self, campaign: dict[str, Json], status: str) -> tuple[int, int, int]:
        """Return how many people a campaign has, how many were handed off, and how many are through. An unknown total
        is -1: it equals no count of members, so nothing is concluded from it."""
        counters = dict_or_empty(campaign.get("contactCounters"))
        counts = {name: count_or_none(counters.get(name)) for name in (*_CALLED, *_NOT_CALLED)}
        known = {name: count for name, count in counts.items() if count is not None}
        if len(known) < len(counts):
            return -1, 0, 0
        called = sum(known[name] for name in _CALLED)
        finished = called - known["dispatched"]
        not_called = sum(known[name] for name in _NOT_CALLED)
        if status == ENDED and self._is_settled(campaign):
            finished += not_called
        return called + not_called, called, finished

    def _is_settled(self, campaign: dict[str, Json]) -> bool:
        """Whether an ended campaign ended long enough ago: a call that was being placed then is shown by now."""
        plan = dict_or_empty(campaign.get("schedulePlan"))
        times = [time_or_none(value) for value in (plan.get("latestAt"), campaign.get("updatedAt"))]
        known = [moment for moment in times if moment is not None]
        now = self._client.clock.now()
        return now is not None and bool(known) and now >= max(known) + _SETTLES


def busy_if_over_limit(outcome: Outcome) -> Outcome:
    """Return Busy for a refusal that speaks of too many calls at once: it passes (vapi.md 5)."""
    if not isinstance(outcome, Rejected) or outcome.status != _BAD_REQUEST:
        return outcome
    return Busy(None, outcome.message) if "over concurrency" in outcome.message.lower() else outcome


def _campaign_path(campaign_id: str) -> str:
    return f"{CAMPAIGNS}/{path_segment(campaign_id)}"
