"""Every way in which a request that dials can go wrong, against every such request: what is concluded, what the user
reads, and how often each phone was called once everything has settled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.protocol.embedded_project import EmbeddedProject, resolve_like_a_person
from tests.protocol.faults_answers import FAULTS, Fault
from tests.protocol.faults_reads import ROWS, TOMORROW, Row, rule
from tests.protocol.faults_requests import HOUR, REACHED, REQUESTS, SILENT, Request, Truth, batch

EVERYWHERE = bool(os.environ.get("DIALCTL_FAULTS_EVERYWHERE"))
"""Each fault against each request. Without it: each request meets each truth, and each fault some of the requests;
tests/providers/http/test_outcomes.py shows for every request and answer what is concluded from it."""
SAMPLE = 3


def _cases() -> Iterator[Any]:
    for turn, request in enumerate(REQUESTS):
        for truth in Truth:
            faults = [fault for fault in FAULTS if fault.truth is truth]
            step = 1 if EVERYWHERE or len(faults) < SAMPLE else SAMPLE
            for fault in faults[turn % step :: step]:
                yield pytest.param(request, fault, id=f"{request.name}-{fault.name}")


@pytest.mark.parametrize(("request_", "fault"), [*_cases()])
def test_a_request_that_goes_wrong_calls_nobody_twice_and_leaves_nobody_out(
    ground: EmbeddedProject, request_: Request, fault: Fault
) -> None:
    verdict = request_.verdicts[fault.truth]
    _stand_before(ground, request_)
    ground.faults({"match": {"operation": request_.operation}, "do": fault.do})

    ran = ground.apply()

    assert (ran.exit, verdict.says in ran.text) == (verdict.exit, True), ran.text
    ground.faults()
    ground.advance(900)
    assert ground.apply().exit == verdict.next
    assert [one.exit for one in resolve_like_a_person(ground)] == [0] * verdict.human
    assert_at_rest(ground, request_.called)


def _stand_before(ground: EmbeddedProject, request: Request) -> None:
    """Up to the moment when the next apply sends the request."""
    ground.write(request.manifest)
    if request.prepared:
        assert ground.apply().exit == 0
        ground.advance(HOUR)


def assert_at_rest(ground: EmbeddedProject, called: object) -> None:
    """After everything settled: called as often as it should be, and nothing left to do."""
    for _ in range(2):
        ran = ground.apply()
        assert ran.exit == 0, ran.text
        ground.advance(HOUR)
    assert ground.calls() == called
    plan = ground.run("plan", "--detailed-exitcode")
    assert plan.exit == 0, plan.text
    assert ground.lock_files()[1:] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_reads_that_cannot_be_trusted_never_lead_to_a_second_call(ground: EmbeddedProject, row: Row) -> None:
    _write_for_tomorrow(ground, row.manifest)
    if row.prepared:
        assert ground.apply().exit == 0
        ground.advance(HOUR)
    ground.limits(**(row.limits or {}))
    ground.faults(*row.rules)

    ran = ground.apply()

    assert (ran.exit, row.says in ran.text) == (row.exit, True), ran.text
    assert [_a_while_later(ground) for _ in row.on] == list(row.on)
    ground.faults()
    ground.limits(**dict.fromkeys(row.limits or {}, 10_000))
    assert [_a_while_later(ground) for _ in row.off] == list(row.off)
    ground.advance(2 * 86_400)
    assert_at_rest(
        ground, {number: times for number, times in zip((REACHED, SILENT), row.called, strict=True) if times}
    )


def test_a_request_for_tomorrow_that_lands_after_an_hour_is_cancelled_by_the_run_that_the_report_asks_for(
    ground: EmbeddedProject,
) -> None:
    """Until its own time the provider would take it: only a run after it landed can see it. CONTRIBUTING.md says so."""
    _write_for_tomorrow(ground, TOMORROW)
    ground.faults(rule("createCallBatch", {"late": 4_000}))
    assert "once more before" in ground.apply().text
    assert "once more before" in ground.run("plan").text
    assert "once more before" in ground.run("status").text
    ground.advance(900)
    ground.apply()

    ground.advance(2 * 86_400)

    assert max(ground.calls().values()) == 1


def test_a_create_that_takes_only_some_leaves_the_others_to_a_human(ground: EmbeddedProject) -> None:
    ground.write(batch(REACHED, SILENT))
    ground.faults(rule("createCallBatch", {"leave_out": 1}))
    ran = ground.apply()
    assert (ran.exit, "took 1 of 2 people" in ran.text, "1 person submitted" in ran.text) == (3, True, True)
    assert ground.run("plan").exit == ground.run("status").exit == _a_while_later(ground) == 3
    assert ground.calls() == {REACHED: 1}
    assert [settled.exit for settled in resolve_like_a_person(ground)] == [0]
    assert_at_rest(ground, {REACHED: 1, SILENT: 1})


@pytest.mark.parametrize("effect_after", ["never", 7_200])
def test_a_cancel_that_is_answered_and_does_not_hold_is_said_everywhere(
    ground: EmbeddedProject, effect_after: object
) -> None:
    _write_for_tomorrow(ground, batch(REACHED, SILENT, fields='scheduled_at: "{tomorrow}", '))
    assert ground.apply().exit == 0
    ground.faults(rule("cancelCallBatch", {"effect_after": effect_after}, times=0))
    _write_for_tomorrow(ground, batch(REACHED, fields='scheduled_at: "{tomorrow}", '))
    for command in (ground.apply(), ground.run("plan"), ground.run("status")):
        assert (command.exit, "everybody is where they should be" in command.text) == (3, False), command.text
    assert "was cancelled" in ground.run("plan").text or "still" in ground.run("plan").text
    ground.faults()
    ground.advance(7_300)
    ground.apply()
    ground.advance(3 * 86_400)
    ground.apply()
    ground.advance(3 * 86_400)
    assert ground.calls() == {REACHED: 1}


def test_a_call_whose_answer_was_lost_is_found_on_a_later_page_of_callingbox(ground: EmbeddedProject) -> None:
    """The run died before it could look, and somebody else placed more calls than one page holds."""
    ground.write(batch(REACHED, fields="provider: box, "))
    unreadable = {"status": {"code": 500, "effect": False}}
    ground.faults(rule("createCall", "lost_answer"), rule("listCalls", unreadable, after=1, times=0))
    assert ground.apply().exit == 3
    ground.faults()
    body = {"agent_id": "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f", "to": SILENT}
    with ground.reached() as client:
        for _ in range(101):
            placed = client.post("/v1/calls", json=body, headers={"Authorization": f"Bearer {ground.key}"})
            assert placed.status_code == 201
    assert _a_while_later(ground) == 0
    assert ground.calls()[REACHED] == 1


def _write_for_tomorrow(ground: EmbeddedProject, manifest: str) -> None:
    tomorrow = ground.sandbox.now() + timedelta(days=1)
    ground.write(manifest.replace("{tomorrow}", tomorrow.isoformat(timespec="seconds")))


def _a_while_later(ground: EmbeddedProject) -> int:
    ground.advance(900)
    return ground.apply().exit
