"""Vapi's key, its error form, and its requests: checked strictly, as values that the world understands."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from declarative.sandbox import checks
from declarative.sandbox.batches import BatchOrder
from declarative.sandbox.ids import is_existing_id
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, RequestContext

PROVIDER, VERSION = "vapi", "v2"
CUSTOMERS = 10_000
RINGING, LONGEST_MINUTES = 60, 10
CONCURRENCY = 10
"""What a campaign without `maxConcurrency` gets. The vendor states 10 and 1."""
HOUR = 3600.0
"""Seconds after its start in which a campaign tries to place its calls."""
_VARIABLES_BYTES = 100_000
_CUSTOMER_FIELDS = ("name", "externalId", "email", "extension", "numberE164CheckEnabled", "assistantOverrides")
_TEXT_LENGTHS = {"name": 40, "externalId": 40, "email": 40, "extension": 10}


def api_key(request: ApiRequest) -> str:
    """Return the bearer key. Raises ApiError 401."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip()
    if scheme.lower() != "bearer" or not key or "revoked" in key:
        raise ApiError(401, "Invalid Key. Hot tip, you may be using the public key instead of the private key.")
    return key


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error: a list of messages where the body is refused, one message elsewhere."""
    status = api_error.status
    reason = HTTPStatus(status).phrase if status in list(HTTPStatus) else "Error"
    message: Any = [api_error.message] if status == 400 and request.method == "POST" else api_error.message
    return ApiResponse(status, {"message": message, "error": reason, "statusCode": status})


def require_campaigns(context: RequestContext) -> None:
    """Refuse an account on which campaigns are not switched on."""
    if context.knobs.no_campaigns:
        raise ApiError(403, "Campaigns V2 is not enabled for your organization")


def parse_campaign(context: RequestContext) -> BatchOrder:
    """Check the request for a campaign."""
    body = context.parse_body()
    optional = ("assistantId", "squadId", "maxConcurrency", "schedulePlan", "assistantOverrides", "squadOverrides")
    checks.require_fields(
        body, ("name", "phoneNumberId", "customers"), (*optional, "server", "serverMessages", "predialPlan")
    )
    agent_id = parse_agent(body)
    number_id = parse_number_id(body)
    customers = parse_customers(body["customers"])
    earliest, latest = parse_schedule(context, body)
    most = body.get("maxConcurrency", CONCURRENCY)
    if isinstance(most, bool) or not isinstance(most, int | float) or not 1 <= most <= 500:
        raise ApiError(400, "maxConcurrency must not be less than 1 or greater than 500")
    start = max(context.now, earliest or context.now)
    is_checked = _is_predial_checked(body)
    return BatchOrder(
        name=checks.require_text(body, "name"),
        agent_id=agent_id,
        number_id=number_id,
        version=VERSION,
        region="US",
        target=min(context.org.agent_call_limit, int(most)),
        ringing=RINGING,
        minutes=LONGEST_MINUTES,
        scheduled=earliest,
        numbers=[customer["number"] for customer in customers],
        infos=customers,
        provider=PROVIDER,
        id_prefix="",
        extra={
            # The check asks a server. Here is none that answers, so nobody is called: it fails closed.
            "deadline": 0.0 if is_checked else min(start + HOUR, start + HOUR if latest is None else latest),
            "latest": latest,
            "is_squad": "squadId" in body,
            "is_checked": is_checked,
            "is_archived": False,
        },
    )


def parse_agent(body: Mapping[str, Any]) -> str:
    """Return the assistant or the squad: exactly one is named."""
    names = [name for name in ("assistantId", "squadId") if name in body]
    if len(names) != 1:
        raise ApiError(400, "exactly one of assistantId and squadId must be given")
    return _require_existing(body, names[0])


def parse_number_id(body: Mapping[str, Any]) -> str:
    return _require_existing(body, "phoneNumberId")


def _require_existing(body: Mapping[str, Any], name: str) -> str:
    identifier = checks.require_text(body, name)
    if not is_existing_id(identifier):
        raise ApiError(400, f"{name} {identifier} does not exist")
    return identifier


def parse_customers(entries: Any) -> list[dict[str, Any]]:
    """Return the customers as they were sent."""
    if not isinstance(entries, list) or not 1 <= len(entries) <= CUSTOMERS:
        raise ApiError(400, f"customers must contain 1 to {CUSTOMERS} elements")
    return [parse_customer(entry, f"customers.{index}.") for index, entry in enumerate(entries)]


def parse_customer(entry: Any, path: str) -> dict[str, Any]:
    """Return one customer as it was sent."""
    if not isinstance(entry, dict):
        raise ApiError(400, f"{path[:-1]} must be an object")
    checks.require_fields(entry, ("number",), (*_CUSTOMER_FIELDS, "squadOverrides"), path)
    checks.require_phone(entry["number"], f"{path}number")
    for name, length in _TEXT_LENGTHS.items():
        value = entry.get(name, "")
        if not isinstance(value, str) or len(value) > length:
            raise ApiError(400, f"{path}{name} must be a string of at most {length} characters")
    for name in ("assistantOverrides", "squadOverrides"):
        parse_overrides(entry, name, path)
    return entry


def parse_overrides(fields: Mapping[str, Any], name: str, path: str = "") -> None:
    """Check overrides: only their `variableValues` are known here."""
    overrides = fields.get(name, {})
    if not isinstance(overrides, dict) or not isinstance(overrides.get("variableValues", {}), dict):
        raise ApiError(400, f"{path}{name} must be an object")
    checks.require_fields(overrides, (), ("variableValues",), f"{path}{name}.")
    if len(orjson.dumps(overrides.get("variableValues", {}))) >= _VARIABLES_BYTES:
        raise ApiError(400, f"{path}{name}.variableValues must be shorter than {_VARIABLES_BYTES} characters")


def parse_schedule(context: RequestContext, body: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the start and the end of the plan, in seconds since the epoch; None for what it does not name."""
    plan = body.get("schedulePlan")
    if plan is None:
        return None, None
    if not isinstance(plan, dict):
        raise ApiError(400, "schedulePlan must be an object")
    checks.require_fields(plan, ("earliestAt",), ("latestAt",), "schedulePlan.")
    earliest = checks.parse_instant(plan["earliestAt"], "schedulePlan.earliestAt")
    if earliest <= context.now and context.knobs.past == "refuse":
        raise ApiError(400, "schedulePlan.earliestAt must be in the future")
    if "latestAt" not in plan:
        return earliest, None
    latest = checks.parse_instant(plan["latestAt"], "schedulePlan.latestAt")
    if latest < earliest:
        raise ApiError(400, "schedulePlan.latestAt must not be before earliestAt")
    if latest <= context.now and context.knobs.past_end == "refuse":
        raise ApiError(400, "schedulePlan.latestAt must be in the future")
    return earliest, latest


def _is_predial_checked(body: Mapping[str, Any]) -> bool:
    plan, server = body.get("predialPlan") or {}, body.get("server") or {}
    if not isinstance(plan, dict) or not isinstance(server, dict):
        raise ApiError(400, "predialPlan and server must be objects")
    if plan.get("enabled") is not True:
        return False
    if not server.get("url"):
        raise ApiError(400, "predialPlan needs server.url")
    return True
