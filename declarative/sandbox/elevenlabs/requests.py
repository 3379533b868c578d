"""ElevenLabs' key, its error forms, and its requests: checked strictly, as values that the world understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from declarative.sandbox import checks
from declarative.sandbox.batches import BatchOrder
from declarative.sandbox.ids import is_existing_id
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, Operation, RequestContext

PROVIDER = "elevenlabs"
CAMPAIGN, BATCH = "campaign", "batch-calling"
"""Values of `Batch.version`: which of the two APIs created it."""
RECIPIENTS = 10_000
RINGING, LONGEST_MINUTES = 60, 30
_LAST_UNIX = 32_503_680_000
_CLIENT_DATA = ("dynamic_variables", "conversation_config_override", "user_id", "branch_id", "environment")
_TITLES = {401: "invalid_api_key", 403: "feature_not_enabled", 404: "not_found", 409: "conflict"}


def api_key(request: ApiRequest) -> str:
    """Return the key of `xi-api-key`. Raises ApiError 401."""
    key = request.headers.get("xi-api-key", "").strip()
    if not key or "revoked" in key:
        raise ApiError(401, "a valid API key is required")
    return key


def error_response(request: ApiRequest, api_error: ApiError) -> ApiResponse:
    """Render an error: 422 as a list of what is wrong with the body, any other status as an object."""
    if api_error.status == 422:
        detail: Any = [{"loc": ["body"], "msg": api_error.message, "type": "value_error"}]
    else:
        detail = {"status": _TITLES.get(api_error.status, "error"), "message": api_error.message}
    return ApiResponse(api_error.status, {"detail": detail})


def validated(operation: Operation) -> Operation:
    """Return the operation with 422 in place of 400: the vendor declares no other refusal of a body."""
    return operation._replace(handle=_refuse_with_422(operation.handle))


def _refuse_with_422(handle: Callable[[RequestContext], ApiResponse]) -> Callable[[RequestContext], ApiResponse]:
    def handle_validated(context: RequestContext) -> ApiResponse:
        try:
            return handle(context)
        except ApiError as api_error:
            if api_error.status != 400:
                raise
            raise ApiError(422, api_error.message) from None

    return handle_validated


def parse_campaign(context: RequestContext) -> BatchOrder:
    """Check the request for a campaign."""
    body = context.parse_body()
    optional = ("scheduled_time_unix", "timezone", "branch_id", "environment", "target_concurrency_limit")
    required = ("call_name", "agent_id", "recipients", "channel_config")
    checks.require_fields(body, required, (*optional, "idempotency_key", "variant", "policy"))
    channel = _parse_channel(body["channel_config"])
    variant = checks.require_choice(body, "variant", ("simple", "advanced")) if "variant" in body else "advanced"
    if variant == "simple" and body.get("policy") is not None:
        raise ApiError(400, "policy is not taken together with variant simple")
    extra = {
        "variant": variant,
        "policy": body.get("policy") or _policy(variant),
        "channel_config": channel,
        "paused": False,
        "branch_id": body.get("branch_id"),
        "environment": body.get("environment"),
        "target_given": body.get("target_concurrency_limit"),
    }
    ringing = channel.get("mode_config", {}).get("ringing_timeout_secs", RINGING)
    return _parse_order(context, body, CAMPAIGN, str(channel["agent_phone_number_id"]), ringing, extra)


def _policy(variant: str) -> dict[str, Any]:
    calls = 1 if variant == "simple" else 3
    return {"retry": {"max_total_calls": calls, "max_callbacks": calls - 1, "max_redirects": 0}}


def _parse_channel(channel: Any) -> dict[str, Any]:
    if not isinstance(channel, dict):
        raise ApiError(400, "channel_config must be an object")
    checks.require_fields(channel, ("channel", "agent_phone_number_id"), ("mode_config",), "channel_config.")
    checks.require_choice(channel, "channel", ("phone",))
    checks.require_text(channel, "agent_phone_number_id")
    mode = channel.get("mode_config", {})
    if not isinstance(mode, dict):
        raise ApiError(400, "channel_config.mode_config must be an object")
    allowed = ("mode", "ringing_timeout_secs", "twilio_call_recording_enabled", "twilio_machine_detection")
    checks.require_fields(mode, (), allowed, "channel_config.mode_config.")
    checks.require_integer(mode, "ringing_timeout_secs", 1, 600, RINGING)
    return channel


def parse_batch(context: RequestContext) -> BatchOrder:
    """Check the request for a batch of batch calling."""
    body = context.parse_body()
    optional = ("scheduled_time_unix", "timezone", "target_concurrency_limit", "branch_id", "environment")
    checks.require_fields(
        body, ("call_name", "agent_id", "recipients"), (*optional, "agent_phone_number_id", "telephony_call_config")
    )
    telephony = body.get("telephony_call_config") or {}
    if not isinstance(telephony, dict):
        raise ApiError(400, "telephony_call_config must be an object")
    checks.require_fields(telephony, (), ("ringing_timeout_secs",), "telephony_call_config.")
    ringing = checks.require_integer(telephony, "ringing_timeout_secs", 1, 600, RINGING)
    number_id = checks.require_text(body, "agent_phone_number_id") if "agent_phone_number_id" in body else "phnum_1"
    extra = {"telephony_call_config": telephony, "target_given": body.get("target_concurrency_limit")}
    return _parse_order(context, body, BATCH, number_id, ringing, extra)


def _parse_order(
    context: RequestContext, body: Mapping[str, Any], version: str, number_id: str, ringing: int, extra: dict[str, Any]
) -> BatchOrder:
    limit = context.org.agent_call_limit
    given = {name: value for name, value in body.items() if value is not None}
    numbers, infos = _parse_recipients(body["recipients"])
    order = BatchOrder(
        name=checks.require_text(body, "call_name"),
        agent_id=checks.require_text(body, "agent_id"),
        number_id=number_id,
        version=version,
        region="US",
        target=min(limit, checks.require_integer(given, "target_concurrency_limit", 1, 10_000, max(1, limit // 2))),
        ringing=ringing,
        minutes=LONGEST_MINUTES,
        scheduled=_parse_start(context, given),
        numbers=numbers,
        infos=infos,
        provider=PROVIDER,
        id_prefix="camp" if version == CAMPAIGN else "batchcall",
        extra={**extra, "timezone": body.get("timezone")},
    )
    for noun, identifier in (("agent", order.agent_id), ("phone number", order.number_id)):
        require_existing(noun, identifier)
    return order


def require_existing(noun: str, identifier: str) -> None:
    """Raise ApiError 404 for an agent or a number that does not exist."""
    if not is_existing_id(identifier):
        raise ApiError(404, f"{noun} {identifier} not found")


def _parse_start(context: RequestContext, given: Mapping[str, Any]) -> float | None:
    if "scheduled_time_unix" not in given:
        return None
    start = checks.require_integer(given, "scheduled_time_unix", 0, _LAST_UNIX, 0)
    if start <= context.now and context.knobs.past == "refuse":
        raise ApiError(400, "scheduled_time_unix must be in the future")
    return float(start)


def _parse_recipients(entries: Any) -> tuple[list[str], list[Any]]:
    """Return the numbers, and for each an object of `id` and `data`, as they were sent."""
    if not isinstance(entries, list) or not 1 <= len(entries) <= RECIPIENTS:
        raise ApiError(400, f"recipients must hold 1 to {RECIPIENTS} entries")
    numbers, infos = [], []
    for index, entry in enumerate(entries):
        path = f"recipients[{index}]"
        if not isinstance(entry, dict):
            raise ApiError(400, f"{path} must be an object")
        checks.require_fields(entry, ("phone_number",), ("id", "conversation_initiation_client_data"), f"{path}.")
        data = entry.get("conversation_initiation_client_data") or {}
        if not isinstance(data, dict):
            raise ApiError(400, f"{path}.conversation_initiation_client_data must be an object")
        checks.require_fields(data, (), _CLIENT_DATA, f"{path}.conversation_initiation_client_data.")
        if not isinstance(data.get("dynamic_variables", {}), dict):
            raise ApiError(400, f"{path}: dynamic_variables must be an object")
        numbers.append(checks.require_phone(entry["phone_number"], f"{path}.phone_number"))
        infos.append({"id": entry.get("id"), "data": data})
    return numbers, infos
