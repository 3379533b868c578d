"""What one reading of the lists makes of a request whose answer was lost: found, disproved, or unsure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from declarative.engine.results import RequestStatus
from declarative.engine.settle import Settler, late_arrival_warning
from declarative.errors import ProviderError
from declarative.model import mark
from declarative.model.lock import Intent
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.providers.base import Provider
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    LINEAGE,
    MARCH,
    NOON,
    PROJECT,
    SILENT,
    SandboxRun,
    a_remote,
    an_intent,
    batch_resource,
    call_resource,
    fault,
    open_run,
)

APRIL, MAY = "batch/april", "batch/may"
LOST = "lost_request"


def settle(run: SandboxRun, *addresses: str) -> list[str]:
    return [finding.message for finding in run.settler.settle(addresses or (MARCH,))]


def lose_batch(run: SandboxRun, effect: object = LOST) -> Intent:
    run.faults(fault("createCallBatch", effect))
    receipt = run.submit(batch_resource(ADA))
    assert receipt.status is RequestStatus.UNSURE
    return run.ledger.resource_record(MARCH).intents[receipt.mark]


def test_a_batch_that_the_list_shows_is_found_by_its_mark(run: SandboxRun) -> None:
    lose_batch(run, "lost_answer")
    [message] = settle(run)
    record = run.ledger.resource_record(MARCH)
    assert message == f"a lost answer was found again by its mark: {next(iter(record.remotes))}"
    assert not record.intents
    assert run.pauses == [], "an answer that is there needs no waiting"


def test_no_time_disproves_a_batch_that_an_empty_list_does_not_show(run: SandboxRun) -> None:
    intent = lose_batch(run)
    for seconds in (0, 600, 90_000):
        run.advance(seconds)
        assert settle(run) == []
        assert run.ledger.resource_record(MARCH).intents == {intent.mark: intent}
    assert run.pauses == []


def test_a_batch_is_disproved_by_something_younger_than_its_fence(tmp_path: Path) -> None:
    with open_run(tmp_path, max_dials=1) as run:
        intent = lose_batch(run)
        run.advance(150)
        run.create_elsewhere("somebody else's", BOB)
        assert settle(run) == ["a request of 1 person never arrived; they are decided anew"]
        record = run.ledger.resource_record(MARCH)
        assert (dict(record.intents), record.revoked) == ({}, (intent.mark,))
        assert run.context.budget.remaining == 1


@pytest.mark.parametrize("seconds", [60, 121, 130])
def test_something_younger_than_the_send_alone_proves_nothing(run: SandboxRun, seconds: float) -> None:
    intent = lose_batch(run)
    run.advance(seconds)
    run.create_elsewhere("somebody else's", BOB)
    run.advance(3_600)
    assert settle(run) == []
    assert run.ledger.resource_record(MARCH).intents == {intent.mark: intent}


class SearchingProvider:
    """Cartesia, if its list could be asked for a mark: `found` is what a search shows."""

    def __init__(self, run: SandboxRun) -> None:
        self._provider, self._channel = run.provider, run.channel
        self.capabilities = replace(run.channel.capabilities, finds_marks=True)
        self.channels = {Route.BATCH: self}
        self.found: list[Remote] = []
        self.searches: list[str] = []

    def __getattr__(self, name: str) -> Any:
        of_channel = name in ("list_pages", "read", "submit", "retry", "cancel")
        return getattr(self._channel if of_channel else self._provider, name)

    def find_marked(self, mark: str) -> list[Remote]:
        self.searches.append(mark)
        return self.found


@pytest.fixture
def searching(run: SandboxRun) -> SearchingProvider:
    return SearchingProvider(run)


@pytest.fixture
def settler(run: SandboxRun, searching: SearchingProvider) -> Settler:
    context = replace(run.context, providers={"cartesia": cast("Provider", searching)})
    return Settler(context, run.sweeper)


def test_a_search_finds_at_once_what_a_list_does_not_show_yet(
    run: SandboxRun, searching: SearchingProvider, settler: Settler
) -> None:
    intent = lose_batch(run, "lost_answer")
    searching.found = [a_remote("acb_found", mark=mark.parse(intent.mark)), a_remote("acb_other")]
    run.faults(fault("listCallBatches", {"lag": 600}, times=0))
    assert [finding.message for finding in settler.settle([MARCH])] == [
        "a lost answer was found again by its mark: acb_found"
    ]
    assert set(run.ledger.resource_record(MARCH).remotes) == {"acb_found"}


def test_a_search_that_finds_nothing_proves_nothing_and_is_not_made_at_every_look(
    run: SandboxRun, searching: SearchingProvider, settler: Settler
) -> None:
    intent = lose_batch(run)
    for _ in range(3):
        run.advance(60)
        assert settler.settle([MARCH]) == []
    assert searching.searches == [intent.mark]
    run.create_elsewhere("somebody else's", BOB)
    assert [finding.message for finding in settler.settle([MARCH])] == [
        "a request of 1 person never arrived; they are decided anew"
    ]
    assert searching.searches == [intent.mark] * 2, "once more before its absence is concluded"


def test_a_list_that_shows_the_younger_and_not_the_older_disproves_nothing_that_a_search_finds(
    run: SandboxRun, searching: SearchingProvider, settler: Settler
) -> None:
    intent = lose_batch(run)
    assert settler.settle([MARCH]) == []
    run.advance(150)
    run.create_elsewhere("somebody else's", BOB)
    searching.found = [a_remote("acb_found", mark=mark.parse(intent.mark))]
    [finding] = settler.settle([MARCH])
    assert finding.message == "a lost answer was found again by its mark: acb_found"
    assert not run.ledger.resource_record(MARCH).revoked


def test_a_search_that_fails_concludes_nothing(
    run: SandboxRun, searching: SearchingProvider, settler: Settler, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_batch(run)
    run.advance(150)
    run.create_elsewhere("somebody else's", BOB)

    def fail(_: str) -> list[Remote]:
        raise ProviderError("answered 500")

    monkeypatch.setattr(searching, "find_marked", fail)
    [finding] = settler.settle([MARCH])
    assert finding.unsure
    assert len(run.ledger.resource_record(MARCH).intents) == 1


def test_a_list_probe_that_an_earlier_run_left_is_cancelled_and_belongs_to_no_address(run: SandboxRun) -> None:
    now = run.provider.now()
    probe_id = run.create_elsewhere(f"probe {mark.probe_mark(PROJECT, LINEAGE, now)}", BOB)
    run.ledger.set_probe_time("cartesia", now)
    assert settle(run) == [f"a list probe of an earlier run ({probe_id}) was cancelled"]
    assert run.read(probe_id).cancelled
    assert not run.ledger.lock.resources
    run.advance(3_700)
    before = run.operations().count("listCallBatches")
    assert settle(run) == []
    assert run.operations().count("listCallBatches") == before, "it costs nothing once it cannot start any more"


def test_a_list_that_cannot_be_read_leaves_everything_as_it_was(run: SandboxRun) -> None:
    intent = lose_batch(run)
    run.faults(fault("listCallBatches", {"status": {"code": 503, "effect": False}}, times=0))
    [message] = settle(run)
    assert message.startswith("cartesia could not be read, nothing was concluded: ")
    assert run.ledger.resource_record(MARCH).intents == {intent.mark: intent}


def test_a_single_call_is_found_or_stays_unsure(run: SandboxRun) -> None:
    run.faults(fault("createOutboundCalls", LOST))
    run.submit(call_resource(ADA))
    assert settle(run, CALL) == []
    assert len(run.ledger.resource_record(CALL).intents) == 1
    run.faults(fault("createOutboundCalls", "lost_answer"))
    run.submit(call_resource(BOB, address="call/bob"))
    [message] = settle(run, "call/bob")
    assert "found again by its mark" in message


def test_a_lost_retry_is_known_by_its_count_alone(run: SandboxRun) -> None:
    resource = batch_resource(SILENT)
    remote_id = run.submit(resource).remote_id
    run.advance(3_600)
    for effect, messages in ((LOST, []), ("lost_answer", [f"the retry of {remote_id} had arrived"])):
        run.faults(fault("retryCallBatch", effect))
        run.retry(resource, run.read(remote_id))
        assert settle(run) == messages
        assert bool(run.ledger.resource_record(MARCH).intents) is not bool(messages)


def lose_retry(run: SandboxRun, address: str, number: str) -> str:
    """A retry whose answer was lost, at an address of its own; returns the id of its batch."""
    resource = batch_resource(number, address=address)
    remote_id = run.submit(resource).remote_id
    run.advance(3_600)
    run.faults(fault("retryCallBatch", "lost_answer"))
    run.retry(resource, run.read(remote_id))
    run.faults()
    return remote_id


def test_a_batch_that_cannot_be_read_leaves_its_own_retry_unsure_alone(run: SandboxRun) -> None:
    unread_id, read_id = lose_retry(run, MARCH, SILENT), lose_retry(run, APRIL, SILENT)
    run.advance(3_600)
    run.faults(fault("createCallBatch", "lost_answer"))
    run.submit(batch_resource(BOB, address=MAY))
    run.answers.edit = lambda method, path, answer: 500 if method == "GET" and path.endswith(unread_id) else answer
    findings = run.settler.settle([MARCH, APRIL, MAY])
    assert [(finding.address, finding.unsure) for finding in findings] == [(MARCH, True), (APRIL, False), (MAY, False)]
    assert findings[0].message.startswith(f"{unread_id} could not be read, nothing was concluded: ")
    assert findings[1].message == f"the retry of {read_id} had arrived"
    is_open = [bool(run.ledger.resource_record(address).intents) for address in (MARCH, APRIL, MAY)]
    assert is_open == [True, False, False]


def test_an_agent_whose_calls_cannot_be_listed_leaves_its_own_calls_unsure_alone(run: SandboxRun) -> None:
    other_agent = call_resource(BOB, address="call/bob", settings={"agent_id": "agent_B", "from_number_id": "ap_A"})
    run.faults(fault("createOutboundCalls", "lost_answer", times=2), fault("createCallBatch", "lost_answer"))
    for resource in (call_resource(ADA), other_agent):
        run.submit(resource)
    run.submit(batch_resource(SILENT))
    run.answers.edit = lambda method, path, answer: 404 if "agent_id=agent_A" in path else answer
    findings = run.settler.settle([CALL, "call/bob", MARCH])
    assert [finding.address for finding in findings] == [CALL, "call/bob", MARCH]
    assert findings[0].unsure
    assert "the calls of agent_A could not be read" in findings[0].message
    assert all("found again by its mark" in finding.message for finding in findings[1:])


def test_a_start_of_its_own_asks_for_one_more_run_before_it() -> None:
    late = an_intent(scheduled_at=NOON + timedelta(hours=3), fence=NOON + timedelta(hours=1))
    assert (
        late_arrival_warning(late)
        == "; run dialctl apply once more before 15:00 UTC on 1 Dec, in case it still arrives"
    )
    assert late_arrival_warning(an_intent(scheduled_at=NOON + timedelta(minutes=2))) == ""
    assert late_arrival_warning(an_intent()) == ""
