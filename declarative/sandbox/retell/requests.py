"""Retell's requests: the key, error forms, and what a body may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from declarative.sandbox import checks
from declarative.sandbox.ids import is_existing_id
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, RequestContext

CALL_FIELDS = (
    "override_agent_id",
    "override_agent_version",
    "metadata",
    "retell_llm_dynamic_variables",
    "custom_sip_headers",
    "ignore_e164_validation",
)
"""Optional fields of a call and of a task of a batch."""
_NO_FUNDS = "Trial has ended, please add payment method."


def api_key(request: ApiRequest) -> str:
    """Return the key of `Authorization: Bearer`. Raises ApiError 401."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip()
    if scheme.lower() != "bearer" or not key or "revoked" in key:
        raise ApiError(401, "Invalid API key")
    return key


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error: `error_message` under 402, else `status` and `message`."""
    if api_error.status == 402:
        return ApiResponse(402, {"error_message": api_error.message})
    return ApiResponse(api_error.status, {"status": "error", "message": api_error.message})


def refuse_with_422(handle: Callable[[RequestContext], ApiResponse]) -> Callable[[RequestContext], ApiResponse]:
    """Wrap a handler: a body that is wrong is refused with 422."""

    def handle_validated(context: RequestContext) -> ApiResponse:
        try:
            return handle(context)
        except ApiError as api_error:
            if api_error.status != 400:
                raise
            raise ApiError(422, api_error.message) from None

    return handle_validated


def parse_call(context: RequestContext) -> dict[str, Any]:
    """Return the body of a phone call, checked. Raises ApiError."""
    body = context.parse_body()
    checks.require_fields(
        body, ("from_number", "to_number"), (*CALL_FIELDS, "idempotency_key", "honor_internal_dnc", "agent_override")
    )
    require_caller(body["from_number"])
    if not isinstance(body.get("honor_internal_dnc", False), bool):
        raise ApiError(400, "honor_internal_dnc must be a boolean")
    key = body.get("idempotency_key", "key")
    if not isinstance(key, str) or not 1 <= len(key) <= 255:
        raise ApiError(400, "idempotency_key must be a string of up to 255 characters")
    check_task(body)
    return body


def check_task(task: dict[str, Any]) -> None:
    """Check what a call and a task of a batch have in common. Raises ApiError."""
    checks.require_phone(task["to_number"], "to_number")
    if not task["to_number"].startswith("+1"):
        raise ApiError(400, "to_number: this from_number calls the United States only")
    agent = task.get("override_agent_id", "agent_A")
    if not isinstance(agent, str) or not is_existing_id(agent):
        raise ApiError(400, f"agent {agent} not found")
    version = task.get("override_agent_version", 0)
    if not isinstance(version, int | str) or isinstance(version, bool):
        raise ApiError(400, "override_agent_version must be a string or a number")
    if not isinstance(task.get("metadata", {}), dict):
        raise ApiError(400, "metadata must be an object")
    for name in ("retell_llm_dynamic_variables", "custom_sip_headers"):
        values = task.get(name, {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ApiError(400, f"{name} must be an object of strings")


def has_number(number: str) -> bool:
    """Whether the account has a number: it has those of the 555-01xx kind."""
    return "55501" in number


def require_caller(number: Any) -> str:
    """Return a number that the account has. Raises ApiError."""
    checks.require_phone(number, "from_number")
    if not has_number(number):
        raise ApiError(400, f"phone number {number} not found")
    return str(number)


def funds_reason(context: RequestContext) -> str | None:
    """Return how a call ends for want of money; None where there is money. Raises ApiError 402 in place of a call,
    unless a fault rule makes it a call that fails."""
    if not context.org.usage_limited:
        return None
    if context.knobs.refusal != 201:
        raise ApiError(402, _NO_FUNDS)
    return "no_valid_payment"
