"""Cartesia's operations: each reads the request, changes or reads the world, and answers. Shapes are in the views.

Times, limits and the admission of batches are elsewhere; an operation knows only what it is asked.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from declarative.sandbox import batches
from declarative.sandbox.admission import settle
from declarative.sandbox.batches import Batch
from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.agents import AGENT_OPERATIONS
from declarative.sandbox.cartesia.calls import CALL_OPERATIONS
from declarative.sandbox.cartesia.pages import cursor, page_of, page_size
from declarative.sandbox.cartesia.requests import METADATA, VARIABLES, batch_order, may_dial, modern
from declarative.sandbox.request import ApiError, ApiResponse, Asked, Operation, RequestContext


def api_key(asked: Asked) -> str:
    """`Authorization: Bearer` or `X-API-Key`; both only if they agree."""
    scheme, _, bearer = asked.headers.get("authorization", "").partition(" ")
    given = {
        asked.headers.get("x-api-key", "").strip(),
        bearer.strip() if scheme.lower() == "bearer" else "",
    } - {""}
    if len(given) != 1 or (scheme and not bearer) or "revoked" in min(given):
        raise ApiError(401, "a valid API key is required", title="Unauthorized")
    return given.pop()


def error(asked: Asked, refusal: ApiError) -> ApiResponse:
    """JSON from 2026-03-01 on; before, one line of text."""
    title = refusal.title or {400: "Invalid request", 404: "Not found"}.get(refusal.status, "Unexpected error")
    if asked.headers.get("cartesia-version", METADATA) < METADATA:
        return ApiResponse(refusal.status, f"{title}: {refusal.message}")
    told = {
        "error_code": None,  # no code is published for calls and batches: cartesia.md 4.2
        "title": title,
        "message": refusal.message,
        "request_id": str(uuid4()),
    }
    return ApiResponse(refusal.status, told)


def get_status(desk: RequestContext) -> ApiResponse:
    return ApiResponse(200, {"ok": True, "version": VARIABLES})


def _shown(desk: RequestContext, batch: Batch) -> dict[str, Any]:
    return views.batch(batch, batches.standing(desk.moment, batch), desk.now)


def _the_batch(desk: RequestContext) -> Batch:
    found = batches.find(desk.moment, desk.org.id, desk.asked.path_values["batch_id"])
    if found is None:
        raise ApiError(404, "call batch not found", title="Call batch not found")
    return found


def _again(desk: RequestContext, batch: Batch) -> Batch:
    settle(desk.moment, desk.org)
    return batches.find(desk.moment, desk.org.id, batch.id) or batch


def create_call_batch(desk: RequestContext) -> ApiResponse:
    order = batch_order(desk, modern(desk))
    may_dial(desk)
    desk.use("agent", order.agent_id)
    desk.use("number", order.number_id)
    made = batches.create(desk.moment, desk.org.id, order)
    return ApiResponse(201, _shown(desk, _again(desk, made)))


def list_call_batches(desk: RequestContext) -> ApiResponse:
    modern(desk)
    limit, query, below, above = page_size(desk, ("agent_id",)), desk.asked.query, None, None
    if (place := cursor(desk)) is not None:
        batch = batches.find(desk.moment, desk.org.id, place.id)
        if batch is None:
            raise ApiError(400, f"{place.name} names no batch")
        below, above = (None, batch.seq) if place.backwards else (batch.seq, None)
    found = batches.newest(desk.moment, desk.org.id, query.get("agent_id"), below, above, limit + 1, desk.visible)
    shown = [views.batch(batch, at, desk.now) for batch, at in found]
    return ApiResponse(200, page_of(shown, limit, backwards=above is not None))


def get_call_batch(desk: RequestContext) -> ApiResponse:
    named, batch = modern(desk), _the_batch(desk)
    numbers, infos = batches.people(desk.moment, batch)
    live, _ = batches.lines(desk.moment, batch)
    people = views.recipients(batch, numbers, infos, live, desk.now, named)
    return ApiResponse(200, _shown(desk, batch) | {"recipients": people})


def retry_call_batch(desk: RequestContext) -> ApiResponse:
    modern(desk)
    batch = _the_batch(desk)
    if batch.cancelled is not None:
        raise ApiError(400, "a cancelled batch cannot be retried")
    may_dial(desk)
    return ApiResponse(200, _shown(desk, _again(desk, batches.retry(desk.moment, batch))))


def cancel_call_batch(desk: RequestContext) -> ApiResponse:
    modern(desk)
    return ApiResponse(200, _shown(desk, _again(desk, batches.cancel(desk.moment, _the_batch(desk)))))


OPERATIONS = (
    Operation("getStatus", "GET", "/", get_status),
    Operation("createCallBatch", "POST", "/agents/calls/batches", create_call_batch),
    Operation("listCallBatches", "GET", "/agents/calls/batches", list_call_batches),
    Operation("getCallBatch", "GET", "/agents/calls/batches/{batch_id}", get_call_batch),
    Operation("retryCallBatch", "POST", "/agents/calls/batches/{batch_id}/retry", retry_call_batch),
    Operation("cancelCallBatch", "POST", "/agents/calls/batches/{batch_id}/cancel", cancel_call_batch),
    *CALL_OPERATIONS,
    *AGENT_OPERATIONS,
)
