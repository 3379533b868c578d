"""What Cartesia's API refuses, version by version. A refused request does nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ..account import Account
from ..cartesia_requests import create_batch
from ..request_bodies import ADA, LEGACY, METADATA, VARIABLES, batch_body, calls_body

MANY = [{"to_number": "+14155550100"}] * 5001


def ahead(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def person(**fields: Any) -> dict[str, Any]:
    return {"recipients": [{"to_number": ADA} | fields]}


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "no name": (METADATA, {"name": None}),
    "an empty name": (METADATA, {"name": " "}),
    "no agent": (METADATA, {"agent_id": None}),
    "no number": (METADATA, {"from_number_id": None}),
    "an unknown field": (METADATA, {"colour": "red"}),
    "recipients missing": (METADATA, {"recipients": None}),
    "recipients empty": (METADATA, {"recipients": []}),
    "too many recipients": (METADATA, {"recipients": MANY}),
    "a recipient that is text": (METADATA, {"recipients": [ADA]}),
    "no plus sign": (METADATA, {"recipients": [{"to_number": "14155550100"}]}),
    "digits of another script": (METADATA, {"recipients": [{"to_number": "+1٤١٥٥٥٥٠١٠٠"}]}),
    "a number as a number": (METADATA, {"recipients": [{"to_number": 14155550100}]}),
    "an unknown recipient field": (METADATA, person(name="Ada")),
    "metadata that is text": (METADATA, person(metadata="x")),
    "oversized metadata": (METADATA, person(metadata={"x": "y" * 1_000_001})),
    "variables in 2026-03-01": (METADATA, person(dynamic_variables={})),
    "metadata in 2026-08-14": (VARIABLES, person(metadata={})),
    "ringing too short": (METADATA, {"ringing_timeout_seconds": 4}),
    "ringing too long": (METADATA, {"ringing_timeout_seconds": 81}),
    "ringing as text": (METADATA, {"ringing_timeout_seconds": "30"}),
    "a duration of nothing": (METADATA, {"max_call_duration_minutes": 0}),
    "a duration too long": (METADATA, {"max_call_duration_minutes": 481}),
    "no lines": (METADATA, {"target_concurrency_limit": 0}),
    "more lines than the limit": (METADATA, {"target_concurrency_limit": 101}),
    "true as a number": (METADATA, {"target_concurrency_limit": True}),
    "a time without an offset": (METADATA, {"scheduled_at": ahead(days=1)[:19]}),
    "a time in the past": (METADATA, {"scheduled_at": ahead(days=-1)}),
    "a time too far ahead": (METADATA, {"scheduled_at": ahead(days=31)}),
    "a date alone": (METADATA, {"scheduled_at": ahead(days=1)[:10]}),
    "a region in 2026-03-01": (METADATA, {"region": "EU", "from_number_id": "ap_sip"}),
    "a region for a Cartesia number": (VARIABLES, {"region": "EU"}),
    "an unknown region": (VARIABLES, {"region": "MOON", "from_number_id": "ap_sip"}),
    "a variable that is an object": (VARIABLES, person(dynamic_variables={"x": {}})),
    "a variable that is null": (VARIABLES, person(dynamic_variables={"x": None})),
    "a reserved prefix": (VARIABLES, person(dynamic_variables={"system__x": 1})),
    "a name that starts with a digit": (VARIABLES, person(dynamic_variables={"1x": 1})),
    "a name too long": (VARIABLES, person(dynamic_variables={"x" * 65: 1})),
    "too many variables": (VARIABLES, person(dynamic_variables={f"x{at}": 1 for at in range(65)})),
    "too large variables": (VARIABLES, person(dynamic_variables={"x": "y" * 16_384})),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_batch_is_refused_whole(account: Account, case: str) -> None:
    version, changes = REFUSED[case]
    cartesia = account.at_cartesia(version)
    answer = cartesia.post("/agents/calls/batches", json=batch_body(**changes))
    assert answer.status_code == 400
    assert {"error_code", "title", "message", "request_id"} <= set(answer.json())
    assert cartesia.get("/agents/calls/batches").json()["data"] == []


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "metadata null": (METADATA, person(metadata=None)),
    "the outer limits": (METADATA, {"ringing_timeout_seconds": 5, "max_call_duration_minutes": 480}),
    "the other limits": (METADATA, {"ringing_timeout_seconds": 80, "target_concurrency_limit": 100}),
    "all recipients": (METADATA, {"recipients": MANY[1:]}),
    "another offset": (METADATA, {"scheduled_at": ahead(hours=1).replace("+00:00", "Z")}),
    "a region for a trunk": (VARIABLES, {"region": "APAC", "from_number_id": "ap_sip"}),
    "plain variables": (VARIABLES, person(dynamic_variables={"a": "x", "b": 1.5, "_c": True})),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_batch_within_the_limits_is_accepted(account: Account, case: str) -> None:
    version, changes = ACCEPTED[case]
    answer = account.at_cartesia(version).post("/agents/calls/batches", json=batch_body(**changes))
    assert answer.status_code == 201, answer.text
    assert answer.json()["region"] == changes.get("region", "US")


def test_the_default_target_is_half_of_the_limit(account: Account, cartesia: httpx.Client) -> None:
    account.limits(agent_call_limit=9)
    assert create_batch(cartesia)["target_concurrency_limit"] == 4


def test_the_first_bad_recipient_is_named_and_nobody_is_called(account: Account) -> None:
    people = [{"to_number": ADA}, {"to_number": ADA, "dynamic_variables": {"x": []}}]
    answer = account.at_cartesia(VARIABLES).post("/agents/calls/batches", json=batch_body(recipients=people))
    assert "recipients[1]" in answer.json()["message"]
    assert account.calls()[ADA] == 0


def test_a_schedule_is_returned_in_utc(account: Account) -> None:
    local = (datetime.now(UTC) + timedelta(hours=2)).astimezone(tz=None).replace(microsecond=0)
    answer = account.at_cartesia().post("/agents/calls/batches", json=batch_body(scheduled_at=local.isoformat()))
    assert datetime.fromisoformat(answer.json()["scheduled_at"]) == local
    assert answer.json()["scheduled_at"].endswith("Z")


@pytest.mark.parametrize(
    "changes",
    [
        {"outbound_calls": []},
        {"outbound_calls": None},
        {"name": "x"},
        {"scheduled_at": ahead(hours=1)},
        {"ringing_timeout_seconds": 81},
        {"max_call_duration_minutes": 481},
    ],
)
def test_single_calls_are_checked(account: Account, changes: dict[str, Any]) -> None:
    assert account.at_cartesia().post("/agents/calls", json=calls_body(**changes)).status_code == 400


@pytest.mark.parametrize("field", ["agent_id", "from_number_id"])
def test_an_id_that_says_missing_does_not_exist(account: Account, field: str) -> None:
    cartesia = account.at_cartesia()
    assert cartesia.post("/agents/calls/batches", json=batch_body(**{field: "x_missing"})).status_code == 404
    assert cartesia.post("/agents/calls", json=calls_body(**{field: "x_missing"})).status_code == 404


@pytest.mark.parametrize("version", ["", "2026-01-01", "latest"])
def test_an_unknown_version_is_refused(account: Account, version: str) -> None:
    assert account.at_cartesia(version).get("/agents/calls/batches").status_code == 400


def test_the_batch_routes_begin_with_2026_03_01(account: Account) -> None:
    answer = account.at_cartesia(LEGACY).post("/agents/calls/batches", json=batch_body())
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text.startswith("Invalid request: ")


def test_the_legacy_route_is_gone_in_newer_versions(account: Account) -> None:
    body = {"target_numbers": [ADA], "agent_id": "agent_A"}
    assert account.at_cartesia().post("/twilio/call/outbound", json=body).status_code == 404
