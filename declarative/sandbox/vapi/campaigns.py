"""Vapi's campaigns: created and started at once, listed, cancelled, archived; their contacts."""

from __future__ import annotations

from typing import Any

from declarative.sandbox import batch_dialing, batches, checks
from declarative.sandbox.admission import admit_waiting
from declarative.sandbox.batches import Batch
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext
from declarative.sandbox.vapi import views
from declarative.sandbox.vapi.contacts import read_contacts
from declarative.sandbox.vapi.pages import TIME_FILTERS, campaign_page, contact_page, filter_by_time, require_query
from declarative.sandbox.vapi.requests import PROVIDER, parse_campaign, require_campaigns

_ROOT = "/v2/campaign"
_FILTERS = ("page", "cursor", "limit", "sortBy", "sortOrder", "status", "id", "includeCounters", *TIME_FILTERS)


def create_campaign(context: RequestContext) -> ApiResponse:
    """Create a campaign, which starts at once or at its time. The same request again is another campaign."""
    require_campaigns(context)
    order = parse_campaign(context)
    batch = batches.create_batch(context.moment, context.org.id, order)
    admit_waiting(context.moment, context.org)
    return ApiResponse(201, _campaign_json(context, _find_campaign(context, batch.id)))


def _campaign_json(context: RequestContext, batch: Batch) -> dict[str, Any]:
    contacts = read_contacts(context.moment, batch)
    return views.campaign_json(batch, contacts, context.now, context.org.name)


def _summary_json(context: RequestContext, batch: Batch) -> dict[str, Any]:
    entry = _campaign_json(context, batch)
    if context.request.query.get("includeCounters") != "true":
        return entry
    contacts = read_contacts(context.moment, batch)
    return entry | views.counters_json(contacts, keeps_pending=context.knobs.keeps_pending)


def _find_campaign(context: RequestContext, campaign_id: str) -> Batch:
    batch = batches.find_batch(context.moment, context.org.id, campaign_id, PROVIDER)
    if batch is None or batch.extra["is_archived"]:
        raise ApiError(404, f"Campaign {campaign_id} does not exist")
    return batch


def _require_campaign(context: RequestContext) -> Batch:
    require_campaigns(context)
    return _find_campaign(context, context.request.path_values["id"])


def list_campaigns(context: RequestContext) -> ApiResponse:
    """List campaigns, newest first. Archived ones are not shown, and neither is what retention has taken."""
    require_campaigns(context)
    query = context.request.query
    require_query(context, _FILTERS)
    if "sortBy" in query:
        checks.require_choice(query, "sortBy", ("createdAt",))
    rows = context.moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND provider = ? AND created <= ? ORDER BY seq DESC",
        (context.org.id, PROVIDER, context.visible),
    ).fetchall()
    hidden = context.find_hidden_batch()
    kept = [batch for batch in map(batches.batch_from_row, rows) if not batch.extra["is_archived"]]
    shown = [batch for batch in kept if batch.created >= context.oldest and batch.seq != hidden]
    entries = filter_by_time(context, [_summary_json(context, batch) for batch in shown])
    for name in ("status", "id"):
        entries = [entry for entry in entries if query.get(name) in (None, entry[name])]
    hides_older = any(batch.created < context.oldest for batch in kept)
    return ApiResponse(200, campaign_page(context, entries, hides_older=hides_older))


def get_campaign(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, _summary_json(context, _require_campaign(context)))


def cancel_campaign(context: RequestContext) -> ApiResponse:
    """Cancel for good: calls that wait are deleted, calls in progress finish. Nothing else can be changed."""
    batch, body = _require_campaign(context), context.parse_body()
    checks.require_fields(body, ("status",), ())
    checks.require_choice(body, "status", ("cancelled",))
    is_over = views.campaign_status(batch, read_contacts(context.moment, batch), context.now) == "ended"
    return ApiResponse(200, _campaign_json(context, batch if is_over else _cancel(context, batch)))


def _cancel(context: RequestContext, batch: Batch) -> Batch:
    batch = batch_dialing.cancel_batch(context.moment, batch)
    if batch.cancelled is None:  # dispatched in full, and somebody still talks
        context.moment.db.execute("UPDATE batch SET cancelled = ? WHERE seq = ?", (context.now, batch.seq))
    admit_waiting(context.moment, context.org)
    return _find_campaign(context, batch.id)


def archive_campaign(context: RequestContext) -> ApiResponse:
    """Cancel, and hide from every list: the evidence is gone."""
    batch = _cancel(context, _require_campaign(context))
    answer = _campaign_json(context, batch) | {"status": "archived"}
    batch_dialing.set_extra(context.moment, batch, is_archived=True)
    return ApiResponse(200, answer)


def list_contacts(context: RequestContext) -> ApiResponse:
    contacts = read_contacts(context.moment, _require_campaign(context))
    entries = [views.contact_json(contact, keeps_pending=context.knobs.keeps_pending) for contact in contacts]
    return ApiResponse(200, contact_page(context, entries))


CAMPAIGN_OPERATIONS = (
    Operation("createCampaignV2", "POST", _ROOT, create_campaign),
    Operation("listCampaignsV2", "GET", _ROOT, list_campaigns),
    Operation("getCampaignV2", "GET", f"{_ROOT}/{{id}}", get_campaign),
    Operation("cancelCampaignV2", "PATCH", f"{_ROOT}/{{id}}", cancel_campaign),
    Operation("archiveCampaignV2", "DELETE", f"{_ROOT}/{{id}}", archive_campaign),
    Operation("listContacts", "GET", f"{_ROOT}/{{id}}/contacts", list_contacts),
)
