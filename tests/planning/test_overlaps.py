"""People who stand in several resources are said, with count and addresses."""

from __future__ import annotations

from typing import Any

from declarative.model.policy import Frequency, Policy
from declarative.model.resource import Project
from declarative.planning.decide import Reason, Verb
from declarative.planning.overlaps import warn_of_overlaps
from declarative.planning.plan import Action, Plan
from tests.planning.facts_fixture import NOON, resource

NO_POLICY = Policy()


def warnings(
    wanted: dict[str, str], policy: Policy = NO_POLICY, people: int = 1, **paused: bool
) -> list[tuple[str, str]]:
    create = Action(address="batch/b", verb=Verb.CREATE, reason=Reason.NEW, provider="cartesia", people=people)
    plan = Plan(project="spring", created_at=NOON, actions=(create,))
    resources = [
        resource(people, address=f"batch/{name}", paused=paused.get(name, False)) for name, people in wanted.items()
    ]
    return [(notice.address, notice.message) for notice in warn_of_overlaps(plan, Project(policy=policy), resources)]


def test_each_address_names_the_later_ones_that_share_people_with_it() -> None:
    found = warnings({"d": "c", "c": "ab", "b": "abc"})
    assert [(where, told.partition(", and each")[0]) for where, told in found] == [
        ("batch/b", "3 people are also in batch/c, batch/d")
    ]
    one = warnings({"b": "ax", "c": "a"})
    assert one[0][1].startswith("1 person is also in batch/c, and each resource calls them: frequency")


def test_pairs_are_named_once_at_the_first_of_them() -> None:
    assert [where for where, _ in warnings({"b": "a", "c": "ab", "d": "b"})] == ["batch/b", "batch/c"]


def test_nothing_is_said_where_nothing_is_shared_called_or_left_open() -> None:
    shared: dict[str, Any] = {"b": "a", "c": "a"}
    assert warnings({"b": "a", "c": "b"}) == []
    assert warnings({"b": "a"}) == []
    assert warnings(shared, people=0) == []
    assert warnings(shared, c=True) == []
    assert warnings(shared, policy=Policy(frequency=Frequency(1, NOON - NOON))) == []


def test_many_addresses_are_counted() -> None:
    found = warnings(dict.fromkeys("bcdefghij", "a"))
    assert "batch/c, batch/d, batch/e, batch/f, batch/g and 3 more" in found[0][1]
