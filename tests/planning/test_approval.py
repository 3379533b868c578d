"""What an approval covers, and at which addresses it is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from declarative.model.lock import Lock, ResourceRecord
from declarative.model.policy import Policy, Retry
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.approval import approval_digest, find_approvals, find_unapproved
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Plan, Task
from tests.planning.facts_fixture import ADDRESS, NOON, crowd, make_facts, resource

PROJECT = Project(name="spring", policy_digest="as written")
MARCH = resource("ab")


def desired(*resources: Resource) -> Desired:
    return Desired(PROJECT, {one.address: one for one in resources}, is_complete=True, make_digest=str)


def lock(**approved: str) -> Lock:
    records = {f"batch/{name}": ResourceRecord(approved=digest) for name, digest in approved.items()}
    return Lock(project="spring", lineage="one", born=NOON, resources=records)


@pytest.mark.parametrize(
    "change",
    [
        {"recipients": crowd("abc")},
        {"recipients": crowd({"a": "{}", "b": '{"plan":"gold"}'})},
        {"settings": {"agent_id": "agent_b"}},
        {"retry": Retry(max_retries=1, on=frozenset({"dial_busy"}))},
        {"labels": {"team": "growth"}},
        {"policy": Policy(max_dials=9)},
        {"paused": True},
        {"manifest_digest": "written in another way"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_approval_is_of_the_whole_manifest(change: dict[str, Any]) -> None:
    assert approval_digest(replace(MARCH, **change), PROJECT) != approval_digest(MARCH, PROJECT)


def test_it_is_of_the_project_s_policy_as_written_and_of_nothing_else_there() -> None:
    before = approval_digest(MARCH, PROJECT)
    assert approval_digest(MARCH, replace(PROJECT, policy_digest="stricter")) != before
    assert approval_digest(MARCH, replace(PROJECT, directory="/another/runner")) == before


def test_a_removal_is_approved_apart() -> None:
    assert approval_digest(None, PROJECT) not in ("", approval_digest(MARCH, PROJECT))


def test_what_the_lock_does_not_name_or_names_otherwise_is_not_approved() -> None:
    approved, removed = approval_digest(MARCH, PROJECT), approval_digest(None, PROJECT)
    assert find_unapproved(desired(MARCH), None) == {ADDRESS}
    assert find_unapproved(desired(MARCH), lock(march="", april=removed)) == {ADDRESS}
    assert find_unapproved(desired(MARCH), lock(march=approved)) == set()
    assert find_unapproved(desired(), lock(march=approved, april=removed)) == {ADDRESS}


def plan(*actions: Action, **tasks: Task) -> Plan:
    by_address = {task.address: task for task in tasks.values()}
    return Plan(project="spring", created_at=NOON, actions=actions, tasks=by_address)


def block(reason: Reason) -> Action:
    return Action(address=ADDRESS, verb=Verb.BLOCK, reason=reason, provider="cartesia")


def test_people_who_are_unsure_leave_their_address_approved_and_a_block_of_the_whole_does_not() -> None:
    task = Task(address=ADDRESS, facts=make_facts(wanted=MARCH))
    approved = {ADDRESS: ("cartesia", approval_digest(MARCH, PROJECT))}
    assert find_approvals(plan(task=task), PROJECT) == approved
    assert find_approvals(plan(block(Reason.UNSURE), task=task), PROJECT) == approved
    cancelling = replace(task, blocked=True)
    assert find_approvals(plan(block(Reason.LOST), task=cancelling), PROJECT) == {ADDRESS: ("cartesia", "")}
    assert find_approvals(plan(block(Reason.NOT_READ)), PROJECT) == {ADDRESS: ("cartesia", "")}
