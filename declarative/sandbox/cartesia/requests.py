"""What Cartesia accepts, by API version: bodies become checked values or are refused. Nothing is stored here.

Facts: the reference of call batches and outbound calls, versions 2025-04-16, 2026-03-01 and 2026-08-14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from declarative.sandbox import checks
from declarative.sandbox.batches import Order
from declarative.sandbox.ids import exists, number_type
from declarative.sandbox.request import ApiError, RequestContext

LEGACY, METADATA, VARIABLES = "2025-04-16", "2026-03-01", "2026-08-14"
VERSIONS = frozenset({"2024-06-10", "2024-11-13", LEGACY, "2025-11-04", METADATA, VARIABLES})
RECIPIENTS, DAYS_AHEAD = 5000, 30
REGIONS = frozenset({"US", "EU", "APAC"})
_SETTINGS = ("ringing_timeout_seconds", "max_call_duration_minutes")


class Person(NamedTuple):
    """One destination; `error` says why it alone is refused (only where the version reports it item by item)."""

    number: str
    info: Any
    error: str | None = None


class Dial(NamedTuple):
    """A checked request for single calls."""

    agent_id: str
    number_id: str
    ringing: int
    minutes: int
    people: list[Person]


def version(headers: Mapping[str, str]) -> str:
    """The `Cartesia-Version` of a request; missing or unknown is a 400."""
    value = headers.get("cartesia-version", "")
    if value not in VERSIONS:
        raise ApiError(400, "Cartesia-Version must be a known date, as 2026-03-01")
    return value


def structured(named: str) -> bool:
    """Whether this version has JSON errors and the batch routes."""
    return named >= METADATA


def modern(desk: RequestContext) -> str:
    """The version of a request to a route that came with 2026-03-01."""
    named = version(desk.asked.headers)
    if not structured(named):
        raise ApiError(400, "this route needs Cartesia-Version 2026-03-01 or later")
    return named


def may_dial(desk: RequestContext) -> None:
    if desk.org.usage_limited:
        raise ApiError(
            402, "the agents usage limit is reached; upgrade or enable overages", title="Usage limit reached"
        )


def agent_exists(agent_id: str) -> None:
    if not exists(agent_id):
        raise ApiError(404, f"agent {agent_id} not found", title="Agent not found")


def number_exists(number_id: str) -> None:
    if not exists(number_id):
        raise ApiError(404, f"phone number {number_id} not found", title="Phone number not found")


def batch_order(desk: RequestContext, named: str) -> Order:
    """All or nothing: one bad recipient refuses the batch."""
    sent = desk.body()
    optional = ["target_concurrency_limit", *_SETTINGS, "scheduled_at"] + ["region"] * (named == VARIABLES)
    checks.only(sent, ("name", "agent_id", "from_number_id", "recipients"), optional)
    number_id, agent_id = checks.text(sent, "from_number_id"), checks.text(sent, "agent_id")
    people = _people(sent["recipients"], named, "recipients")
    limit = desk.org.agent_call_limit
    order = Order(
        name=checks.text(sent, "name"),
        agent_id=agent_id,
        number_id=number_id,
        version=named,
        region=_region(sent, number_id),
        target=checks.whole(sent, "target_concurrency_limit", 1, limit, max(1, limit // 2)),
        ringing=checks.whole(sent, "ringing_timeout_seconds", 5, 80, 60),
        minutes=checks.whole(sent, "max_call_duration_minutes", 1, 480, 480),
        scheduled=_scheduled(sent, desk.now),
        numbers=[person.number for person in people],
        infos=[person.info for person in people],
    )
    agent_exists(agent_id)
    number_exists(number_id)
    return order


def _region(sent: Mapping[str, Any], number_id: str) -> str:
    if "region" not in sent:
        return "US"
    region = checks.one_of(sent, "region", REGIONS)
    if number_type(number_id) != "sip_trunk":
        raise ApiError(400, "region is allowed only with a SIP trunk number")
    return region


def _scheduled(sent: Mapping[str, Any], now: float) -> float | None:
    if "scheduled_at" not in sent:
        return None
    at = checks.instant(sent["scheduled_at"], "scheduled_at")
    if not now < at <= now + DAYS_AHEAD * 86_400:
        raise ApiError(400, f"scheduled_at must be in the future and within {DAYS_AHEAD} days")
    return at


def _people(sent: Any, named: str, where: str) -> list[Person]:
    if not isinstance(sent, list) or not 1 <= len(sent) <= RECIPIENTS:
        raise ApiError(400, f"{where} must hold 1 to {RECIPIENTS} entries")
    return [_person(one, named, f"{where}[{at}]") for at, one in enumerate(sent)]


def _person(sent: Any, named: str, where: str) -> Person:
    info = "dynamic_variables" if named == VARIABLES else "metadata"
    if not isinstance(sent, dict):
        raise ApiError(400, f"{where} must be an object")
    checks.only(sent, ("to_number",), (info,), f"{where}.")
    number = checks.phone(sent["to_number"], f"{where}.to_number")
    if info not in sent:
        return Person(number, None)
    check = checks.variables if named == VARIABLES else checks.metadata
    return Person(number, check(sent[info], f"{where}.{info}"))


def dial(desk: RequestContext, named: str) -> Dial:
    """Under 2026-08-14 a bad destination is reported in its own entry and the others go ahead."""
    sent = desk.body()
    checks.only(sent, ("from_number_id", "agent_id", "outbound_calls"), _SETTINGS)
    number_id, agent_id = checks.text(sent, "from_number_id"), checks.text(sent, "agent_id")
    ringing = checks.whole(sent, "ringing_timeout_seconds", 5, 80, 60)
    minutes = checks.whole(sent, "max_call_duration_minutes", 1, 480, 480)
    items = sent["outbound_calls"]
    if not isinstance(items, list) or not items:
        raise ApiError(400, "outbound_calls must hold at least one entry")
    people = [_outbound(one, named, f"outbound_calls[{at}]") for at, one in enumerate(items)]
    agent_exists(agent_id)
    number_exists(number_id)
    return Dial(agent_id, number_id, ringing, minutes, people)


def _outbound(sent: Any, named: str, where: str) -> Person:
    try:
        return _person(sent, named, where)
    except ApiError as refusal:
        if named != VARIABLES or not isinstance(sent, dict) or not isinstance(sent.get("to_number"), str):
            raise
        return Person(sent["to_number"], None, refusal.message)


def legacy_dial(desk: RequestContext) -> Dial:
    """`POST /twilio/call/outbound` of 2025-04-16: one metadata object for all, the agent's own number."""
    sent = desk.body()
    checks.only(sent, ("target_numbers", "agent_id"), ("metadata",))
    agent_id, numbers = checks.text(sent, "agent_id"), sent["target_numbers"]
    if not isinstance(numbers, list) or not numbers:
        raise ApiError(400, "target_numbers must hold at least one number")
    info = checks.metadata(sent.get("metadata"), "metadata")
    people = [Person(checks.phone(one, f"target_numbers[{at}]"), info) for at, one in enumerate(numbers)]
    agent_exists(agent_id)
    return Dial(agent_id, f"ap_of_{agent_id.removeprefix('agent_')}", 60, 480, people)
