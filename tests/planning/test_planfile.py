"""Saved plans as values: what the file holds, and what it lets through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest

from declarative.errors import PlanFileError
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, ResourceRecord
from declarative.planning import planfile
from declarative.planning.decide import Reason, Verb
from declarative.planning.decisions import REMOVALS_SCHEMA
from declarative.planning.facts import Facts
from declarative.planning.plan import TO_CALL_SCHEMA, Action, Plan, Task
from declarative.planning.planfile import SavedPlan
from tests.planning.facts_fixture import ADDRESS, KEY, LINEAGE, NOON, number, resource


def lock_of(generation: int, lineage: str = LINEAGE) -> Lock:
    record = ResourceRecord(generation=generation)
    return Lock(project="spring", lineage=lineage, born=NOON, hosts={}, person_key=None, resources={ADDRESS: record})


LOCK = lock_of(3)
HOSTS = {"cartesia": "api.cartesia.ai", "callingbox": "api.callingbox.io"}


def plan_of(letters: str, *, cancels: tuple[str, ...] = (), project: str = "spring", lock: Lock | None = LOCK) -> Plan:
    """A plan that creates these people and cancels these batches at one address."""
    rows = [(number(who), row, "create", 1) for row, who in enumerate(letters)]
    call = pl.DataFrame(rows, schema=TO_CALL_SCHEMA, orient="row")
    facts = Facts(
        address=ADDRESS,
        resource=resource("abc"),
        resource_record=ResourceRecord(),
        remotes={},
        now=NOON,
        key=KEY,
        lineage=LINEAGE,
    )
    action = Action(address=ADDRESS, verb=Verb.CREATE, reason=Reason.NEW, provider="cartesia", people=len(letters))
    work = Task(address=ADDRESS, facts=facts, to_call=call, cancels=cancels)
    actions = (action,) if letters else ()
    return Plan(project=project, created_at=NOON, actions=actions, lock=lock, tasks={ADDRESS: work})


def saved_of(plan: Plan, key: PersonKey = KEY) -> SavedPlan:
    return planfile.from_plan(plan, path=Path("calls"), targets=(ADDRESS,), desired="d1", hosts=HOSTS, key=key)


def hold(saved: SavedPlan, now: Plan, desired: str = "d1", hosts: dict[str, str] = HOSTS) -> None:
    planfile.check_against_saved(now, saved, desired=desired, hosts=hosts, key=KEY)


FILE = Path("saved.plan")


def test_what_was_saved_is_read_again() -> None:
    saved = saved_of(plan_of("ab", cancels=("acb_1",)))
    assert planfile.parse_plan_file(planfile.render_plan_file(saved, KEY), FILE, KEY) == saved


@pytest.mark.parametrize("key", [PersonKey(None), PersonKey("a secret")])
def test_people_are_in_it_as_digests_only(key: PersonKey) -> None:
    text = planfile.render_plan_file(saved_of(plan_of("abc"), key=key), key).decode()
    assert [who for who in "abc" if number(who)[2:] in text] == []


def test_another_key_does_not_open_it() -> None:
    content = planfile.render_plan_file(saved_of(plan_of("a")), KEY)
    with pytest.raises(PlanFileError, match=r"saved\.plan .* DIALCTL_PERSON_KEY"):
        planfile.parse_plan_file(content, FILE, PersonKey("another"))


@pytest.mark.parametrize(
    "field", ["project", "path", "targets", "desired", "lineage", "generations", "hosts", "calls", "cancels"]
)
def test_no_field_may_be_changed(field: str) -> None:
    document = orjson.loads(planfile.render_plan_file(saved_of(plan_of("a")), KEY))
    value = document["body"][field]
    document["body"][field] = {**value, "x": ""} if isinstance(value, dict) else [value]
    with pytest.raises(PlanFileError, match="changed after it was saved"):
        planfile.parse_plan_file(orjson.dumps(document), FILE, KEY)


def test_a_plan_of_the_sandbox_or_another_host_approves_nothing_here() -> None:
    saved = saved_of(plan_of("a"))
    hold(saved, plan_of("a"), hosts={**HOSTS, "callingbox": "elsewhere"})  # nothing is done there
    with pytest.raises(PlanFileError, match=r"made against api\.cartesia\.ai, cartesia is now at sandbox"):
        hold(saved, plan_of("a"), hosts={"cartesia": "sandbox"})


@pytest.mark.parametrize("letters", ["abc", "ab", "a"])
def test_the_same_people_or_fewer_pass(letters: str) -> None:
    hold(saved_of(plan_of("abc")), plan_of(letters))


def test_anybody_new_refuses_it() -> None:
    with pytest.raises(PlanFileError, match=r"would call 1 person who is not in it"):
        hold(saved_of(plan_of("ab")), plan_of("ac"))


def test_a_further_cancel_refuses_it_and_fewer_pass() -> None:
    saved = saved_of(plan_of("a", cancels=("acb_1", "acb_2")))
    hold(saved, plan_of("a", cancels=("acb_1",)))
    with pytest.raises(PlanFileError, match="would cancel acb_3 as well"):
        hold(saved, plan_of("a", cancels=("acb_1", "acb_3")))


def off(plan: Plan, *letters: str) -> Plan:
    """The plan, by which these people are taken off a batch alone as well."""
    removals = pl.DataFrame([("acb_1", number(who), True) for who in letters], schema=REMOVALS_SCHEMA, orient="row")
    return replace(plan, tasks={ADDRESS: replace(plan.tasks[ADDRESS], removals=removals)})


def test_further_people_taken_off_alone_refuse_it_and_fewer_pass() -> None:
    saved = saved_of(off(plan_of("a"), "b", "c"))
    assert planfile.parse_plan_file(planfile.render_plan_file(saved, KEY), FILE, KEY) == saved
    hold(saved, off(plan_of("a"), "c"))
    with pytest.raises(PlanFileError, match="would take off 1 person who is not in it"):
        hold(saved, off(plan_of("a"), "c", "d"))
    with pytest.raises(PlanFileError, match="would cancel acb_1 as well"):
        hold(saved, plan_of("a", cancels=("acb_1",)))
    assert off(plan_of("a"), "b").checksum != off(plan_of("a"), "c").checksum


def test_other_manifests_refuse_it() -> None:
    with pytest.raises(PlanFileError, match="manifests, recipients or variables"):
        hold(saved_of(plan_of("a")), plan_of("a"), desired="d2")


def test_another_project_refuses_it() -> None:
    with pytest.raises(PlanFileError, match='"spring"'):
        hold(saved_of(plan_of("a")), plan_of("a", project="autumn"))


@pytest.mark.parametrize("lock", [None, lock_of(3, "zzzzzz")])
def test_another_lock_refuses_it(lock: Lock | None) -> None:
    with pytest.raises(PlanFileError, match="another lock"):
        hold(saved_of(plan_of("a")), plan_of("a", lock=lock))


@pytest.mark.parametrize("generation", [2, 4])
def test_another_generation_refuses_it(generation: int) -> None:
    with pytest.raises(PlanFileError, match=ADDRESS):
        hold(saved_of(plan_of("a")), plan_of("a", lock=lock_of(generation)))


def test_nothing_to_send_passes_however_old_the_plan_is() -> None:
    hold(saved_of(plan_of("a")), plan_of("", lock=lock_of(9)))
