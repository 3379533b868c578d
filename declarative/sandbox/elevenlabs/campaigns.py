"""ElevenLabs' campaigns: created once by key or body, listed, paused, stopped; their leads and calls."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from declarative.sandbox import batch_dialing, batches
from declarative.sandbox.admission import admit_waiting
from declarative.sandbox.batches import Batch
from declarative.sandbox.elevenlabs import views
from declarative.sandbox.elevenlabs.members import Member, read_members
from declarative.sandbox.elevenlabs.pages import page_json
from declarative.sandbox.elevenlabs.requests import CAMPAIGN, PROVIDER, parse_campaign
from declarative.sandbox.idempotency import KeyRule, find_kept, keep_answer
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext

KEYS = KeyRule(life=3600.0, conflict=409)
"""The life of a key is not stated: elevenlabs.md 8, row 3."""
_ROOT = "/v1/convai/outbound-campaigns/campaigns"


def submit_campaign(context: RequestContext) -> ApiResponse:
    """Create a campaign, or answer with the one that an earlier request with this key, or this body, created."""
    order = parse_campaign(context)
    body = context.parse_body()
    key = body.get("idempotency_key")
    scope, name = ("key", str(key)) if key is not None else ("body", sha256(context.request.body).hexdigest())
    kept = find_kept(context, f"{PROVIDER} {scope}", name, KEYS)
    if kept is not None:
        first = _find_campaign(context, kept["campaign_id"])
        return ApiResponse(200, _submission_json(context, first, created=False))
    context.record_use("elevenlabs_agent", order.agent_id)
    context.record_use("elevenlabs_number", order.number_id)
    batch = _reload(context, batches.create_batch(context.moment, context.org.id, order))
    keep_answer(context, f"{PROVIDER} {scope}", name, ApiResponse(201, {"campaign_id": batch.id}))
    return ApiResponse(201, _submission_json(context, batch, created=True))


def _submission_json(context: RequestContext, batch: Batch, *, created: bool) -> dict[str, Any]:
    return {"campaign": _campaign_json(context, batch), "created": created, "within_calling_window": True}


def _campaign_json(context: RequestContext, batch: Batch) -> dict[str, Any]:
    return views.campaign_json(batch, read_members(context.moment, batch))


def _reload(context: RequestContext, batch: Batch) -> Batch:
    admit_waiting(context.moment, context.org)
    return _find_campaign(context, batch.id)


def _find_campaign(context: RequestContext, campaign_id: str) -> Batch:
    batch = batches.find_batch(context.moment, context.org.id, campaign_id, PROVIDER)
    if batch is None or batch.version != CAMPAIGN:
        raise ApiError(404, f"campaign {campaign_id} not found")
    return batch


def _require_campaign(context: RequestContext) -> Batch:
    return _find_campaign(context, context.request.path_values["campaign_id"])


def list_campaigns(context: RequestContext) -> ApiResponse:
    """List campaigns, newest first. `search` takes names that contain a text."""
    query = context.request.query
    rows = context.moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND provider = ? AND version = ? AND created <= ? AND created >= ?"
        " ORDER BY seq DESC",
        (context.org.id, PROVIDER, CAMPAIGN, context.visible, context.oldest),
    ).fetchall()
    hidden = context.find_hidden_batch()
    is_blind = "search" in query and context.knobs.blind_search
    entries = [
        _campaign_json(context, batch)
        for batch in map(batches.batch_from_row, rows)
        if batch.seq != hidden and not is_blind and query.get("search", "").lower() in batch.name.lower()
    ]
    for name in ("status", "agent_id", "channel", "mode"):
        entries = [entry for entry in entries if query.get(name) in (None, entry[name])]
    filters = ("status", "agent_id", "channel", "mode", "search")
    return ApiResponse(200, page_json(context, "campaigns", entries, "campaign_id", filters))


def get_campaign(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, _campaign_json(context, _require_campaign(context)))


def get_campaign_progress(context: RequestContext) -> ApiResponse:
    members = read_members(context.moment, _require_campaign(context))
    return ApiResponse(200, views.progress_json(members))


def pause_campaign(context: RequestContext) -> ApiResponse:
    """Place no new calls. Those that were placed carry on."""
    batch = _require_campaign(context)
    if batch.cancelled is None and not (batch.extra or {}).get("paused"):
        batch = batch_dialing.pause_batch(context.moment, batch_dialing.set_extra(context.moment, batch, paused=True))
    return ApiResponse(200, _campaign_json(context, batch))


def resume_campaign(context: RequestContext) -> ApiResponse:
    batch = _require_campaign(context)
    if batch.cancelled is not None:
        raise ApiError(409, "a stopped campaign cannot be resumed")
    if (batch.extra or {}).get("paused"):
        batch = batch_dialing.resume_batch(context.moment, batch_dialing.set_extra(context.moment, batch, paused=False))
    return ApiResponse(200, _campaign_json(context, _reload(context, batch)))


def stop_campaign(context: RequestContext) -> ApiResponse:
    """Stop for good: queued calls are cancelled. Answers 202 while placed calls are finishing."""
    batch = batch_dialing.cancel_batch(context.moment, _require_campaign(context))
    answer = _campaign_json(context, _reload(context, batch))
    return ApiResponse(202 if answer["status"] == "stopping" else 200, answer)


def list_leads(context: RequestContext) -> ApiResponse:
    query, members = context.request.query, read_members(context.moment, _require_campaign(context))
    entries = [_lead_json(context, member) for member in members]
    if "search" in query:
        searched = ("recipient_id", "user_id", "phone_number")
        entries = [entry for entry in entries if any(query["search"] in (entry[name] or "") for name in searched)]
    if "status" in query:
        is_finished = query["status"] == "finished"
        entries = [entry for entry in entries if (entry["terminal_disposition"] is not None) == is_finished]
    entries = [entry for entry in entries if query.get("disposition") in (None, entry["terminal_disposition"])]
    return ApiResponse(200, page_json(context, "leads", entries, "lead_id", ("search", "status", "disposition")))


def _lead_json(context: RequestContext, member: Member) -> dict[str, Any]:
    return views.lead_json(member, count_ringing=context.knobs.count_ringing)


def _require_lead(context: RequestContext, batch: Batch) -> Member:
    lead_id = context.request.path_values["lead_id"]
    for member in read_members(context.moment, batch):
        if member.lead_id == lead_id:
            return member
    raise ApiError(404, f"lead {lead_id} not found")


def get_lead(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, _lead_json(context, _require_lead(context, _require_campaign(context))))


def remove_lead(context: RequestContext) -> ApiResponse:
    """Never call one person again. Answers 202 while a call that was placed goes on."""
    batch = _require_campaign(context)
    member = _require_lead(context, batch)
    batch_dialing.remove_member(context.moment, batch, member.index)
    in_flight = member.is_handed_off and not member.is_over
    body = {"campaign_id": batch.id, "lead_id": member.lead_id, "has_calls_in_flight": in_flight}
    return ApiResponse(202 if in_flight else 200, body)


def list_campaign_calls(context: RequestContext) -> ApiResponse:
    query = context.request.query
    entries = [views.call_json(member) for member in read_members(context.moment, _require_campaign(context))]
    filters = ("lead_id", "status", "call_result")
    for name in filters:
        entries = [entry for entry in entries if query.get(name) in (None, entry.get(name))]
    return ApiResponse(200, page_json(context, "calls", entries, "intent_id", filters))


_ONE = f"{_ROOT}/{{campaign_id}}"
CAMPAIGN_OPERATIONS = (
    Operation("submitCampaign", "POST", f"{_ROOT}/submit", submit_campaign),
    Operation("listCampaigns", "GET", _ROOT, list_campaigns),
    Operation("getCampaign", "GET", _ONE, get_campaign),
    Operation("getCampaignProgress", "GET", f"{_ONE}/progress", get_campaign_progress),
    Operation("pauseCampaign", "POST", f"{_ONE}/pause", pause_campaign),
    Operation("resumeCampaign", "POST", f"{_ONE}/resume", resume_campaign),
    Operation("stopCampaign", "POST", f"{_ONE}/stop", stop_campaign),
    Operation("listLeads", "GET", f"{_ONE}/leads", list_leads),
    Operation("getLead", "GET", f"{_ONE}/leads/{{lead_id}}", get_lead),
    Operation("removeLead", "DELETE", f"{_ONE}/leads/{{lead_id}}", remove_lead),
    Operation("listCampaignCalls", "GET", f"{_ONE}/calls", list_campaign_calls),
)
