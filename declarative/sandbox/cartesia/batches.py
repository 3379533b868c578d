"""Cartesia's batch operations, its key and its errors. Each operation reads the request and the world, and answers.

The shapes of answers are in `views`; times, limits and admission are in modules that know no provider.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from declarative.sandbox import batch_dialing, batch_progress, batches
from declarative.sandbox.admission import admit_waiting
from declarative.sandbox.batches import Batch
from declarative.sandbox.cartesia import views
from declarative.sandbox.cartesia.agents import AGENT_OPERATIONS
from declarative.sandbox.cartesia.calls import CALL_OPERATIONS
from declarative.sandbox.cartesia.pages import make_page, parse_cursor, parse_page_size
from declarative.sandbox.cartesia.requests import (
    METADATA,
    VARIABLES,
    check_usage_limit,
    parse_batch_order,
    require_modern_version,
)
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, Operation, RequestContext


def api_key(request: ApiRequest) -> str:
    """Return the key of `Authorization: Bearer` or `X-API-Key`. Two must agree. Raises ApiError 401."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    keys = {
        request.headers.get("x-api-key", "").strip(),
        bearer.strip() if scheme.lower() == "bearer" else "",
    } - {""}
    if len(keys) != 1 or (scheme and not bearer) or "revoked" in min(keys):
        raise ApiError(401, "a valid API key is required", title="Unauthorized")
    return keys.pop()


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error: JSON from 2026-03-01 on, one line of text before."""
    title = api_error.title or {400: "Invalid request", 404: "Not found"}.get(api_error.status, "Unexpected error")
    if request.headers.get("cartesia-version", METADATA) < METADATA:
        return ApiResponse(api_error.status, f"{title}: {api_error.message}")
    body = {
        "error_code": None,  # no code is published for calls and batches: cartesia.md 4.2
        "title": title,
        "message": api_error.message,
        "request_id": str(uuid4()),
    }
    return ApiResponse(api_error.status, body)


def get_status(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, {"ok": True, "version": VARIABLES})


def _current_batch_json(context: RequestContext, batch: Batch) -> dict[str, Any]:
    return views.batch_json(batch, batch_progress.read_progress(context.moment, batch), context.now)


def _require_batch(context: RequestContext) -> Batch:
    batch = batches.find_batch(context.moment, context.org.id, context.request.path_values["batch_id"])
    if batch is None:
        raise ApiError(404, "call batch not found", title="Call batch not found")
    return batch


def _reload_admitted(context: RequestContext, batch: Batch) -> Batch:
    admit_waiting(context.moment, context.org)
    return batches.find_batch(context.moment, context.org.id, batch.id) or batch


def create_call_batch(context: RequestContext) -> ApiResponse:
    order = parse_batch_order(context, require_modern_version(context))
    check_usage_limit(context)
    context.record_use("agent", order.agent_id)
    context.record_use("number", order.number_id)
    batch = batches.create_batch(context.moment, context.org.id, order)
    return ApiResponse(201, _current_batch_json(context, _reload_admitted(context, batch)))


def list_call_batches(context: RequestContext) -> ApiResponse:
    require_modern_version(context)
    limit, query, below, above = parse_page_size(context, ("agent_id",)), context.request.query, None, None
    if (cursor := parse_cursor(context)) is not None:
        cursor_batch = batches.find_batch(context.moment, context.org.id, cursor.id)
        if cursor_batch is None:
            raise ApiError(400, f"{cursor.name} is not the id of a batch")
        below, above = (None, cursor_batch.seq) if cursor.backwards else (cursor_batch.seq, None)
    newest = batch_progress.list_newest(
        context.moment,
        context.org.id,
        query.get("agent_id"),
        below,
        above,
        limit + 1,
        context.visible,
        context.find_hidden_batch(),
    )
    entries = [views.batch_json(cursor_batch, progress, context.now) for cursor_batch, progress in newest]
    return ApiResponse(200, make_page(entries, limit, backwards=above is not None))


def get_call_batch(context: RequestContext) -> ApiResponse:
    version, batch = require_modern_version(context), _require_batch(context)
    numbers, infos = batches.read_batch_recipients(context.moment, batch)
    live, _ = batches.read_attempts(context.moment, batch)
    recipients = views.recipients_json(batch, numbers, infos, live, context.now, version)
    return ApiResponse(200, _current_batch_json(context, batch) | {"recipients": recipients})


def retry_call_batch(context: RequestContext) -> ApiResponse:
    require_modern_version(context)
    batch = _require_batch(context)
    if batch.cancelled is not None:
        raise ApiError(400, "a cancelled batch cannot be retried")
    check_usage_limit(context)
    return ApiResponse(
        200, _current_batch_json(context, _reload_admitted(context, batch_dialing.retry_batch(context.moment, batch)))
    )


def cancel_call_batch(context: RequestContext) -> ApiResponse:
    require_modern_version(context)
    return ApiResponse(
        200,
        _current_batch_json(
            context, _reload_admitted(context, batch_dialing.cancel_batch(context.moment, _require_batch(context)))
        ),
    )


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
