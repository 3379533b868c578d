"""ElevenLabs' batch calling, whose cancel marks everybody, and the look-ups."""

from __future__ import annotations

from typing import Any

import httpx

from ..account import Account
from ..request_bodies import ADA, BUSY, CALLED_BATCHES, MACHINE, NO_ANSWER, called_batch_body, fault_rule


def submit(eleven: httpx.Client, *numbers: str, **changes: Any) -> dict[str, Any]:
    response = eleven.post(f"{CALLED_BATCHES}/submit", json=called_batch_body(*numbers, **changes))
    assert response.status_code == 200, response.text
    batch: dict[str, Any] = response.json()
    return batch


def people(eleven: httpx.Client, batch: dict[str, Any]) -> list[tuple[str, bool]]:
    recipients = eleven.get(f"{CALLED_BATCHES}/{batch['id']}").json()["recipients"]
    return [(person["status"], person["conversation_id"] is not None) for person in recipients]


def test_the_same_request_again_is_another_batch(eleven: httpx.Client, account: Account) -> None:
    assert submit(eleven)["id"] != submit(eleven)["id"]
    assert account.calls()[ADA] == 2


def test_a_cancel_marks_everybody_those_who_talked_too(eleven: httpx.Client, account: Account) -> None:
    batch = submit(eleven, MACHINE, BUSY, target_concurrency_limit=1)
    account.advance(1)
    assert people(eleven, batch) == [("initiated", True), ("pending", False)]
    cancelled = eleven.post(f"{CALLED_BATCHES}/{batch['id']}/cancel").json()
    assert (cancelled["status"], cancelled["total_calls_dispatched"]) == ("cancelled", 1)
    assert people(eleven, batch) == [("cancelled", True), ("cancelled", False)]
    account.advance(600)
    assert account.calls() == {MACHINE: 1}


def test_a_cancel_marks_a_batch_that_was_dispatched_in_full(eleven: httpx.Client) -> None:
    batch = submit(eleven, MACHINE)
    eleven.post(f"{CALLED_BATCHES}/{batch['id']}/cancel")
    assert people(eleven, batch) == [("cancelled", True)]


def test_a_cancel_may_spare_those_who_were_dialed(eleven: httpx.Client, account: Account) -> None:
    batch = submit(eleven, MACHINE, BUSY, target_concurrency_limit=1)
    account.faults(fault_rule("cancelBatch", {"spare_dialed": True}))
    eleven.post(f"{CALLED_BATCHES}/{batch['id']}/cancel")
    assert people(eleven, batch) == [("initiated", True), ("cancelled", False)]


def test_a_cancel_before_the_start_calls_nobody(eleven: httpx.Client, account: Account) -> None:
    batch = submit(eleven, scheduled_time_unix=int(account.now().timestamp()) + 120)
    eleven.post(f"{CALLED_BATCHES}/{batch['id']}/cancel")
    account.advance(600)
    assert (people(eleven, batch), account.calls()) == ([("cancelled", False)], {})
    assert eleven.post(f"{CALLED_BATCHES}/{batch['id']}/retry").status_code == 422


def test_a_retry_calls_those_again_who_were_not_reached(eleven: httpx.Client, account: Account) -> None:
    batch = submit(eleven, NO_ANSWER, MACHINE)
    account.advance(600)
    assert eleven.post(f"{CALLED_BATCHES}/{batch['id']}/retry").json()["retry_count"] == 1
    account.advance(600)
    assert account.calls() == {NO_ANSWER: 2, MACHINE: 1}


def test_the_list_says_nothing_of_age_and_comes_in_pages(eleven: httpx.Client, account: Account) -> None:
    ids = [submit(eleven)["id"] for _ in range(9)]
    first = eleven.get(f"{CALLED_BATCHES}/workspace", params={"limit": 5}).json()
    rest = eleven.get(f"{CALLED_BATCHES}/workspace", params={"limit": 5, "last_doc": first["next_doc"]}).json()
    shown = [batch["id"] for page in (first, rest) for batch in page["batch_calls"]]
    assert (sorted(shown), first["has_more"], rest["has_more"]) == (sorted(ids), True, False)
    assert shown not in (ids, ids[::-1])
    account.faults(fault_rule("listBatches", {"cut_names": 3}))
    assert {batch["name"] for batch in eleven.get(f"{CALLED_BATCHES}/workspace").json()["batch_calls"]} == {"rem"}


def test_agents_and_numbers_exist_unless_their_id_says_missing(eleven: httpx.Client) -> None:
    assert eleven.get("/v1/convai/agents/agent_A").json()["agent_id"] == "agent_A"
    assert eleven.get("/v1/convai/agents/agent_missing").json()["detail"]["status"] == "not_found"
    number = eleven.get("/v1/convai/phone-numbers/phnum_A").json()
    assert number["phone_number"].startswith("+1202555")
    assert eleven.get("/v1/convai/phone-numbers/phnum_missing").status_code == 404
