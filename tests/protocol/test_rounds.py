"""What a long apply must not do while it waits, goes on or ends early: call people that the shown plan did not name,
miss a guard, or lose its report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.protocol.embedded_project import EmbeddedProject

ADA, BOB, CLEO = "+12125550101", "+12125550102", "+12125550103"
SILENT = "+12125550191"
PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: rounds}
spec:
  defaults: {provider: cartesia}
  providers: {cartesia: {type: cartesia, defaults: {agent_id: agent_A, from_number_id: ap_A}}}
---
"""
BOX = "  provider: callingbox\n  agent_id: 00000000-0000-4000-8000-000000000001\n"
ALWAYS = 0
LATER = {"status": {"code": 503, "effect": False}}


def batch(name: str, *numbers: str, spec: str = "") -> str:
    people = "".join(f'    - to_number: "{number}"\n' for number in numbers)
    head = f"apiVersion: dialctl/v1\nkind: Batch\nmetadata: {{name: {name}}}\n"
    return f"{head}spec:\n{spec}  recipients:\n{people}---\n"


def fault(operation: str, do: object, **match: int) -> dict[str, Any]:
    return {"match": {"operation": operation, **match}, "do": do}


def box(count: int) -> str:
    """A Batch of single calls, a second apart."""
    return batch("calls", *(f"+12125550{place:03}" for place in range(100, 100 + count)), spec=BOX)


def asked(ground: EmbeddedProject, operation: str) -> list[datetime]:
    found = ground.requests()
    return [datetime.fromisoformat(one["at"]) for one in found if one["operation"] == operation]


def operations(ground: EmbeddedProject) -> list[str]:
    return [one["operation"] for one in ground.requests()]


# -- no one beyond the plan that was shown ------------------------------------------------------------------------


def test_a_retry_that_falls_due_while_a_lost_answer_is_settled_waits_for_a_plan_of_its_own(
    ground: EmbeddedProject,
) -> None:
    retry = "  retry: {max_retries: 1, on: [dial_no_answer], after: 10m}\n"
    ground.write(PROJECT + batch("a", SILENT, spec=retry))
    assert ground.apply().exit == 0
    ground.advance(600)
    ground.write(PROJECT + batch("a", SILENT, spec=retry) + batch("b", ADA))
    ground.faults(fault("createCallBatch", "lost_request"))
    assert "wait" in ground.run("plan").text
    ground.apply()
    ground.advance(600)
    assert ground.calls() == {SILENT: 1, ADA: 1}
    assert "retry" in ground.run("plan").text
    assert ground.apply().exit == 0
    ground.advance(600)
    assert ground.calls() == {SILENT: 2, ADA: 1}


def test_who_was_called_in_a_run_is_not_retried_by_it(ground: EmbeddedProject) -> None:
    retry = "  retry: {max_retries: 2, on: [dial_no_answer]}\n"
    ground.write(PROJECT + batch("a", SILENT, spec=retry) + batch("b", ADA))
    ground.faults(fault("createCallBatch", "lost_request", after=1))
    ground.apply()
    ground.advance(600)
    assert ground.calls() == {SILENT: 1, ADA: 1}


def test_who_turns_up_after_a_lost_answer_is_not_retried_by_the_same_run(ground: EmbeddedProject) -> None:
    retry = "  retry: {max_retries: 2, on: [dial_no_answer]}\n"
    ground.write(PROJECT + batch("a", SILENT, spec=retry) + batch("b", ADA))
    ground.faults(fault("createCallBatch", "lost_answer", times=1), fault("createCallBatch", "lost_request", after=1))
    ground.apply()
    ground.advance(600)
    assert ground.calls() == {SILENT: 1, ADA: 1}


def test_max_dials_reached_in_the_middle_leaves_a_report(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    ground.faults(fault("createCallBatch", "lost_request"))
    ran = ground.apply("--max-dials", "1")
    assert "1 person submitted" in ran.text, "a request that never arrived does not count"
    ground.advance(600)
    assert ground.calls() == {ADA: 1}


# -- every batch is looked after before its guard ends ------------------------------------------------------------


def test_batches_come_before_single_calls_and_are_looked_after_before_those_are_paced(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + box(30) + batch("march", ADA))
    assert ground.apply().exit == 0
    told = operations(ground)
    created, called = told.index("createCallBatch"), told.index("createCall")
    assert "listCallBatches" in told[created:called]
    assert "createCallBatch" not in told[called:]


def test_what_was_created_is_looked_after_before_a_provider_is_waited_for(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("a", ADA) + batch("b", BOB))
    busy = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": "300"}}}
    ground.faults(fault("createCallBatch", busy, after=1, times=1))
    assert ground.apply().exit == 0
    told = operations(ground)
    first, second, _ = (place for place, one in enumerate(told) if one == "createCallBatch")
    assert told[first:].index("listCallBatches") > second - first, "only the wait makes it look"
    assert "listCallBatches" in told[second : told.index("createCallBatch", second + 1)]


def test_a_provider_that_asks_for_a_quarter_of_an_hour_is_not_waited_for(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("a", ADA))
    busy = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": "900"}}}
    ground.faults(fault("createCallBatch", busy, times=1))
    ran = ground.apply()
    assert (ran.exit, "the provider asks to wait 900 s" in ran.text) == (1, True), ran.text
    assert ground.apply().exit == 0
    ground.advance(600)
    assert ground.calls() == {ADA: 1}


def test_nothing_is_sent_over_a_doubt_while_the_list_cannot_be_read(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    ground.faults(fault("createCallBatch", "lost_request"), fault("listCallBatches", LATER, times=ALWAYS, after=1))
    for _ in range(2):
        ran = ground.apply()
        assert ran.exit == 3, ran.text
        ground.advance(7_200)
    assert operations(ground).count("createCallBatch") == 1
    assert not ground.calls()


def test_a_request_that_the_list_shows_only_after_the_list_probe_is_adopted(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    lists = _lists_until_the_probe(ground)
    ground.faults(fault("createCallBatch", "lost_answer"), fault("listCallBatches", {"lag": 36_000}, times=lists))
    ran = ground.apply()
    assert "never arrived" not in ran.text
    assert ground.record("batch/b").get("revoked", []) == []
    ground.advance(600)
    assert ground.apply().exit == 0
    ground.advance(600)
    assert ground.calls() == {ADA: 1}


def _lists_until_the_probe(ground: EmbeddedProject) -> int:
    """How often the list is read before a list probe is made."""
    with ground.tried() as again:
        again.faults(fault("createCallBatch", "lost_answer"), fault("listCallBatches", {"lag": 36_000}, times=ALWAYS))
        again.apply()
        told = operations(again)
    second = [place for place, one in enumerate(told) if one == "createCallBatch"][1]
    return told[:second].count("listCallBatches")


# -- what proves that a request never arrived ---------------------------------------------------------------------


def test_something_younger_than_the_send_and_older_than_a_late_landing_proves_nothing(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA) + batch("c", BOB))
    ground.faults(fault("createCallBatch", {"late": 60}, times=1), fault("listCallBatches", {"lag": 255}, times=ALWAYS))
    ground.apply()
    ground.advance(900)
    ground.faults()
    ground.apply()
    ground.advance(900)
    assert ground.calls() == {ADA: 1, BOB: 1}


def test_a_provider_that_gives_zero_times_calls_everybody_once(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    zero = {"edit": {"created_at": "0001-01-01T00:00:00Z"}}
    ground.faults(fault("createCallBatch", "lost_answer"), fault("createCallBatch", zero, times=ALWAYS))
    assert ground.apply().exit == 0
    ground.write(PROJECT + batch("b", ADA) + batch("c", BOB))
    for _ in range(2):
        ran = ground.apply()
        assert ran.exit == 0, ran.text
        ground.advance(900)
    assert ground.calls() == {ADA: 1, BOB: 1}


# -- calling hours end while a run goes on ------------------------------------------------------------------------


def test_a_batch_whose_window_closed_meanwhile_is_left_for_the_next_run(ground: EmbeddedProject) -> None:
    now = ground.now()
    window = f'{{from: "{now - timedelta(hours=1):%H:%M}", to: "{now + timedelta(minutes=4):%H:%M}", zone: UTC}}'
    hours = f"  policy: {{calling_hours: {window}}}\n"
    ground.write(PROJECT + batch("a", ADA) + batch("b", BOB, spec=hours))
    busy = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": "300"}}}
    ground.faults(fault("createCallBatch", busy, times=1))
    ran = ground.apply()
    assert "1 person left for the next run" in ran.text
    ground.advance(900)
    assert ground.calls() == {ADA: 1}


def test_people_whose_hours_or_expiry_end_while_a_doubt_is_settled_are_not_called(ground: EmbeddedProject) -> None:
    end = ground.now() + timedelta(minutes=6)  # without a guard the fence is an hour away
    window = f'{{from: "{end - timedelta(hours=1):%H:%M}", to: "{end:%H:%M}", zone: UTC}}'
    hours, expiry = f"  policy: {{calling_hours: {window}}}\n", f'  expires_at: "{end:%Y-%m-%dT%H:%M:%SZ}"\n'
    project = PROJECT.replace("spec:\n", "spec:\n  guard: 0s\n")
    ground.write(project + batch("a", ADA, spec=hours) + batch("b", BOB, spec=expiry))
    ground.faults(fault("createCallBatch", "lost_request", times=2))
    ran = ground.apply()
    assert operations(ground).count("createCallBatch") == 3, ran.text  # two that were lost, and one list probe
    ground.advance(900)
    assert not ground.calls()


def test_nobody_is_submitted_who_could_call_only_after_the_expiry(ground: EmbeddedProject) -> None:
    soon = f"{ground.now() + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    ground.write(PROJECT + batch("b", ADA, spec=f'  expires_at: "{soon}"\n'))
    assert "1 person is not called" in ground.run("plan").text
    assert ground.apply().exit == 0
    ground.advance(900)
    assert not ground.calls()


def test_a_request_kept_waiting_beyond_its_window_is_not_sent(ground: EmbeddedProject) -> None:
    now = ground.now()
    window = f'{{from: "{now - timedelta(hours=1):%H:%M}", to: "{now + timedelta(minutes=4):%H:%M}", zone: UTC}}'
    ground.write(PROJECT + batch("b", BOB, spec=f"  policy: {{calling_hours: {window}}}\n"))
    busy = {"status": {"code": 429, "effect": False, "headers": {"Retry-After": "300"}}}
    ground.faults(fault("createCallBatch", busy, times=1))
    ran = ground.apply()
    assert (ran.exit, "ended while waiting" in ran.text) == (1, True), ran.text
    ground.advance(900)
    assert not ground.calls()


# -- pacing -------------------------------------------------------------------------------------------------------


def test_calls_that_nobody_can_ask_after_hold_no_place(ground: EmbeddedProject) -> None:
    project = PROJECT.replace("{type: cartesia,", '{type: cartesia, api_version: "2025-04-16",')
    numbers = [f"+12125550{place}" for place in range(100, 108)]
    ground.write(project.replace(", from_number_id: ap_A", "") + batch("b", *numbers))
    ground.faults(fault("legacyOutboundCall", {"edit": {"call_id": None}}, times=ALWAYS))
    ground.apply()
    calls = asked(ground, "legacyOutboundCall")
    assert len(calls) == len(numbers)
    assert max(calls) - min(calls) < timedelta(minutes=1)


# -- what it costs -------------------------------------------------------------------------------------------------


def test_an_apply_of_one_batch_reads_the_list_twice_and_once_more_where_it_waits(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    assert ground.apply().exit == 0
    told = [one for one in operations(ground) if one.endswith("CallBatch") or one == "listCallBatches"]
    assert told == ["listCallBatches", "createCallBatch", "listCallBatches"]
    # Before the proofs of absence and the look-up of names it was four. Two more is what all of it may cost.
    assert len(operations(ground)) <= 6
    before = len(operations(ground))
    ground.write(PROJECT + batch("b", ADA) + batch("c", BOB))
    assert ground.apply("--wait").exit == 0
    told = operations(ground)[before:]
    created = told.index("createCallBatch")
    assert told[created + 1 : created + 3] == ["listCallBatches"] * 2


def test_an_unchanged_plan_reads_the_list_once_and_nothing_waits(ground: EmbeddedProject) -> None:
    ground.write(PROJECT + batch("b", ADA))
    ground.apply()
    ground.advance(600)
    ground.apply()
    before, moment = len(operations(ground)), ground.now()
    assert "Nothing to do" in ground.run("plan").text
    assert operations(ground)[before:] == ["listCallBatches"]
    assert ground.now() == moment
