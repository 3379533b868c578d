"""Twilio's calls: they wait in the account's queue, one leaves it a second, and no request finds one by a mark."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from declarative.sandbox import calls, checks
from declarative.sandbox.calls import Call
from declarative.sandbox.dial_counts import draw_next_dials, forget_dials
from declarative.sandbox.outcomes import Outcome, compute_times
from declarative.sandbox.request import ApiError, ApiResponse, RequestContext
from declarative.sandbox.twilio.requests import (
    DEFAULT_TIMEOUT,
    LONGEST_CALL,
    LONGEST_TIMEOUT,
    parse_call,
    parse_form,
    require_seconds,
)
from declarative.sandbox.twilio.views import CANCELLED, call_json, call_status

PROVIDER = "twilio"
SPACING, LONGEST_QUEUE = 1.0, 86_400.0
"""Seconds between two calls that leave the queue, and the most that it may hold."""


def create_call(context: RequestContext) -> ApiResponse:
    """Put a call into the queue. Whatever key comes with it, each request makes one."""
    form = parse_call(context)
    if context.org.usage_limited:
        raise ApiError(403, "Account is suspended", title="20005")
    dispatch = max(context.now, _last_dispatch(context)) + SPACING + context.knobs.queued_before
    if dispatch - context.now > LONGEST_QUEUE:
        raise ApiError(400, "Call Queue Full", title="22005")
    call = _build_call(context, form, dispatch)
    calls.add_call(context.moment, call)
    return ApiResponse(201, call_json(call, context.now, account_of(context)))


def _build_call(context: RequestContext, form: dict[str, str], dispatch: float) -> Call:
    (fate,) = draw_next_dials(context.moment, context.org.id, [form["To"]], agent_id="", us_only=False)
    ringing = require_seconds(form, "Timeout", LONGEST_TIMEOUT, DEFAULT_TIMEOUT)
    times = compute_times(fate, ringing, require_seconds(form, "TimeLimit", LONGEST_CALL, LONGEST_CALL))
    return Call(
        id=f"CA{uuid4().hex}",
        org=context.org.id,
        provider=PROVIDER,
        agent_id="",
        number_id=form["From"],
        version="",
        to_number=form["To"],
        info=dict(parse_qsl(urlsplit(form.get("Url", "")).query)) or None,
        extra={name: form[name] for name in ("MachineDetection",) if name in form},
        created=context.now,
        dispatch=dispatch,
        answer=None if times.answer is None else dispatch + times.answer,
        end=dispatch + times.end,
        outcome=times.outcome,
    )


def _last_dispatch(context: RequestContext) -> float:
    """When the last call leaves the queue that was not cancelled in it. A cancelled one gives its place back."""
    row = context.moment.db.execute(
        "SELECT max(dispatch) FROM call WHERE org = ? AND provider = ? AND end >= dispatch", (context.org.id, PROVIDER)
    ).fetchone()
    return 0.0 if row[0] is None else float(row[0])


def account_of(context: RequestContext) -> str:
    return context.request.path_values["AccountSid"]


def _require_call(context: RequestContext) -> Call:
    identifier = context.request.path_values["Sid"]
    call = calls.find_call(context.moment, context.org.id, PROVIDER, identifier)
    if call is None:
        raise ApiError(404, f"The requested resource {context.request.path} was not found")
    return call


def get_call(context: RequestContext) -> ApiResponse:
    return ApiResponse(200, call_json(_require_call(context), context.now, account_of(context)))


def update_call(context: RequestContext) -> ApiResponse:
    """Cancel a call that waits or rings, or end one in any case. One that is over is not updated."""
    call, form = _require_call(context), parse_form(context, ("Status",), ())
    checks.require_choice(form, "Status", ("canceled", "completed"))
    status = call_status(call, context.now)
    if status not in ("queued", "ringing", "in-progress"):
        raise ApiError(400, "Call is not in-progress. Cannot redirect.", title="21220")
    if status != "in-progress" or form["Status"] == "completed":
        call = _end_call(context, call, status)
    return ApiResponse(200, call_json(call, context.now, account_of(context)))


def _end_call(context: RequestContext, call: Call, status: str) -> Call:
    """End a call now. One that waits calls no phone."""
    outcome = Outcome.PRE_DIAL if status == "queued" else Outcome.API_CANCELLED
    if status == "queued":
        forget_dials(context.moment, call.org, [call.to_number])
    ended = replace(
        call,
        end=context.now,
        outcome=outcome,
        answer=call.answer if status == "in-progress" else None,
        extra={**call.extra, CANCELLED: status != "in-progress"},
    )
    calls.end_call(context.moment, ended)
    return ended
