"""Lost calls that no mark tells from others: at most one is open to a number, and its candidates are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from declarative.engine.likeness import LONGEST_SEND, add_call_facts, find_alike, find_open_call, list_open_calls
from declarative.engine.list_depth import CLOCK_MARGIN
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.resource import Resource, Route
from declarative.planning.facts import Facts, Managed
from declarative.providers import catalog
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    KEY,
    LINEAGE,
    MARCH,
    NOON,
    PROJECT,
    SandboxRun,
    a_mark,
    an_intent,
    batch_resource,
    call_resource,
    fault,
    open_run,
)

TWILIO = catalog.types()["twilio"].routes["2010-04-01"][Route.CALL]
SETTINGS = {"From": "+12025550100", "Url": "https://agent.example.com/twiml"}


@pytest.fixture
def unmarked_run(tmp_path: Path) -> Iterator[SandboxRun]:
    with open_run(tmp_path, beside="twilio") as opened:
        yield opened


def resource(*numbers: str, address: str = MARCH) -> Resource:
    return batch_resource(
        *numbers, address=address, provider="twilio", route=Route.CALL, settings=SETTINGS, fields=TWILIO.settings
    )


def lose_a_call(run: SandboxRun, number: str = ADA) -> None:
    run.faults(fault("createCall", "lost_answer"))
    run.submit(resource(number))
    run.faults()


def facts_of(run: SandboxRun, *numbers: str) -> Facts:
    return Facts(
        address=MARCH,
        resource=resource(*numbers),
        resource_record=run.ledger.resource_record(MARCH),
        remotes={},
        now=run.context.providers["twilio"].now(),
        key=KEY,
        lineage=LINEAGE,
        capabilities=TWILIO,
    )


def place_by_hand(run: SandboxRun, number: str) -> None:
    run.queued_calls("POST", To=number, From="+12025550100", Twiml="<Response/>")


def test_candidates_are_calls_to_that_number_of_the_time_of_the_send(unmarked_run: SandboxRun) -> None:
    run, twilio = unmarked_run, unmarked_run.context.providers["twilio"]
    place_by_hand(run, ADA)
    run.advance(2 * CLOCK_MARGIN.total_seconds())
    lose_a_call(run)
    place_by_hand(run, BOB)
    run.advance((LONGEST_SEND + CLOCK_MARGIN).total_seconds() + 60)
    place_by_hand(run, ADA)
    [candidate] = find_alike(twilio, facts_of(run, ADA, BOB))
    assert candidate.created_at is not None
    assert abs(candidate.created_at - run.now()) > LONGEST_SEND
    assert find_alike(twilio, facts_of(run, BOB)) == []  # nobody wanted was in the lost request


def test_nothing_is_asked_for_without_a_doubt_or_where_marks_tell(unmarked_run: SandboxRun) -> None:
    before = len(unmarked_run.requests())
    assert find_alike(unmarked_run.context.providers["twilio"], facts_of(unmarked_run, ADA)) == []
    assert find_alike(unmarked_run.provider, facts_of(unmarked_run, ADA)) == []
    assert unmarked_run.operations()[before:] in ([], ["getAccount"])


def test_an_open_request_to_the_same_number_is_found_at_any_address(unmarked_run: SandboxRun) -> None:
    lose_a_call(unmarked_run)
    for number, found in ((ADA, MARCH), (BOB, "")):
        wanted = resource(number, address="batch/april")
        assert find_open_call(unmarked_run.context, wanted, wanted.recipients.frame) == found
    marked = call_resource(ADA)
    assert find_open_call(unmarked_run.context, marked, marked.recipients.frame) == ""


@pytest.mark.parametrize(
    ("address", "provider", "number", "is_doubted"),
    [
        ("batch/other", "twilio", ADA, True),
        ("batch/other", "twilio-too", ADA, True),
        ("batch/other", "cartesia", ADA, False),
        ("batch/other", "twilio", BOB, False),
        (MARCH, "twilio", ADA, False),
    ],
)
def test_a_doubt_of_another_address_at_the_same_type_concerns_its_person(
    unmarked_run: SandboxRun, address: str, provider: str, number: str, *, is_doubted: bool
) -> None:
    facts, project = facts_of(unmarked_run, ADA), unmarked_run.context.project
    too = replace(project.providers["twilio"], name="twilio-too")
    project = replace(project, providers={**project.providers, "twilio-too": too})
    intent = an_intent(route=Route.CALL, mark=str(a_mark(address)), person=KEY.digest_person(LINEAGE, number))
    record = ResourceRecord(provider=provider, intents={intent.mark: intent})
    lock = Lock(project=PROJECT, lineage=LINEAGE, born=NOON - timedelta(days=1), resources={address: record})
    managed = Managed(address=MARCH, resource=facts.resource, resource_record=ResourceRecord(), provider="twilio")
    open_calls = list_open_calls(project, lock, "twilio")
    found = add_call_facts(managed, facts, TWILIO, open_calls)
    assert (found.takes_calls_back, bool(found.doubted_elsewhere)) == (True, is_doubted)
    marked = add_call_facts(managed, facts, replace(TWILIO, shows_mark=True), open_calls)
    assert not marked.doubted_elsewhere
