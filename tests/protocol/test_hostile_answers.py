"""Garbage in any part of the provider's answers: nobody is called twice, nothing hangs, and no command falls over."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.command import CommandResult
from tests.hostile_json import GARBAGE, encode, mutated
from tests.protocol.embedded_project import EmbeddedProject

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: hostile}
spec:
  defaults: {provider: cartesia}
  providers: {cartesia: {type: cartesia, defaults: {agent_id: agent_A, from_number_id: ap_A}}}
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march}
spec:
  retry: {max_retries: 1, on: [dial_no_answer]}
  recipients: [{to_number: "+12125550101"}, {to_number: "+12125550102"}, {to_number: "+12125550191"}]
"""
MOST_CALLS = {"+12125550101": 1, "+12125550102": 1, "+12125550191": 2}
SECONDS = 10.0
BATCHES = "/agents/calls/batches"
BATCH: dict[str, Any] = {
    "id": "acb_1",
    "name": "march",
    "agent_id": "agent_A",
    "from_number_id": "ap_A",
    "status": "pending",
    "total_calls_scheduled": 3,
    "total_calls_dispatched": 0,
    "total_calls_finished": 0,
    "retry_count": 0,
    "created_at": "2026-06-14T12:00:00Z",
}
garbage = st.sampled_from(GARBAGE)


def answer_rule(operation: str, code: int, answer: object, *, effect: bool, times: int) -> dict[str, Any]:
    body = encode(answer).decode()
    do = {"status": {"code": code, "effect": effect, "body": body}}
    return {"match": {"operation": operation, "times": times}, "do": do}


def run(ground: EmbeddedProject, *arguments: str) -> CommandResult:
    started = time.monotonic()
    done = ground.run(*arguments)
    assert time.monotonic() - started < SECONDS
    assert done.exit in (0, 1, 2, 3), done.err
    assert "Traceback" not in done.out + done.err
    return done


@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data(), created=st.booleans())
def test_nobody_is_called_twice_whatever_is_answered(data: st.DataObject, created: bool) -> None:
    with TemporaryDirectory() as directory:
        ground = EmbeddedProject(Path(directory))
        try:
            call_under_garbage(ground, data, created=created)
        finally:
            ground.close()


def call_under_garbage(ground: EmbeddedProject, data: st.DataObject, *, created: bool) -> None:
    ground.write(PROJECT)
    if created:  # the answer to the creation itself is garbage; it took effect
        answer = data.draw(mutated(BATCH, garbage))
        ground.faults(answer_rule("createCallBatch", 201, answer, effect=True, times=1))
    run(ground, "apply", "-y")
    for _ in range(2):
        ground.advance(data.draw(st.sampled_from([60, 400])))
        ground.faults(*read_rules(ground, data))
        run(ground, "status")
        run(ground, "apply", "-y")
    ground.faults()
    for _ in range(3):
        ground.advance(3600)
        run(ground, "apply", "-y")
    ground.advance(3600)
    calls = ground.calls()
    assert all(calls[number] <= most for number, most in MOST_CALLS.items()), calls


def read_rules(ground: EmbeddedProject, data: st.DataObject) -> list[dict[str, Any]]:
    """Truthful lists and batches of this moment, with garbage within their entries."""
    ground.faults()
    page = ground.cartesia("GET", f"{BATCHES}?limit=100")
    entries = [data.draw(mutated(entry, garbage)) for entry in page["data"]]
    listed = answer_rule(
        "listCallBatches", 200, {**page, "data": entries}, effect=False, times=data.draw(st.integers(1, 3))
    )
    rules = [listed]
    for entry in page["data"][:1]:
        whole = data.draw(mutated(ground.cartesia("GET", f"{BATCHES}/{entry['id']}"), garbage))
        rules.append(answer_rule("getCallBatch", 200, whole, effect=False, times=data.draw(st.integers(1, 3))))
    return rules
