"""Every kind of fault, over both ways to reach a sandbox: what happened, and what the client saw of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from .lab import ADA, Lab, batch_body, box_body, calls_body

BATCHES = "/agents/calls/batches"


def rule(operation: str, do: Any, **match: Any) -> dict[str, Any]:
    return {"match": {"operation": operation, **match}, "do": do}


def create(lab: Lab, **changes: Any) -> httpx.Response:
    return lab.at_cartesia().post(BATCHES, json=batch_body(**changes))


def listed(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.at_cartesia().get(BATCHES).json()["data"]
    return found


def test_a_lost_request_does_nothing(either: Lab) -> None:
    either.faults(rule("createCallBatch", "lost_request"))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    assert (listed(either), either.calls()[ADA]) == ([], 0)


@pytest.mark.parametrize("do", ["lost_answer", {"lost_answer": True}])
def test_a_lost_answer_leaves_its_effect(either: Lab, do: Any) -> None:
    either.faults(rule("createCallBatch", do))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    assert (len(listed(either)), either.calls()[ADA]) == (1, 1)


def test_a_connection_is_usable_again_after_a_loss(either: Lab) -> None:
    either.faults(rule("listCallBatches", "lost_answer"))
    cartesia = either.at_cartesia()
    with pytest.raises(httpx.RemoteProtocolError):
        cartesia.get(BATCHES)
    assert cartesia.get(BATCHES).status_code == 200


def test_a_late_request_lands_when_its_time_has_come(either: Lab) -> None:
    either.faults(rule("createCallBatch", {"late": 60}))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    either.advance(59)
    assert listed(either) == []
    either.advance(2)
    (landed,) = listed(either)
    created = datetime.fromisoformat(landed["created_at"]).timestamp()
    assert created == pytest.approx(either.control("GET", "clock")["epoch"] - 1, abs=0.01)
    assert either.calls()[ADA] == 1


def test_a_late_request_is_checked_when_it_lands(either: Lab) -> None:
    either.faults(rule("createCallBatch", {"late": 200}))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either, scheduled_at=either.later(120))
    either.advance(7200)
    assert (listed(either), either.calls()[ADA]) == ([], 0)


def test_late_requests_land_in_the_record_of_dials_without_another_request(either: Lab) -> None:
    either.faults(rule("createOutboundCalls", {"late": 10}))
    with pytest.raises(httpx.RemoteProtocolError):
        either.at_cartesia().post("/agents/calls", json=calls_body())
    either.advance(11)
    assert either.calls()[ADA] == 1


@pytest.mark.parametrize("code", [302, 408, 409, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("effect", [True, False])
def test_any_status_with_and_without_effect(either: Lab, code: int, effect: bool) -> None:
    either.faults(rule("createCallBatch", {"status": {"code": code, "effect": effect}}))
    answer = create(either)
    assert (answer.status_code, "message" in answer.json()) == (code, True)
    assert len(listed(either)) == effect


def test_a_status_can_bring_headers_and_a_page_of_a_proxy(either: Lab) -> None:
    status = {"code": 503, "effect": False, "body": "<html>busy</html>", "headers": {"Retry-After": "7"}}
    either.faults(
        rule("createCallBatch", {"status": status | {"headers": {"Retry-After": "7", "Content-Type": "text/html"}}})
    )
    answer = create(either)
    assert (answer.text, answer.headers["retry-after"]) == ("<html>busy</html>", "7")
    assert answer.headers["content-type"] == "text/html"


def test_a_status_can_bring_another_date(either: Lab) -> None:
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    either.faults(rule("*", {"status": {"code": 503, "effect": False, "headers": {"Date": date}}}))
    assert either.at_cartesia().get(BATCHES).headers.get_list("date") == [date]


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_leaves_the_connection_whole(either: Lab, code: int) -> None:
    either.faults(rule("listCallBatches", {"status": {"code": code, "effect": True}}))
    cartesia = either.at_cartesia()
    answers = [cartesia.get(BATCHES) for _ in range(2)]
    assert [(one.status_code, bool(one.content)) for one in answers] == [(code, False), (200, True)]


def test_a_status_can_bring_a_json_body(either: Lab) -> None:
    either.faults(rule("createCall", {"status": {"code": 409, "effect": False, "body": {"error": {"message": "x"}}}}))
    assert either.at_callingbox().post("/v1/calls", json=box_body()).json() == {"error": {"message": "x"}}


def test_a_default_body_is_in_the_form_of_the_provider(either: Lab) -> None:
    either.faults(rule("createCall", {"status": {"code": 500, "effect": False}}))
    assert set(either.at_callingbox().post("/v1/calls", json=box_body()).json()) == {"error"}


def test_a_truncated_answer_breaks_off_and_leaves_its_effect(either: Lab) -> None:
    either.faults(rule("createCallBatch", {"truncate": 20}))
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        create(either)
    assert len(listed(either)) == 1


def test_a_truncated_list_breaks_off(either: Lab) -> None:
    create(either)
    either.faults(rule("listCallBatches", {"truncate": 50}))
    with pytest.raises(httpx.RemoteProtocolError):
        listed(either)


def test_an_edited_answer(either: Lab) -> None:
    edit = {"name": "remin", "status": "snoozed", "extra": {"new": 1}, "region": None}
    either.faults(rule("createCallBatch", {"edit": edit}))
    answer = create(either).json()
    assert (answer["name"], answer["status"], answer["extra"]) == ("remin", "snoozed", {"new": 1})
    assert "region" not in answer
    assert listed(either)[0]["name"] == "reminders"


def test_edited_items_of_a_list(either: Lab) -> None:
    create(either)
    either.faults(
        rule("listCallBatches", {"edit_items": {"status": "snoozed"}}),
        rule("getCallBatch", {"edit_items": {"status": "pondering"}}),
    )
    (batch,) = listed(either)
    assert batch["status"] == "snoozed"
    read = either.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
    assert read["recipients"][0]["status"] == "pondering"


def test_a_lagging_list_does_not_show_the_young_but_get_does(either: Lab) -> None:
    either.faults(rule("listCallBatches", {"lag": 30}, times=0), rule("listCalls", {"lag": 30}, times=0))
    batch = create(either).json()
    assert listed(either) == []
    assert either.at_cartesia().get(f"{BATCHES}/{batch['id']}").status_code == 200
    assert either.at_cartesia().get("/agents/calls", params={"agent_id": "agent_A"}).json()["data"] == []
    either.at_callingbox().post("/v1/calls", json=box_body())
    assert either.at_callingbox().get("/v1/calls").json() == []
    either.advance(31)
    assert len(listed(either)) == 1
    assert len(either.at_callingbox().get("/v1/calls").json()) == 1


def test_a_batch_that_misses_members(either: Lab) -> None:
    batch = either.at_cartesia().post(BATCHES, json=batch_body(ADA, ADA, ADA)).json()
    either.faults(rule("getCallBatch", {"drop_members": 2}))
    read = either.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
    assert (len(read["recipients"]), read["total_calls_scheduled"]) == (1, 3)


def test_a_delayed_answer_runs_into_the_time_out_and_leaves_its_effect(either: Lab) -> None:
    either.faults(rule("createCallBatch", {"delay": 0.3}))
    with pytest.raises(httpx.ReadTimeout):
        either.at_cartesia().post(BATCHES, json=batch_body(), timeout=httpx.Timeout(5, read=0.02))
    assert len(listed(either)) == 1


def test_a_delay_within_the_time_out_only_takes_time(either: Lab) -> None:
    either.faults(rule("createCallBatch", {"delay": 0.01}))
    assert create(either).status_code == 201


def test_a_list_of_callingbox_capped_and_in_an_envelope(either: Lab) -> None:
    for _ in range(3):
        either.at_callingbox().post("/v1/calls", json=box_body())
    either.faults(rule("listCalls", {"cap": 2, "as_data": True}, provider="callingbox"))
    assert len(either.at_callingbox().get("/v1/calls").json()["data"]) == 2


@pytest.mark.parametrize("refusal", [400, 402])
def test_the_refusal_for_lack_of_funds_can_be_chosen(either: Lab, refusal: int) -> None:
    either.limits(balance_cents=299)
    either.faults(rule("createCall", {"refusal": refusal}))
    answer = either.at_callingbox().post("/v1/calls", json=box_body())
    assert (answer.status_code, answer.json()["error"][:12]) == (refusal, "Calls paused")


def test_lack_of_funds_as_a_call_that_failed(either: Lab) -> None:
    either.limits(balance_cents=0)
    either.faults(rule("createCall", {"refusal": 201}))
    answer = either.at_callingbox().post("/v1/calls", json=box_body())
    either.advance(5)
    shown = either.at_callingbox().get(f"/v1/calls/{answer.json()['id']}").json()
    assert (answer.status_code, shown["status"]) == (201, "failed")
    assert shown["error_message"].startswith("Calls paused")
    assert either.calls()[ADA] == 0


def test_after_and_times_bound_a_rule(either: Lab) -> None:
    either.faults(rule("listCallBatches", {"status": {"code": 500, "effect": False}}, after=1, times=2))
    codes = [either.at_cartesia().get(BATCHES).status_code for _ in range(5)]
    assert codes == [200, 500, 500, 200, 200]
    assert either.control("GET", "faults")["seen"] == [5]


def test_the_first_of_two_rules_wins_where_they_disagree(either: Lab) -> None:
    teapots = [rule("*", {"status": {"code": code, "effect": False}}) for code in (503, 500)]
    either.faults(*teapots)
    assert either.at_cartesia().get(BATCHES).status_code == 503


def headed(name: str, value: str) -> dict[str, Any]:
    return {"status": {"code": 500, "effect": False, "headers": {name: value}}}


@pytest.mark.parametrize(
    ("match", "do", "place"),
    [
        ({"operation": "call"}, {"delay": 31}, ".match.operation: 'call'"),
        ({"after": 1.0}, "lost_answer", ".match.after: 1.0"),
        ({}, "lost-answer", ".do: 'lost-answer' is not one of ['lost_request', "),
        ({}, {"lates": 3}, ".do: Additional properties are not allowed ('lates'"),
        ({}, {"delay": 31}, ".do.delay: 31"),
        ({}, {"truncate": 10.0}, ".do.truncate: 10.0"),
        ({}, {"drop_members": 1.0}, ".do.drop_members: 1.0"),
        ({}, {"status": {"code": 200.0, "effect": True}}, ".do.status.code: 200.0"),
        ({}, {"status": {"code": 500}}, ".do.status: 'effect'"),
        ({}, headed("x", "a\r\nx: b"), ".do.status.headers.x: "),
        ({}, headed("x", "a\n"), ".do.status.headers.x: "),
        ({}, headed("x y", "a"), ".do.status.headers: 'x y'"),
        ({}, headed("x\n", "a"), ".do.status.headers: 'x"),
    ],
)
def test_wrong_rules_are_refused_with_the_place(lab: Lab, match: Any, do: Any, place: str) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        lab.faults({"match": match, "do": do})
    assert f"faults[0]{place}" in refused.value.response.json()["error"]


@pytest.mark.parametrize("levels", [*range(240, 256), 900])
def test_rules_nested_deeply_are_refused_or_kept(lab: Lab, levels: int) -> None:
    patch = f'{{"in": {"[" * levels}{"]" * levels}}}'
    rules = f'[{{"match": {{"times": 0}}, "do": {{"edit": {patch}, "edit_items": {patch}}}}}]'
    assert lab.client().put("/_sandbox/faults", content=rules).status_code in (200, 400)
    assert lab.client().get("/_sandbox/faults").status_code == 200
    assert lab.at_callingbox().get("/v1/calls").status_code == 200


def test_lost_answers_are_in_the_log_without_a_status(lab: Lab) -> None:
    lab.faults(rule("createCallBatch", "lost_answer"))
    with pytest.raises(httpx.RemoteProtocolError):
        create(lab)
    create(lab)
    logged = lab.control("GET", "requests")["requests"]
    assert [(one["method"], one["path"], one["status"]) for one in logged] == [
        ("POST", BATCHES, None),
        ("POST", BATCHES, 201),
    ]
