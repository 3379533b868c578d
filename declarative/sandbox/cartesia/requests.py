"""What Cartesia accepts, by API version. A body becomes a checked value or is refused; nothing is stored here.

Facts: the reference of call batches and outbound calls, versions 2025-04-16, 2026-03-01 and 2026-08-14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from declarative.sandbox import checks
from declarative.sandbox.batches import BatchOrder
from declarative.sandbox.ids import is_existing_id, number_type
from declarative.sandbox.request import ApiError, RequestContext

LEGACY, METADATA, VARIABLES = "2025-04-16", "2026-03-01", "2026-08-14"
VERSIONS = frozenset({"2024-06-10", "2024-11-13", LEGACY, "2025-11-04", METADATA, VARIABLES})
RECIPIENTS, DAYS_AHEAD = 5000, 30
REGIONS = frozenset({"US", "EU", "APAC"})
_SETTINGS = ("ringing_timeout_seconds", "max_call_duration_minutes")


class Recipient(NamedTuple):
    """One destination of a request."""

    number: str
    """Number to call; E.164 unless `error` is set."""
    info: Any
    """Metadata or dynamic variables; None without any."""
    error: str | None = None
    """Why this recipient alone is refused; None for a good one. Only 2026-08-14 reports single recipients."""


class CallOrder(NamedTuple):
    """A checked request for single calls."""

    agent_id: str
    """A well-formed id."""
    number_id: str
    """A well-formed id."""
    ringing: int
    """Seconds until an unanswered call ends."""
    minutes: int
    """Longest call, in minutes."""
    recipients: list[Recipient]
    """In the order of the request."""


def require_version(headers: Mapping[str, str]) -> str:
    """Return the `Cartesia-Version` of a request. Raises ApiError 400 if it is missing or unknown."""
    value = headers.get("cartesia-version", "")
    if value not in VERSIONS:
        raise ApiError(400, "Cartesia-Version must be a known date, as 2026-03-01")
    return value


def has_json_errors(version: str) -> bool:
    """Whether this version has JSON errors and the batch routes."""
    return version >= METADATA


def require_modern_version(context: RequestContext) -> str:
    """Return the version of a request to a route that exists since 2026-03-01. Raises ApiError 400."""
    version = require_version(context.request.headers)
    if not has_json_errors(version):
        raise ApiError(400, "this route needs Cartesia-Version 2026-03-01 or later")
    return version


def check_usage_limit(context: RequestContext) -> None:
    if context.org.usage_limited:
        raise ApiError(
            402, "the agents usage limit is reached; upgrade or enable overages", title="Usage limit reached"
        )


def require_agent(agent_id: str) -> None:
    if not is_existing_id(agent_id):
        raise ApiError(404, f"agent {agent_id} not found", title="Agent not found")


def require_number(number_id: str) -> None:
    if not is_existing_id(number_id):
        raise ApiError(404, f"phone number {number_id} not found", title="Phone number not found")


def parse_batch_order(context: RequestContext, version: str) -> BatchOrder:
    """Check a request for a batch. One bad recipient refuses the whole batch."""
    body = context.parse_body()
    optional = ["target_concurrency_limit", *_SETTINGS, "scheduled_at"] + ["region"] * (version == VARIABLES)
    checks.require_fields(body, ("name", "agent_id", "from_number_id", "recipients"), optional)
    number_id, agent_id = checks.require_text(body, "from_number_id"), checks.require_text(body, "agent_id")
    recipients = _parse_recipients(body["recipients"], version, "recipients")
    limit = context.org.agent_call_limit
    order = BatchOrder(
        name=checks.require_text(body, "name"),
        agent_id=agent_id,
        number_id=number_id,
        version=version,
        region=_parse_region(body, number_id),
        target=checks.require_integer(body, "target_concurrency_limit", 1, limit, max(1, limit // 2)),
        ringing=checks.require_integer(body, "ringing_timeout_seconds", 5, 80, 60),
        minutes=checks.require_integer(body, "max_call_duration_minutes", 1, 480, 480),
        scheduled=_parse_scheduled_at(body, context.now),
        numbers=[recipient.number for recipient in recipients],
        infos=[recipient.info for recipient in recipients],
    )
    require_agent(agent_id)
    require_number(number_id)
    return order


def _parse_region(body: Mapping[str, Any], number_id: str) -> str:
    if "region" not in body:
        return "US"
    region = checks.require_choice(body, "region", REGIONS)
    if number_type(number_id) != "sip_trunk":
        raise ApiError(400, "region is allowed only with a SIP trunk number")
    return region


def _parse_scheduled_at(body: Mapping[str, Any], now: float) -> float | None:
    if "scheduled_at" not in body:
        return None
    scheduled = checks.parse_instant(body["scheduled_at"], "scheduled_at")
    if not now < scheduled <= now + DAYS_AHEAD * 86_400:
        raise ApiError(400, f"scheduled_at must be in the future and within {DAYS_AHEAD} days")
    return scheduled


def _parse_recipients(entries: Any, version: str, path: str) -> list[Recipient]:
    if not isinstance(entries, list) or not 1 <= len(entries) <= RECIPIENTS:
        raise ApiError(400, f"{path} must hold 1 to {RECIPIENTS} entries")
    return [_parse_recipient(entry, version, f"{path}[{index}]") for index, entry in enumerate(entries)]


def _parse_recipient(entry: Any, version: str, path: str) -> Recipient:
    info_field = "dynamic_variables" if version == VARIABLES else "metadata"
    if not isinstance(entry, dict):
        raise ApiError(400, f"{path} must be an object")
    checks.require_fields(entry, ("to_number",), (info_field,), f"{path}.")
    number = checks.require_phone(entry["to_number"], f"{path}.to_number")
    if info_field not in entry:
        return Recipient(number, None)
    check = checks.require_variables if version == VARIABLES else checks.require_metadata
    return Recipient(number, check(entry[info_field], f"{path}.{info_field}"))


def parse_call_order(context: RequestContext, version: str) -> CallOrder:
    """Check a request for single calls.

    Under 2026-08-14 a bad destination is reported in its own entry, and the others are called.
    """
    body = context.parse_body()
    checks.require_fields(body, ("from_number_id", "agent_id", "outbound_calls"), _SETTINGS)
    number_id, agent_id = checks.require_text(body, "from_number_id"), checks.require_text(body, "agent_id")
    ringing = checks.require_integer(body, "ringing_timeout_seconds", 5, 80, 60)
    minutes = checks.require_integer(body, "max_call_duration_minutes", 1, 480, 480)
    entries = body["outbound_calls"]
    if not isinstance(entries, list) or not entries:
        raise ApiError(400, "outbound_calls must hold at least one entry")
    recipients = [
        _parse_outbound_call(entry, version, f"outbound_calls[{index}]") for index, entry in enumerate(entries)
    ]
    require_agent(agent_id)
    require_number(number_id)
    return CallOrder(agent_id, number_id, ringing, minutes, recipients)


def _parse_outbound_call(entry: Any, version: str, path: str) -> Recipient:
    try:
        return _parse_recipient(entry, version, path)
    except ApiError as api_error:
        if version != VARIABLES or not isinstance(entry, dict) or not isinstance(entry.get("to_number"), str):
            raise
        return Recipient(entry["to_number"], None, api_error.message)


def parse_legacy_order(context: RequestContext) -> CallOrder:
    """Check `POST /twilio/call/outbound` of 2025-04-16: one metadata object for all, the agent's own number."""
    body = context.parse_body()
    checks.require_fields(body, ("target_numbers", "agent_id"), ("metadata",))
    agent_id, numbers = checks.require_text(body, "agent_id"), body["target_numbers"]
    if not isinstance(numbers, list) or not numbers:
        raise ApiError(400, "target_numbers must hold at least one number")
    info = checks.require_metadata(body.get("metadata"), "metadata")
    recipients = [
        Recipient(checks.require_phone(number, f"target_numbers[{index}]"), info)
        for index, number in enumerate(numbers)
    ]
    require_agent(agent_id)
    return CallOrder(agent_id, f"ap_of_{agent_id.removeprefix('agent_')}", 60, 480, recipients)
