"""Single calls are placed at their pace; batches are not paced here."""

from __future__ import annotations

from declarative.engine.pacing import POLL_SECONDS, Pacer
from declarative.model.policy import Pace
from declarative.model.resource import Route
from tests.engine.sandbox_run import ADA, BOB, CLEO, SandboxRun, batch_resource, call_resource, fault


def test_a_batch_is_not_paced(run: SandboxRun) -> None:
    pacer = Pacer(run.context, batch_resource(ADA))
    for remote_id in ("acb_1", "acb_2", "acb_3"):
        pacer.wait()
        pacer.track(remote_id)
    assert run.pauses == []


def test_calls_are_a_fraction_of_a_second_apart_after_the_first(run: SandboxRun) -> None:
    pacer = Pacer(run.context, call_resource(ADA, pace=Pace(calls_per_second=4)))
    for _ in range(3):
        pacer.wait()
    assert run.pauses == [0.25, 0.25]


def test_a_call_waits_until_another_has_ended(run: SandboxRun) -> None:
    resource = call_resource(ADA, pace=Pace(max_in_flight=2))
    pacer = Pacer(run.context, resource)
    for number in (ADA, BOB):
        pacer.wait()
        pacer.track(run.submit(call_resource(number)).remote_id)
    run.pauses.clear()
    pacer.wait()
    assert POLL_SECONDS in run.pauses
    pacer.track(run.submit(call_resource(CLEO)).remote_id)


def test_a_call_without_an_id_is_not_counted(run: SandboxRun) -> None:
    pacer = Pacer(run.context, call_resource(ADA, pace=Pace(max_in_flight=1)))
    pacer.track("")
    pacer.wait()
    assert run.pauses == []


def test_a_call_that_cannot_be_read_counts_until_the_longest_call_has_passed(run: SandboxRun) -> None:
    pacer = Pacer(run.context, call_resource(ADA, pace=Pace(max_in_flight=1)))
    run.faults(fault("getCall", {"status": {"code": 400, "effect": False}}, times=0))
    pacer.track("ac_1")
    pacer.wait()
    longest = run.context.capabilities("cartesia", Route.CALL).longest_call.total_seconds()
    assert longest <= sum(run.pauses) <= longest + 60
