"""What a fault does to a request, and what the client sees of it, over both ways to reach a sandbox."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from .account import Account
from .request_bodies import ADA, BATCHES, batch_body, box_body, calls_body, fault_rule


def create(account: Account, **changes: Any) -> httpx.Response:
    return account.at_cartesia().post(BATCHES, json=batch_body(**changes))


def listed(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.at_cartesia().get(BATCHES).json()["data"]
    return found


def test_a_lost_request_does_nothing(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", "lost_request"))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    assert (listed(either), either.calls()[ADA]) == ([], 0)


@pytest.mark.parametrize("do", ["lost_answer", {"lost_answer": True}])
def test_a_lost_answer_leaves_its_effect(either: Account, do: Any) -> None:
    either.faults(fault_rule("createCallBatch", do))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    assert (len(listed(either)), either.calls()[ADA]) == (1, 1)


def test_a_connection_is_usable_again_after_a_loss(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", "lost_answer"))
    cartesia = either.at_cartesia()
    with pytest.raises(httpx.RemoteProtocolError):
        cartesia.get(BATCHES)
    assert cartesia.get(BATCHES).status_code == 200


def test_a_late_request_lands_when_its_time_has_come(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"late": 60}))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either)
    either.advance(59)
    assert listed(either) == []
    either.advance(2)
    (landed,) = listed(either)
    created = datetime.fromisoformat(landed["created_at"]).timestamp()
    assert created == pytest.approx(either.control("GET", "clock")["epoch"] - 1, abs=0.01)
    assert either.calls()[ADA] == 1


def test_a_late_request_is_checked_when_it_lands(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"late": 200}))
    with pytest.raises(httpx.RemoteProtocolError):
        create(either, scheduled_at=either.later(120))
    either.advance(7200)
    assert (listed(either), either.calls()[ADA]) == ([], 0)


def test_late_requests_land_in_the_record_of_dials_without_another_request(either: Account) -> None:
    either.faults(fault_rule("createOutboundCalls", {"late": 10}))
    with pytest.raises(httpx.RemoteProtocolError):
        either.at_cartesia().post("/agents/calls", json=calls_body())
    either.advance(11)
    assert either.calls()[ADA] == 1


@pytest.mark.parametrize("code", [302, 408, 409, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("effect", [True, False])
def test_any_status_with_and_without_effect(either: Account, code: int, effect: bool) -> None:
    either.faults(fault_rule("createCallBatch", {"status": {"code": code, "effect": effect}}))
    answer = create(either)
    assert (answer.status_code, "message" in answer.json()) == (code, True)
    assert len(listed(either)) == effect


def test_a_status_can_bring_headers_and_a_page_of_a_proxy(either: Account) -> None:
    status = {"code": 503, "effect": False, "body": "<html>busy</html>", "headers": {"Retry-After": "7"}}
    either.faults(
        fault_rule(
            "createCallBatch", {"status": status | {"headers": {"Retry-After": "7", "Content-Type": "text/html"}}}
        )
    )
    answer = create(either)
    assert (answer.text, answer.headers["retry-after"]) == ("<html>busy</html>", "7")
    assert answer.headers["content-type"] == "text/html"


def test_a_status_can_bring_another_date(either: Account) -> None:
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    either.faults(fault_rule("*", {"status": {"code": 503, "effect": False, "headers": {"Date": date}}}))
    assert either.at_cartesia().get(BATCHES).headers.get_list("date") == [date]


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_leaves_the_connection_whole(either: Account, code: int) -> None:
    either.faults(fault_rule("listCallBatches", {"status": {"code": code, "effect": True}}))
    cartesia = either.at_cartesia()
    answers = [cartesia.get(BATCHES) for _ in range(2)]
    assert [(one.status_code, bool(one.content)) for one in answers] == [(code, False), (200, True)]


def test_a_status_can_bring_a_json_body(either: Account) -> None:
    either.faults(
        fault_rule("createCall", {"status": {"code": 409, "effect": False, "body": {"error": {"message": "x"}}}})
    )
    assert either.at_callingbox().post("/v1/calls", json=box_body()).json() == {"error": {"message": "x"}}


def test_a_default_body_is_in_the_form_of_the_provider(either: Account) -> None:
    either.faults(fault_rule("createCall", {"status": {"code": 500, "effect": False}}))
    assert set(either.at_callingbox().post("/v1/calls", json=box_body()).json()) == {"error"}


def test_a_truncated_answer_breaks_off_and_leaves_its_effect(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"truncate": 20}))
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        create(either)
    assert len(listed(either)) == 1


def test_a_truncated_list_breaks_off(either: Account) -> None:
    create(either)
    either.faults(fault_rule("listCallBatches", {"truncate": 50}))
    with pytest.raises(httpx.RemoteProtocolError):
        listed(either)


def test_an_edited_answer(either: Account) -> None:
    edit = {"name": "remin", "status": "snoozed", "extra": {"new": 1}, "region": None}
    either.faults(fault_rule("createCallBatch", {"edit": edit}))
    answer = create(either).json()
    assert (answer["name"], answer["status"], answer["extra"]) == ("remin", "snoozed", {"new": 1})
    assert "region" not in answer
    assert listed(either)[0]["name"] == "reminders"


def test_edited_items_of_a_list(either: Account) -> None:
    create(either)
    either.faults(
        fault_rule("listCallBatches", {"edit_items": {"status": "snoozed"}}),
        fault_rule("getCallBatch", {"edit_items": {"status": "pondering"}}),
    )
    (batch,) = listed(either)
    assert batch["status"] == "snoozed"
    read = either.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
    assert read["recipients"][0]["status"] == "pondering"


def test_a_lagging_list_does_not_show_the_young_but_get_does(either: Account) -> None:
    either.faults(fault_rule("listCallBatches", {"lag": 30}, times=0), fault_rule("listCalls", {"lag": 30}, times=0))
    batch = create(either).json()
    assert listed(either) == []
    assert either.at_cartesia().get(f"{BATCHES}/{batch['id']}").status_code == 200
    assert either.at_cartesia().get("/agents/calls", params={"agent_id": "agent_A"}).json()["data"] == []
    either.at_callingbox().post("/v1/calls", json=box_body())
    assert either.at_callingbox().get("/v1/calls").json()["data"] == []
    either.advance(31)
    assert len(listed(either)) == 1
    assert len(either.at_callingbox().get("/v1/calls").json()["data"]) == 1


def test_a_batch_that_misses_members(either: Account) -> None:
    batch = either.at_cartesia().post(BATCHES, json=batch_body(ADA, ADA, ADA)).json()
    either.faults(fault_rule("getCallBatch", {"drop_members": 2}))
    read = either.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
    assert (len(read["recipients"]), read["total_calls_scheduled"]) == (1, 3)


def test_a_delayed_answer_runs_into_the_time_out_and_leaves_its_effect(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"delay": 0.3}))
    with pytest.raises(httpx.ReadTimeout):
        either.at_cartesia().post(BATCHES, json=batch_body(), timeout=httpx.Timeout(5, read=0.02))
    assert len(listed(either)) == 1


def test_a_delay_within_the_time_out_only_takes_time(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"delay": 0.01}))
    assert create(either).status_code == 201


def test_a_list_of_callingbox_capped_and_in_an_envelope(either: Account) -> None:
    for _ in range(3):
        either.at_callingbox().post("/v1/calls", json=box_body())
    either.faults(fault_rule("listCalls", {"cap": 2, "as_data": True}, provider="callingbox"))
    assert len(either.at_callingbox().get("/v1/calls").json()["data"]) == 2


@pytest.mark.parametrize("refusal", [400, 402])
def test_the_refusal_for_lack_of_funds_can_be_chosen(either: Account, refusal: int) -> None:
    either.limits(balance_cents=299)
    either.faults(fault_rule("createCall", {"refusal": refusal}))
    answer = either.at_callingbox().post("/v1/calls", json=box_body())
    assert (answer.status_code, answer.json()["error"][:12]) == (refusal, "Calls paused")


def test_lack_of_funds_as_a_call_that_failed(either: Account) -> None:
    either.limits(balance_cents=0)
    either.faults(fault_rule("createCall", {"refusal": 201}))
    answer = either.at_callingbox().post("/v1/calls", json=box_body())
    either.advance(5)
    shown = either.at_callingbox().get(f"/v1/calls/{answer.json()['id']}").json()
    assert (answer.status_code, shown["status"]) == (201, "failed")
    assert shown["error_message"].startswith("Calls paused")
    assert either.calls()[ADA] == 0


def test_lost_answers_are_in_the_log_without_a_status(account: Account) -> None:
    account.faults(fault_rule("createCallBatch", "lost_answer"))
    with pytest.raises(httpx.RemoteProtocolError):
        create(account)
    create(account)
    logged = account.control("GET", "requests")["requests"]
    assert [(one["method"], one["path"], one["status"]) for one in logged] == [
        ("POST", BATCHES, None),
        ("POST", BATCHES, 201),
    ]


def test_a_create_is_delivered_twice_and_answered_once(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"copy": 20}))
    assert create(either, scheduled_at=either.later(120)).status_code == 201
    assert len(listed(either)) == 1
    either.advance(21)
    first, second = listed(either)
    assert first["name"] == second["name"]
    either.advance(3600)
    assert either.calls()[ADA] == 2


def test_a_copy_that_lands_after_its_start_is_refused(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"copy": 121}))
    create(either, scheduled_at=either.later(120))
    either.advance(3600)
    assert either.calls()[ADA] == 1


@pytest.mark.parametrize("effect_after", [30, "never"])
def test_a_cancel_answers_well_and_takes_effect_later_or_never(either: Account, effect_after: Any) -> None:
    batch = create(either, scheduled_at=either.later(120)).json()
    either.faults(fault_rule("cancelCallBatch", {"effect_after": effect_after}))
    path = f"{BATCHES}/{batch['id']}"
    answer = either.at_cartesia().post(f"{path}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert either.at_cartesia().get(path).json()["status"] == "pending"
    either.advance(31)
    assert (either.at_cartesia().get(path).json()["status"] == "cancelled") == (effect_after == 30)
    either.advance(3600)
    assert either.calls()[ADA] == (effect_after == "never")


def test_a_refused_request_has_no_effect_later(either: Account) -> None:
    either.faults(fault_rule("createCallBatch", {"effect_after": 1}))
    assert create(either, agent_id="agent_missing").status_code == 404
    either.advance(60)
    assert listed(either) == []


@pytest.mark.parametrize("code", [403, 413, 429, 502, 504, 599])
@pytest.mark.parametrize("effect", [True, False])
def test_a_gateway_answers_a_page_with_a_date_of_its_own(either: Account, code: int, effect: bool) -> None:
    status = {"code": code, "effect": effect, "gateway": True}
    either.faults(fault_rule("createCallBatch", {"status": status, "date_shift": -7200}))
    answer = create(either)
    assert (answer.status_code, answer.headers["content-type"]) == (code, "text/html")
    assert str(code) in answer.text
    assert "</html>" in answer.text
    assert date_ahead(either, answer) == pytest.approx(-7200, abs=1)
    assert len(listed(either)) == effect


@pytest.mark.parametrize("shift", [3600, -3600])
def test_the_date_is_ahead_or_behind(either: Account, shift: int) -> None:
    either.faults(fault_rule("*", {"date_shift": shift}, times=0))
    assert date_ahead(either, create(either)) == pytest.approx(shift, abs=1)


def date_ahead(account: Account, answer: httpx.Response) -> float:
    date = parsedate_to_datetime(answer.headers["date"]).timestamp()
    return date - float(account.control("GET", "clock")["epoch"])
