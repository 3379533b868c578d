"""What is read of the providers, and what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from declarative.engine.observe import ObserveScope, observe
from declarative.errors import ProviderError
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation
from tests.engine.sandbox_run import (
    ADA,
    BOB,
    CALL,
    KEY,
    MARCH,
    PROJECT,
    SandboxRun,
    batch_resource,
    call_resource,
    fault,
)


def scope(run: SandboxRun, *resources: Resource, **changes: Any) -> ObserveScope:
    desired = Desired(Project(name=PROJECT), {resource.address: resource for resource in resources}, True, lambda: "")
    fields = {"desired": desired, "lock": run.ledger.lock, "providers": {"cartesia": run.provider}, "key": KEY}
    return ObserveScope(**{**fields, **changes})


def observe_one(scope: ObserveScope) -> Observation:
    [observation] = observe(scope)
    return observation


def test_a_batch_of_ours_is_observed_with_its_people(run: SandboxRun) -> None:
    resource = batch_resource(ADA, BOB)
    remote_id = run.submit(resource).remote_id
    observation = observe_one(scope(run, resource))
    members = observation.facts.remotes[remote_id].members
    assert members is not None
    assert set(members.get_column("number")) == {ADA, BOB}
    assert (observation.block, observation.to_adopt) == (None, ())


def test_a_batch_with_our_mark_that_the_lock_does_not_know_is_to_be_adopted(run: SandboxRun) -> None:
    resource = batch_resource(ADA)
    run.faults(fault("createCallBatch", "lost_answer"))
    mark = run.submit(resource).mark
    [remote] = observe_one(scope(run, resource)).to_adopt
    assert str(remote.mark) == mark


def test_to_follow_a_batch_needs_no_list_unless_one_is_lost(run: SandboxRun) -> None:
    resource = batch_resource(ADA)
    run.submit(resource)
    before = len(run.operations())
    [remote] = observe_one(scope(run, resource, everything=True, following=True)).facts.remotes.values()
    assert (run.operations()[before:], remote.members is not None) == (["getCallBatch"], True)
    run.faults(fault("createCallBatch", "lost_answer"))
    run.submit(batch_resource(BOB))
    observation = observe_one(scope(run, resource, everything=True, following=True))
    assert len(observation.facts.remotes) == 2


def test_a_provider_that_cannot_be_read_blocks_its_own_addresses(run: SandboxRun) -> None:
    run.faults(fault("listCallBatches", {"status": {"code": 503, "effect": False}}, times=0))
    other = batch_resource(ADA, address="batch/other", provider="elsewhere")
    failure = ProviderError("no key")
    providers = {"cartesia": run.provider, "elsewhere": failure}
    observations = observe(scope(run, batch_resource(BOB), other, providers=providers))
    assert [observation.block and observation.block.reason for observation in observations] == [Reason.NOT_READ] * 2


def test_a_provider_that_is_not_declared_is_named(run: SandboxRun) -> None:
    block = observe_one(scope(run, batch_resource(ADA, provider="gone"))).block
    assert block is not None
    assert block.detail == 'no provider "gone" is declared any more'


def test_a_batch_that_vanished_is_asked_for_by_id_and_blocks(run: SandboxRun) -> None:
    resource = batch_resource(ADA)
    run.submit(resource)
    run.faults(
        fault("listCallBatches", {"lag": 36_000}, times=0),
        fault("getCallBatch", {"status": {"code": 404, "effect": False}}, times=0),
    )
    block = observe_one(scope(run, resource)).block
    assert block is not None


def test_single_calls_without_a_lock_are_blocked_unless_the_lock_cannot_be_lost(run: SandboxRun) -> None:
    resource = call_resource(ADA)
    assert observe_one(scope(run, resource, lock=None)).block is not None
    assert observe_one(scope(run, resource, lock=None, lock_is_authoritative=True)).block is None


def test_a_call_of_the_same_person_may_answer_a_lost_request_without_marks(run: SandboxRun) -> None:
    resource = call_resource(ADA)
    no_marks = {"edit_items": {"metadata": {"dialctl": None}}}
    run.faults(fault("createOutboundCalls", "lost_answer"), fault("listCalls", no_marks, times=0))
    run.submit(resource)
    run.advance(600)
    [candidate] = observe_one(scope(run, resource)).candidates
    assert candidate.members is not None
    assert candidate.members.item(0, "number") == ADA


def test_an_open_intent_names_who_holds_the_lease(run: SandboxRun) -> None:
    resource = batch_resource(ADA)
    run.faults(fault("createCallBatch", "lost_request"))
    run.submit(resource)
    assert observe_one(scope(run, resource, applying="ada on mill")).lease_holder == "ada on mill"


def test_addresses_that_left_a_run_over_some_resources_are_read_only(run: SandboxRun) -> None:
    run.submit(batch_resource(ADA))
    narrow = scope(run, call_resource(BOB), include_removed=True)
    narrow = replace(narrow, desired=replace(narrow.desired, is_complete=False))
    read_only = {observation.facts.address: observation.read_only for observation in observe(narrow)}
    assert read_only == {CALL: False, MARCH: True}
