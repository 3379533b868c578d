"""Retell's calls: placed under a key that lives for an hour, or by a batch that nothing finds again."""

from __future__ import annotations

from typing import Any

from declarative.sandbox import calls, checks
from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import draw_next_dials
from declarative.sandbox.idempotency import KeyRule, find_kept, keep_answer
from declarative.sandbox.ids import new_batch_id
from declarative.sandbox.outcomes import Draw, Outcome, compute_times
from declarative.sandbox.request import ApiError, ApiResponse, RequestContext
from declarative.sandbox.retell import views
from declarative.sandbox.retell.requests import CALL_FIELDS, check_task, funds_reason, parse_call, require_caller

PROVIDER = "retell"
KEYS = KeyRule(life=3600.0, conflict=422)
"""The hour counts from the first use. What a known key with another body gets is not stated."""
DIAL_AFTER, RINGING, LONGEST = 2.0, 30.0, 3600.0
"""Seconds: from the request to the dial, ringing time-out, longest talk."""
_MILLISECONDS_FROM = 10**11
_BATCH_FIELDS = ("name", "trigger_timestamp", "call_time_window", "reserved_concurrency")


def create_call(context: RequestContext) -> ApiResponse:
    """Place a call, or replay the answer to an earlier request under the same key and body."""
    body = parse_call(context)
    key = body.get("idempotency_key")
    kept = find_kept(context, PROVIDER, key, KEYS) if key is not None else None
    if kept is not None:
        return ApiResponse(201, kept)
    reason = funds_reason(context)
    if reason is None and count_live(context) >= context.org.agent_call_limit:
        if context.knobs.at_limit == "refuse":
            raise ApiError(429, "concurrency limit reached")
        reason = views.TURNED_AWAY
    call = _add_call(context, body, body["from_number"], context.now, reason)
    response = ApiResponse(201, views.call_json(call, context.now))
    if key is not None:
        keep_answer(context, PROVIDER, key, response)
    return response


def _add_call(
    context: RequestContext, task: dict[str, Any], from_number: str, at: float, reason: str | None, batch: str = ""
) -> Call:
    """Store a call that is placed at a time. With a reason it calls no phone, and ends at once."""
    agent = task.get("override_agent_id") or f"agent_of_{from_number[-4:]}"
    fate = Draw(Outcome.PRE_DIAL, 0, 0)
    if reason is None:
        (fate,) = draw_next_dials(context.moment, context.org.id, [task["to_number"]], agent_id=agent, us_only=True)
    times, dispatch = compute_times(fate, RINGING, LONGEST), at + DIAL_AFTER
    version = task.get("override_agent_version")
    extra = {
        "agent_version": version if isinstance(version, int) else 1,
        "retell_llm_dynamic_variables": task.get("retell_llm_dynamic_variables"),
        "batch_call_id": batch or None,
        "reason": reason,
    }
    call = Call(
        id=new_batch_id("call").id,
        org=context.org.id,
        provider=PROVIDER,
        agent_id=agent,
        number_id=from_number,
        version="",
        to_number=task["to_number"],
        info=task.get("metadata"),
        extra=extra,
        created=at,
        dispatch=dispatch,
        answer=None if times.answer is None else dispatch + times.answer,
        end=dispatch + times.end,
        outcome=times.outcome,
    )
    calls.add_call(context.moment, call)
    return call


def count_live(context: RequestContext) -> int:
    """Count the calls that are under way."""
    row = context.moment.db.execute(
        "SELECT count(*) FROM call WHERE org = ? AND provider = ? AND created <= ? AND end > ?",
        (context.org.id, PROVIDER, context.now, context.now),
    ).fetchone()
    return int(row[0])


def create_batch(context: RequestContext) -> ApiResponse:
    """Call everybody of a batch at its time. No request lists, reads or cancels it."""
    body = context.parse_body()
    checks.require_fields(body, ("from_number", "tasks"), _BATCH_FIELDS)
    from_number, tasks = require_caller(body["from_number"]), body["tasks"]
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, dict) for task in tasks):
        raise ApiError(400, "tasks must be a list of objects")
    for task in tasks:
        checks.require_fields(task, ("to_number",), CALL_FIELDS, "tasks.")
        check_task(task)
    reason, due = funds_reason(context), _parse_trigger(context, body.get("trigger_timestamp"))
    batch = new_batch_id("batch_call").id
    for task in tasks:
        _add_call(context, task, from_number, due, reason, batch)
    answer = {
        "batch_call_id": batch,
        "name": body.get("name", "Batch call"),
        "from_number": from_number,
        "scheduled_timestamp": int(due),  # in seconds: the sample of the documentation shows them so
        "total_task_count": len(tasks),
    }
    return ApiResponse(201, answer | {name: body[name] for name in ("call_time_window",) if name in body})


def _parse_trigger(context: RequestContext, value: Any) -> float:
    if value is None:
        return context.now
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ApiError(400, "trigger_timestamp must be a number")
    return max(context.now, value / 1000 if value >= _MILLISECONDS_FROM else float(value))


def require_call(context: RequestContext) -> Call:
    """Return the call that the path names, if it exists by now. Raises ApiError 404."""
    identifier = context.request.path_values["call_id"]
    call = calls.find_call(context.moment, context.org.id, PROVIDER, identifier)
    if call is None or call.created > context.now:
        raise ApiError(404, f"call {identifier} not found")
    return call


def get_call(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, views.call_json(require_call(context), context.now))


def stop_call(context: RequestContext) -> ApiResponse:
    """End a connected call. A registered one cannot be called back."""
    call = require_call(context)
    if views.call_status(call, context.now) != "ongoing":
        raise ApiError(400, "the call is not ongoing")
    calls.hang_up(context.moment, call)
    return ApiResponse(204, None)
