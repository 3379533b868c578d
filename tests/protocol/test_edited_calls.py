"""A Call placed as a batch of one follows its manifest while it waits, and is called once in its life all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.embedded_project import EmbeddedProject

ADA, BOB = "+12125550101", "+12125550102"
PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: edited}
spec:
  defaults: {provider: cartesia}
  providers: {cartesia: {type: cartesia, defaults: {agent_id: agent_A, from_number_id: ap_A}}}
---
"""
GUARD, OVER = 150, 3600.0


@pytest.fixture
def ground(ground: EmbeddedProject) -> EmbeddedProject:
    """Ada's call waits for its guard."""
    ground.write(call(ADA))
    assert ground.apply().exit == 0
    return ground


def call(number: str, via: str = "batch", more: str = "") -> str:
    head = f"{PROJECT}apiVersion: dialctl/v1\nkind: Call\nmetadata: {{name: ada}}\n"
    return f'{head}spec:\n  to_number: "{number}"\n  via: {via}\n{more}'


def planned(ground: EmbeddedProject) -> list[dict[str, Any]]:
    return list(ground.run("plan", "--json").json["actions"])


def rest(ground: EmbeddedProject) -> dict[str, int]:
    """Who was called once all is over; and then there is nothing left to do."""
    ground.advance(OVER)
    assert ground.apply().exit == 0
    ground.advance(OVER)
    assert [one["verb"] for one in planned(ground)] == ["keep"]
    return dict(ground.calls())


def test_a_corrected_number_takes_the_place_of_the_one_that_waits(ground: EmbeddedProject) -> None:
    ground.write(call(BOB))
    (action,) = planned(ground)
    assert (action["verb"], action["people"]) == ("replace", 1)
    assert [(one["path"], one["before"][-4:], one["after"][-4:]) for one in action["changes"]] == [
        ("spec.to_number", ADA[-4:], BOB[-4:])
    ]
    shown = ground.run("plan").text
    assert "still waits: it is taken off and submitted anew" in shown
    assert ADA not in shown
    assert ground.apply().exit == 0
    assert rest(ground) == {BOB: 1}


@pytest.mark.parametrize("more", ["  metadata: {plan: gold}\n", "  agent_id: agent_B\n"], ids=["data", "settings"])
def test_a_call_that_waits_goes_on_with_what_its_manifest_says(more: str, ground: EmbeddedProject) -> None:
    ground.write(call(ADA, more=more))
    assert [one["verb"] for one in planned(ground)] == ["replace"]
    assert ground.apply().exit == 0
    assert rest(ground) == {ADA: 1}


def test_a_number_that_is_edited_and_put_back_is_called_once(ground: EmbeddedProject) -> None:
    for number in (BOB, ADA):
        ground.write(call(number))
        assert ground.apply().exit == 0
    assert rest(ground) == {ADA: 1}


def test_once_dialed_a_call_stays_as_it_is(ground: EmbeddedProject) -> None:
    ground.advance(GUARD)
    ground.write(call(BOB))
    assert [(one["verb"], one["reason"]) for one in planned(ground)] == [("keep", "called_once")]
    assert ground.apply().exit == 0
    assert rest(ground) == {ADA: 1}


def test_whoever_is_dialed_before_the_cancel_is_answered_is_the_one_person(ground: EmbeddedProject) -> None:
    ground.advance(GUARD - 60)
    ground.write(call(BOB))
    assert [one["verb"] for one in planned(ground)] == ["replace"]
    busy = {"code": 429, "effect": False, "headers": {"Retry-After": "100"}}
    ground.faults({"match": {"operation": "cancelCallBatch"}, "do": {"status": busy}})
    ground.apply()
    ground.faults()
    assert rest(ground) == {ADA: 1}


def test_a_call_taken_off_by_a_run_that_ended_there_is_submitted_by_the_next(ground: EmbeddedProject) -> None:
    ground.write(call(BOB))
    ground.faults({"match": {"operation": "createCallBatch"}, "do": {"status": {"code": 403, "effect": False}}})
    assert ground.apply().exit == 1
    ground.faults()
    assert [one["verb"] for one in planned(ground)] == ["create"]
    assert ground.apply().exit == 0
    assert rest(ground) == {BOB: 1}


def test_a_lost_answer_to_the_new_request_calls_nobody_twice(ground: EmbeddedProject) -> None:
    ground.write(call(BOB))
    ground.faults({"match": {"operation": "createCallBatch"}, "do": "lost_answer"})
    ground.apply()
    ground.faults()
    assert rest(ground) == {BOB: 1}


def test_a_number_kept_out_by_a_policy_takes_off_the_one_that_waits(ground: EmbeddedProject) -> None:
    (ground.directory / "dnc.csv").write_text(f"to_number\n{BOB}\n", encoding="utf-8")
    ground.write(call(BOB, more="  policy: {suppress_from: [{file: dnc.csv}]}\n"))
    assert [one["verb"] for one in planned(ground)] == ["cancel"]
    assert ground.apply().exit == 0
    assert rest(ground) == {}


def test_a_call_that_waits_in_a_batch_is_not_placed_directly_instead(ground: EmbeddedProject) -> None:
    ground.write(call(BOB, via="direct"))
    (action,) = planned(ground)
    assert (action["verb"], action["reason"]) == ("block", "provider_changed")
    assert action["detail"] == "it was sent via: batch, and the manifest says via: direct"
    assert "put via: batch back" in action["way_out"]
