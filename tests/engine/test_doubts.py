"""A lost batch is waited for, and something younger is made where nothing else is: the list probe."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import timedelta

import pytest

from declarative.engine.doubts import DoubtResolver
from declarative.engine.results import RequestStatus
from declarative.errors import Interrupted
from declarative.model.mark import parse
from declarative.model.resource import Resource
from tests.engine.sandbox_run import ADA, BOB, CARTESIA, MARCH, SandboxRun, an_intent, batch_resource, fault
from tests.engine.test_signals import keep_handlers

__all__ = ["keep_handlers"]

APRIL = "batch/april"
GATEWAY = {"status": {"code": 413, "effect": False, "gateway": True}}
REFUSED = {"status": {"code": 400, "effect": False}}


def resolver(run: SandboxRun, *resources: Resource) -> DoubtResolver:
    wanted = {resource.address: resource for resource in resources or (batch_resource(ADA),)}
    return DoubtResolver(run.context, run.settler, wanted)


def lose(
    run: SandboxRun, *resources: Resource, effect: object = "lost_request", after: list[object] | None = None
) -> None:
    rules = [fault("createCallBatch", effect, times=len(resources) or 1)]
    rules += [fault("createCallBatch", do, after=(len(resources) or 1) + n) for n, do in enumerate(after or [])]
    run.faults(*rules)
    for resource in resources or (batch_resource(ADA),):
        assert run.submit(resource).status is RequestStatus.UNSURE


def probes(run: SandboxRun) -> list[dict[str, object]]:
    return [batch for batch in run.batches() if (found := parse(batch["name"])) and found.is_probe]


def test_one_probe_disproves_all_doubts_at_a_list_and_calls_no_one(run: SandboxRun) -> None:
    first, second = batch_resource(ADA), batch_resource(BOB, address=APRIL)
    lose(run, first, second)
    messages = [finding.message for finding in resolver(run, first, second).resolve([MARCH, APRIL])]
    [probe] = probes(run)
    assert messages[0].startswith("a list probe at cartesia, a batch of our own number +1")
    assert messages[1:] == ["a request of 1 person never arrived; they are decided anew"] * 2
    assert probe["status"] == "cancelled"
    assert [len(run.ledger.resource_record(address).revoked) for address in (MARCH, APRIL)] == [1, 1]
    assert sum(run.pauses) >= 180, "the list had the settle time to show the batch"
    run.advance(7_200)
    assert not run.calls()


def test_no_probe_is_made_where_the_batch_shows_up_or_something_younger_does(run: SandboxRun) -> None:
    lose(run, effect={"late": 60})
    [finding] = resolver(run).resolve([MARCH])
    assert "found again by its mark" in finding.message
    assert probes(run) == []


@pytest.mark.parametrize("date", ["Wed, 02 Dec 2099 12:00:00 GMT", "Tue, 01 Dec 2026 23:00:00 GMT"])
def test_the_time_of_a_gateway_makes_no_doubt_ripe(run: SandboxRun, date: str) -> None:
    """A 504 page with a wrong `Date` would end the settle time at once."""
    page = {"code": 504, "effect": False, "headers": {"Date": date}, "body": "<html>Gateway Time-out</html>"}
    lose(run, effect={"status": page})
    assert not resolver(run).is_ripe([MARCH])
    resolver(run).resolve([MARCH])
    assert sum(run.pauses) >= 180


def test_what_was_answered_is_said_while_the_batch_is_looked_for(run: SandboxRun) -> None:
    lose(run, effect={"status": {"code": 429, "effect": False, "body": "<title>Slow down</title>"}})
    del run.progress_lines[:]
    resolver(run).resolve([MARCH])
    assert 'answered 429 Too Many Requests: an HTML page, "Slow down"' in run.progress_lines[0]


def test_a_doubt_is_ripe_once_fence_and_settle_time_have_passed(run: SandboxRun) -> None:
    lose(run)
    assert not resolver(run).is_ripe([MARCH])
    run.advance(181)
    assert resolver(run).is_ripe([MARCH])
    assert not resolver(run).is_ripe([APRIL])


def test_the_number_of_the_project_is_preferred(run: SandboxRun) -> None:
    spec = replace(CARTESIA, probe_number="+14155550199")
    run.context = replace(run.context, project=replace(run.context.project, providers={"cartesia": spec}))
    lose(run)
    finding = resolver(run).resolve([MARCH])[0]
    assert "+1415•••0199" in finding.message
    assert "getPhoneNumber" not in run.operations()


def test_after_a_lost_probe_the_next_one_waits_for_the_settle_time(run: SandboxRun) -> None:
    lose(run, after=["lost_request"])
    messages = [finding.message for finding in resolver(run).resolve([MARCH])]
    assert "was not answered" in messages[0]
    assert "cancelled at once" in messages[1]
    assert messages[2].endswith("they are decided anew")
    assert len(probes(run)) == 1
    assert sum(run.pauses) >= 360


@pytest.mark.parametrize("lost", [GATEWAY, "lost_request"])
def test_after_the_same_answer_a_second_time_nothing_more_is_asked(run: SandboxRun, lost: object) -> None:
    lose(run, effect=lost, after=[GATEWAY, GATEWAY, GATEWAY])
    *_, finding = resolver(run).resolve([MARCH])
    assert (finding.unsure, finding.message.endswith("nothing more is asked for it in this run")) == (True, True)
    assert "was answered 413" in finding.message
    assert run.operations().count("createCallBatch") == (2 if lost == GATEWAY else 3)
    assert len(run.ledger.resource_record(MARCH).intents) == 1


def test_a_probe_that_arrived_unheard_is_cancelled_when_the_list_shows_it(run: SandboxRun) -> None:
    lose(run, after=["lost_answer"])
    messages = [finding.message for finding in resolver(run).resolve([MARCH])]
    [probe] = probes(run)
    assert probe["status"] == "cancelled"
    assert f"a list probe of an earlier run ({probe['id']}) was cancelled" in messages
    assert not run.ledger.resource_record(MARCH).intents


def test_where_the_provider_refuses_a_probe_people_stay_unsure(run: SandboxRun) -> None:
    lose(run, after=[REFUSED])
    [finding] = resolver(run).resolve([MARCH])
    assert (finding.unsure, "was refused" in finding.message, "stay unsure" in finding.message) == (True, True, True)
    assert run.ledger.resource_record(MARCH).intents
    run.create_elsewhere("somebody else's", BOB)
    assert [found.message for found in run.settler.settle([MARCH])] == [
        "a request of 1 person never arrived; they are decided anew"
    ]


def test_at_most_one_probe_goes_out_within_the_settle_time_over_all_runs(run: SandboxRun) -> None:
    lose(run)
    run.advance(200)
    run.ledger.set_probe_time("cartesia", run.provider.now() - timedelta(seconds=60))
    resolver(run).resolve([MARCH])
    assert 115 <= sum(run.pauses) <= 130


def test_a_list_that_does_not_show_the_probe_ends_the_waiting(run: SandboxRun) -> None:
    lose(run)
    run.faults(fault("listCallBatches", {"lag": 36_000}, times=0))
    messages = [finding.message for finding in resolver(run).resolve([MARCH])]
    run.faults()
    assert messages[-1] == "the list of cartesia does not show what was made there; run dialctl apply again"
    assert len(probes(run)) == 1, "it exists: another one would prove no more"
    assert run.ledger.resource_record(MARCH).intents


def test_a_manifest_that_is_gone_is_disproved_by_the_settings_that_the_lock_knows(run: SandboxRun) -> None:
    lose(run)
    run.ledger.update(MARCH, settings={"agent_id": "agent_A", "from_number_id": "ap_A"})
    run_resolver = DoubtResolver(run.context, run.settler, {})
    assert [finding.message for finding in run_resolver.resolve([MARCH])][1:] == [
        "a request of 1 person never arrived; they are decided anew"
    ]


def test_without_any_number_of_ours_a_human_is_asked_for_one(run: SandboxRun) -> None:
    run.ledger.update(
        MARCH,
        intents={"m": an_intent(mark="m", sent_at=run.provider.now(), fence=run.provider.now())},
        provider="cartesia",
    )
    [finding] = DoubtResolver(run.context, run.settler, {}).resolve([MARCH])
    assert finding.unsure
    assert "set probe_number of the provider in the Project" in finding.message


def test_waiting_ends_with_a_signal(run: SandboxRun, keep_handlers: None) -> None:
    lose(run)
    run.stop.listen()
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(Interrupted):
        resolver(run).resolve([MARCH])
    assert run.ledger.resource_record(MARCH).intents
