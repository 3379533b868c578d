"""Retell's words about one call, as a table."""

from __future__ import annotations

import httpx
import orjson
import pytest

from declarative.model.remote import Phase, Remote
from declarative.model.resource import Json, Route
from declarative.providers.retell.type import FAULTS, OUTCOMES
from tests.providers.read_requests import ENDED_CALL
from tests.providers.scripted_provider import answering, member, open_exchange


def read_call(**fields: Json) -> Remote:
    call = {name: value for name, value in (ENDED_CALL | fields).items() if value is not None}
    remote = open_exchange(answering(httpx.Response(200, json=call)), "retell").channel(Route.CALL).read("call_1")
    assert remote is not None
    return remote


_SILENT: dict[str, Json] = {"start_timestamp": None, "end_timestamp": None, "call_analysis": None}
CALLS: list[tuple[dict[str, Json], Phase, str | None, str | None, int]] = [
    ({"call_status": "registered", **_SILENT}, Phase.IN_FLIGHT, None, "call_1", 0),
    ({"call_status": "ongoing"}, Phase.IN_FLIGHT, None, "call_1", 0),
    ({}, Phase.REACHED, "user_hangup", "call_1", 1),
    ({"disconnection_reason": "ivr_reached"}, Phase.REACHED, "ivr_reached", "call_1", 1),
    ({"disconnection_reason": "voicemail_reached"}, Phase.UNREACHED, "voicemail_reached", "call_1", 1),
    ({"disconnection_reason": "teleported"}, Phase.UNKNOWN, "teleported", "call_1", 1),
    ({"disconnection_reason": None}, Phase.UNKNOWN, "ended", "call_1", 1),
    ({"call_status": "not_connected"}, Phase.UNKNOWN, "user_hangup", "call_1", 1),
    ({"call_status": "transferred", "disconnection_reason": None}, Phase.UNKNOWN, None, "call_1", 0),
    ({"call_status": "transferred"}, Phase.UNKNOWN, "user_hangup", "call_1", 1),
    ({"call_status": None, "disconnection_reason": None}, Phase.UNKNOWN, None, "call_1", 0),
    *(
        ({"call_status": "not_connected", "disconnection_reason": word}, Phase.UNREACHED, word, "call_1", 1)
        for word in sorted(OUTCOMES)
    ),
    *(
        ({"call_status": "error", "disconnection_reason": word}, Phase.UNREACHED, word, "call_1", 1)
        for word in sorted(FAULTS)
    ),
    *(
        ({"call_status": status, "disconnection_reason": word, **_SILENT}, phase, word, None, 1)
        for status in ("error", "not_connected")
        for word, phase in (
            ("concurrency_limit_reached", Phase.REFUSED),
            ("no_concurrency_fallback", Phase.REFUSED),
            ("no_valid_payment", Phase.UNFUNDED),
            ("credit_exhausted", Phase.UNFUNDED),
            ("budget_reached", Phase.UNFUNDED),
        )
    ),
]


@pytest.mark.parametrize(("fields", "phase", "outcome", "call_id", "finished"), CALLS)
def test_a_call_at_retell(
    fields: dict[str, Json], phase: Phase, outcome: str | None, call_id: str | None, finished: int
) -> None:
    remote = read_call(**fields)
    person = member(remote)
    assert (person["phase"], person["outcome"], person["call_id"]) == (phase, outcome, call_id)
    assert remote.finished == finished
    assert (person["error"] is None) == (phase not in (Phase.REFUSED, Phase.UNFUNDED))


@pytest.mark.parametrize("word", ["credit_exhausted", "budget_reached", "concurrency_limit_reached"])
@pytest.mark.parametrize(
    "sign",
    [
        {"call_status": "ended"},
        {"call_status": "error", "start_timestamp": 1_781_438_400_000},
        {"call_status": "error", "start_timestamp": "soon"},
        {"call_status": "error", "duration_ms": 4000},
        {"call_status": "error", "transcript": "Agent: hello"},
    ],
)
def test_money_that_runs_out_during_a_call_is_no_sign_that_nobody_was_called(word: str, sign: dict[str, Json]) -> None:
    person = member(read_call(**(_SILENT | sign), disconnection_reason=word))
    assert (person["phase"], person["call_id"]) == (Phase.UNREACHED, "call_1")


def test_what_is_told_of_a_call_that_ended() -> None:
    person = member(read_call())
    assert orjson.loads(person["note"]) == {
        "called_at": "2026-06-14T12:00:00+00:00",
        "duration_seconds": 60,
        "result": {"call_successful": True},
    }
    assert orjson.loads(person["payload"]) == {
        "metadata": {"plan": "pro"},
        "retell_llm_dynamic_variables": {"first_name": "Ada"},
    }
    assert member(read_call(call_status="ongoing"))["note"] is None


def test_a_call_of_which_the_number_is_not_kept_has_no_member_that_could_look_never_called() -> None:
    remote = read_call(to_number="+1415*****01")
    assert (remote.total, remote.finished) == (1, 1)
    assert remote.members is not None
    assert remote.members.is_empty()
