"""CallingBox: one call at a time, its nine statuses, its money."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .lab import ADA, CALLINGBOX_AGENT, Lab, batch_body, box_body, calls_body

MACHINE, NO_ANSWER = "+14155550196", "+14155550191"


@pytest.fixture
def box(lab: Lab) -> httpx.Client:
    return lab.at_callingbox()


def place(box: httpx.Client, number: str = ADA, **changes: Any) -> dict[str, Any]:
    response = box.post("/v1/calls", json=box_body(number, **changes))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def read(box: httpx.Client, call: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = box.get(f"/v1/calls/{call['id']}").json()
    return shown


def reached(box: httpx.Client) -> str:
    """A number that the draw lets answer."""
    from declarative.sandbox.outcomes import REACHED, draw

    people = (f"+1{area}5550142" for area in range(201, 300))
    return next(number for number in people if draw(0, number, 1).outcome in REACHED)


def test_a_call_runs_through_its_statuses(lab: Lab, box: httpx.Client) -> None:
    call, seen = place(box, reached(box)), []
    for wait in (0.0, 0.5, 1.0, 5.0, 300.0):
        lab.advance(wait)
        seen.append(read(box, call)["status"])
    assert seen == ["queued", "initiated", "ringing", "in_progress", "completed"]


def test_a_call_of_cartesia_is_unknown_here_under_the_same_key(lab: Lab, box: httpx.Client) -> None:
    cartesia = lab.at_cartesia()
    single = cartesia.post("/agents/calls", json=calls_body()).json()["calls"][0]
    batch = cartesia.post("/agents/calls/batches", json=batch_body()).json()
    (person,) = cartesia.get(f"/agents/calls/batches/{batch['id']}").json()["recipients"]
    for call in (single["agent_call_id"], person["agent_call_id"]):
        assert cartesia.get(f"/agents/calls/{call}").status_code == 200
        assert box.get(f"/v1/calls/{call}").status_code == 404


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (NO_ANSWER, "no_answer"),
        ("+14155550192", "busy"),
        ("+14155550193", "failed"),
        ("+14155550194", "failed"),
        (MACHINE, "no_answer"),
        ("+14155550197", "failed"),
    ],
)
def test_endings_by_number(lab: Lab, box: httpx.Client, number: str, status: str) -> None:
    call = place(box, number)
    lab.advance(600)
    shown = read(box, call)
    assert shown["status"] == status
    assert (shown["result"], shown["result_status"]) == (None, "pending")
    assert (shown["billing_amount_milli_cents"], shown["reservation_status"]) == (0, "released")
    assert bool(shown["error_code"]) == (status == "failed")


def test_only_a_machine_is_named_as_what_answered(lab: Lab, box: httpx.Client) -> None:
    calls = [place(box, number) for number in (MACHINE, NO_ANSWER)]
    lab.advance(600)
    assert [read(box, call).get("answered_by") for call in calls] == ["machine", None]


def test_a_call_turned_away_calls_no_phone(lab: Lab, box: httpx.Client) -> None:
    place(box, "+14155550194")
    lab.advance(600)
    assert lab.calls()["+14155550194"] == 0


def test_the_result_follows_two_seconds_after_a_conversation(lab: Lab, box: httpx.Client) -> None:
    call = place(box, reached(box))
    while read(box, call)["status"] != "completed":
        lab.advance(1)
    early = read(box, call)["result_status"]
    lab.advance(3)
    shown = read(box, call)
    assert (early, shown["result_status"]) == ("pending", "completed")
    assert set(shown["result"]) == set(shown["returns"]) == {"confirmed"}


def test_connected_time_is_charged(lab: Lab, box: httpx.Client) -> None:
    call = place(box, reached(box))
    lab.advance(600)
    shown = read(box, call)
    assert shown["billing_amount_milli_cents"] == shown["billed_duration_seconds"] * 5000 // 60
    assert shown["reservation_status"] == "settled"


def test_metadata_context_and_instructions_come_back(box: httpx.Client) -> None:
    sent: dict[str, Any] = {"metadata": {"key": "k-1"}, "context": {"first": "Ada"}, "instructions": "Be brief."}
    shown = read(box, place(box, **sent))
    assert {name: shown[name] for name in sent} == sent


def test_the_list_is_a_bare_array_newest_first(lab: Lab, box: httpx.Client) -> None:
    made = []
    for _ in range(3):
        made.append(place(box)["id"])
        lab.advance(1)
    assert [one["id"] for one in box.get("/v1/calls").json()] == made[::-1]


def test_a_transcript_exists_after_a_conversation(lab: Lab, box: httpx.Client) -> None:
    talked, missed = place(box, reached(box)), place(box, NO_ANSWER)
    lab.advance(600)
    segments = [box.get(f"/v1/calls/{one['id']}/transcript").json()["segments"] for one in (talked, missed)]
    assert ([one["role"] for one in segments[0]], segments[1]) == (["agent", "user"], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"agent_id": None},
        {"agent_id": "agent_A"},
        {"to": None},
        {"to": "4155550100"},
        {"to": 14155550100},
        {"from_number": "2025550100"},
        {"from_number": "+442079460000"},
        {"persona": "kind"},
        {"voice": "x"},
        {"language": "en"},
        {"returns": {}},
        {"tools": []},
        {"voicemail_action": "hangup"},
        {"prompt": "old"},
        {"metadata": "x"},
        {"context": []},
        {"instructions": 1},
    ],
)
def test_a_bad_call_is_refused_and_calls_nobody(lab: Lab, box: httpx.Client, changes: dict[str, Any]) -> None:
    body = {name: value for name, value in (box_body() | changes).items() if value is not None}
    answer = box.post("/v1/calls", json=body)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert box.get("/v1/calls").json() == []


def test_a_missing_agent_is_not_found(box: httpx.Client) -> None:
    assert box.post("/v1/calls", json=box_body(agent_id="missing")).status_code == 404
    assert box.get("/v1/agents/missing").status_code == 404


def test_calls_of_another_organisation_are_not_found(lab: Lab, box: httpx.Client) -> None:
    call = place(box)
    assert lab.at_callingbox(key="sk_other").get(f"/v1/calls/{call['id']}").status_code == 404


def test_calls_pause_when_the_balance_carries_no_more_holds(lab: Lab, box: httpx.Client) -> None:
    lab.limits(balance_cents=788)
    place(box, NO_ANSWER)
    place(box, NO_ANSWER)
    answer = box.post("/v1/calls", json=box_body())
    assert answer.status_code == 402
    assert answer.json()["error"] == (
        "Calls paused. Your balance is $1.88 but each call requires a $3.00 hold (we release it back if no one"
        " answers). Add $1.12 or more in credits to keep calling."
    )
    assert lab.calls()[ADA] == 0


def test_holds_are_released_when_calls_are_over(lab: Lab, box: httpx.Client) -> None:
    lab.limits(balance_cents=300)
    place(box, NO_ANSWER)
    lab.advance(60)
    place(box, NO_ANSWER)


def test_what_was_charged_is_gone(lab: Lab, box: httpx.Client) -> None:
    lab.limits(balance_cents=300)
    place(box, reached(box))
    lab.advance(600)
    assert box.post("/v1/calls", json=box_body()).status_code == 402


def test_agents_and_numbers_that_were_used_are_listed(box: httpx.Client) -> None:
    place(box, from_number="+12025550107")
    agents = [one["id"] for one in box.get("/v1/agents", params={"type": "outbound"}).json()["data"]]
    assert CALLINGBOX_AGENT in agents
    assert box.get("/v1/agents", params={"type": "inbound"}).json()["data"] == []
    assert {one["e164"] for one in box.get("/v1/numbers").json()} == {"+12025550100", "+12025550107"}
