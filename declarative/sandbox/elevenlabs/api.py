"""All of ElevenLabs' operations: campaigns, batch calling, and the look-ups of agents and numbers."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from declarative.sandbox import batch_dialing, batches
from declarative.sandbox.admission import admit_waiting
from declarative.sandbox.batches import Batch
from declarative.sandbox.elevenlabs import views
from declarative.sandbox.elevenlabs.campaigns import CAMPAIGN_OPERATIONS
from declarative.sandbox.elevenlabs.members import read_members
from declarative.sandbox.elevenlabs.pages import batch_page_json, page_json
from declarative.sandbox.elevenlabs.requests import BATCH, PROVIDER, parse_batch, require_existing, validated
from declarative.sandbox.ids import derive_e164, number_type
from declarative.sandbox.request import ApiError, ApiResponse, Operation, RequestContext

_BATCHES = "/v1/convai/batch-calling"
DEFAULTS = {"agent": "agent_sandbox", "number": "phnum_sandbox"}
"""Ids that are listed before any was used."""


def submit_batch(context: RequestContext) -> ApiResponse:
    """Create a batch. There is no idempotency key: the same request again is another batch."""
    batch = batches.create_batch(context.moment, context.org.id, parse_batch(context))
    return ApiResponse(200, _batch_json(context, _reload(context, batch)))


def _batch_json(context: RequestContext, batch: Batch) -> dict[str, Any]:
    return views.batch_json(batch, read_members(context.moment, batch))


def _reload(context: RequestContext, batch: Batch) -> Batch:
    admit_waiting(context.moment, context.org)
    return batches.find_batch(context.moment, context.org.id, batch.id, PROVIDER) or batch


def _require_batch(context: RequestContext) -> Batch:
    batch_id = context.request.path_values["batch_id"]
    batch = batches.find_batch(context.moment, context.org.id, batch_id, PROVIDER)
    if batch is None or batch.version != BATCH:
        raise ApiError(404, f"batch call {batch_id} not found")
    return batch


def list_batches(context: RequestContext) -> ApiResponse:
    """List batches in an order that says nothing about their age."""
    rows = context.moment.db.execute(
        "SELECT * FROM batch WHERE org = ? AND provider = ? AND version = ? AND created <= ? AND created >= ?",
        (context.org.id, PROVIDER, BATCH, context.visible, context.oldest),
    ).fetchall()
    hidden, agent_id = context.find_hidden_batch(), context.request.query.get("agent_id")
    shown = [batch for batch in map(batches.batch_from_row, rows) if batch.seq != hidden]
    shown = [batch for batch in shown if agent_id in (None, batch.agent_id)]
    shown.sort(key=lambda batch: blake2b(batch.id.encode(), digest_size=8).digest())
    return ApiResponse(200, batch_page_json(context, [_batch_json(context, batch) for batch in shown]))


def get_batch(context: RequestContext) -> ApiResponse:
    batch = _require_batch(context)
    members = read_members(context.moment, batch)
    spare_dialed = bool((batch.extra or {}).get("spare_dialed"))
    recipients = views.recipients_json(members, spare_dialed=spare_dialed)
    return ApiResponse(200, views.batch_json(batch, members) | {"recipients": recipients})


def cancel_batch(context: RequestContext) -> ApiResponse:
    """Cancel what was not dispatched. All recipients read `cancelled` afterwards, those who talked included."""
    batch = batch_dialing.cancel_batch(context.moment, _require_batch(context))
    marks_all = any(not member.is_over for member in read_members(context.moment, batch))
    batch = batch_dialing.set_extra(context.moment, batch, spare_dialed=context.knobs.spare_dialed)
    if marks_all and batch.cancelled is None:  # dispatched in full, and somebody still talks
        context.moment.db.execute("UPDATE batch SET cancelled = ? WHERE seq = ?", (context.now, batch.seq))
    return ApiResponse(200, _batch_json(context, _reload(context, batch)))


def retry_batch(context: RequestContext) -> ApiResponse:
    """Call again whoever was not reached: the kinder one of the vendor's two texts."""
    batch = _require_batch(context)
    if batch.cancelled is not None:
        raise ApiError(400, "a cancelled batch cannot be retried")
    return ApiResponse(200, _batch_json(context, _reload(context, batch_dialing.retry_batch(context.moment, batch))))


def list_agents(context: RequestContext) -> ApiResponse:
    """List the agents used so far and one default."""
    return ApiResponse(
        200, page_json(context, "agents", [_agent_json(one) for one in _used(context, "agent")], "agent_id")
    )


def _used(context: RequestContext, noun: str) -> list[str]:
    used = [identifier for identifier, _ in context.list_used(f"elevenlabs_{noun}")]
    return list(dict.fromkeys([*used, DEFAULTS[noun]]))


def get_agent(context: RequestContext) -> ApiResponse:
    agent_id = context.request.path_values["agent_id"]
    require_existing("agent", agent_id)
    return ApiResponse(200, _agent_json(agent_id))


def _agent_json(agent_id: str) -> dict[str, Any]:
    return {"agent_id": agent_id, "name": f"Sandbox agent {agent_id[-6:]}"}


def list_phone_numbers(context: RequestContext) -> ApiResponse:
    """List the numbers used so far and one default, all in one array."""
    return ApiResponse(200, [_number_json(number_id) for number_id in _used(context, "number")])


def get_phone_number(context: RequestContext) -> ApiResponse:
    number_id = context.request.path_values["phone_number_id"]
    require_existing("phone number", number_id)
    return ApiResponse(200, _number_json(number_id))


def _number_json(number_id: str) -> dict[str, Any]:
    kind = "sip_trunk" if number_type(number_id) == "sip_trunk" else "twilio"
    return {"phone_number_id": number_id, "phone_number": derive_e164(number_id), "label": "Sandbox", "provider": kind}


OPERATIONS = tuple(
    validated(operation)
    for operation in (
        *CAMPAIGN_OPERATIONS,
        Operation("submitBatch", "POST", f"{_BATCHES}/submit", submit_batch),
        Operation("listBatches", "GET", f"{_BATCHES}/workspace", list_batches),
        Operation("getBatch", "GET", f"{_BATCHES}/{{batch_id}}", get_batch),
        Operation("cancelBatch", "POST", f"{_BATCHES}/{{batch_id}}/cancel", cancel_batch),
        Operation("retryBatch", "POST", f"{_BATCHES}/{{batch_id}}/retry", retry_batch),
        Operation("listAgents", "GET", "/v1/convai/agents", list_agents),
        Operation("listPhoneNumbers", "GET", "/v1/convai/phone-numbers", list_phone_numbers),
        Operation("getAgent", "GET", "/v1/convai/agents/{agent_id}", get_agent),
        Operation("getPhoneNumber", "GET", "/v1/convai/phone-numbers/{phone_number_id}", get_phone_number),
    )
)
