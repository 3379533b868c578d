"""A do-not-call list that holds fewer numbers blocks exactly what it guards, whatever else is true, until allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.lock import Lock, ResourceRecord
from declarative.model.policy import DoNotCallList, Policy
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.decide import BLOCKS_RESOURCE, PersonFacts, Reason, Standing, Timing, Verb, decide
from declarative.planning.facts import Block, Observation
from declarative.planning.released import (
    ListCheck,
    find_allowed,
    find_released,
    remember,
)
from tests.planning.facts_fixture import ADDRESS, NOON, make_facts, resource

NAMES = st.sampled_from(["dnc.csv", "legal.csv", "s3://bucket/dnc.csv"])
SIZES = st.dictionaries(NAMES, st.integers(1, 5))
RECORDS = st.dictionaries(st.sampled_from([ADDRESS, "batch/other", "batch/gone"]), SIZES)


def policy(**sizes: int) -> Policy:
    return as_policy({f"{name}.csv": size for name, size in sizes.items()})


def as_policy(sizes: dict[str, int]) -> Policy:
    return Policy(suppress_from=tuple(DoNotCallList(name, size, "ab" * 32) for name, size in sizes.items()))


def lock(lists: dict[str, int], records: dict[str, dict[str, int]] | None = None) -> Lock:
    known = {address: ResourceRecord(lists=sizes) for address, sizes in (records or {}).items()}
    return Lock(project="spring", lineage="k3v9xq", born=NOON, lists=lists, resources=known)


def desired(project: Policy, *resources: Resource) -> Desired:
    wanted = {one.address: replace(one, policy=join(project, one.policy)) for one in resources}
    return Desired(Project(name="spring", policy=project), wanted, True, str)


def join(project: Policy, own: Policy) -> Policy:
    return Policy(suppress_from=(*project.suppress_from, *own.suppress_from))


def is_blocked(wanted: Desired, memory: Lock, *allowed: str, address: str = ADDRESS) -> bool:
    record = memory.resources.get(address) or ResourceRecord()
    return ListCheck(wanted, memory, allowed).find_block(wanted.resources[address], record) is not None


def after_apply(wanted: Desired, memory: Lock, *allowed: str) -> Lock:
    kept = ListCheck(wanted, memory, allowed).make_memory()
    records = {address: ResourceRecord(provider=one[0], lists=one[1]) for address, one in kept.by_address.items()}
    return replace(memory, lists=kept.project, resources={**memory.resources, **records})


@pytest.mark.parametrize(
    ("before", "now", "is_released"),
    [
        (policy(dnc=40), policy(dnc=2), True),
        (policy(dnc=40), policy(dnc=39), True),
        (policy(dnc=40), policy(dnc=40), False),
        (policy(dnc=40), policy(dnc=41), False),
        (policy(dnc=40), policy(), True),
        (policy(dnc=40), policy(do_not_call=40), True),
        (policy(dnc=40), policy(dnc=40, legal=1), False),
        (policy(dnc=40, legal=1), policy(dnc=99), True),
        (policy(), policy(), False),
    ],
    ids=["broken", "one", "same", "longer", "dropped", "renamed", "another", "one of two", "none"],
)
def test_a_list_of_the_project_releases(before: Policy, now: Policy, is_released: bool) -> None:
    memory = after_apply(desired(before, resource("a")), lock({}))
    assert is_blocked(desired(now, resource("a")), memory) is is_released


def test_a_resource_that_is_new_is_guarded_by_what_the_project_named() -> None:
    memory = after_apply(desired(policy(dnc=40), resource("a")), lock({}))
    for now in (policy(dnc=2), policy()):
        wanted = desired(now, resource("a"), resource("b", address="batch/other"))
        assert is_blocked(wanted, memory, address="batch/other")


def test_a_list_of_one_resource_blocks_that_one_and_whoever_names_it() -> None:
    own = resource("a", policy=policy(dnc=40))
    memory = after_apply(desired(policy(), own), lock({}))
    other = resource("b", address="batch/other")
    assert is_blocked(desired(policy(), resource("a"), other), memory)
    assert not is_blocked(desired(policy(), resource("a"), other), memory, address="batch/other")
    naming = replace(other, policy=policy(dnc=2))
    assert is_blocked(desired(policy(), own, naming), memory, address="batch/other")


def test_a_list_that_moves_between_project_and_resource_releases_nobody_there() -> None:
    memory = after_apply(desired(policy(dnc=40), resource("a")), lock({}))
    own = resource("a", policy=policy(dnc=40))
    wanted = desired(policy(), own, resource("b", address="batch/other"))
    assert not is_blocked(wanted, memory)
    assert is_blocked(wanted, memory, address="batch/other")
    memory = after_apply(desired(policy(), own), lock({}))
    assert not is_blocked(desired(policy(dnc=40), resource("a")), memory)


def test_who_is_not_wanted_is_not_blocked() -> None:
    memory = lock({"dnc.csv": 40})
    assert not is_blocked(desired(policy(), resource("a", paused=True)), memory)


def test_the_message_names_counts_and_ways_out() -> None:
    wanted = desired(policy(dnc=2), resource("a"))
    block = ListCheck(wanted, lock({"dnc.csv": 1_040})).find_block(wanted.resources[ADDRESS], ResourceRecord())
    assert block is not None
    assert block.detail == "dnc.csv holds 2 numbers; it held 1,040 when it was last applied"
    assert "--allow-release dnc.csv" in block.hint
    assert "allow_release: [dnc.csv]" in block.hint


@pytest.mark.parametrize("other", BLOCKS_RESOURCE)
def test_any_other_block_comes_first(other: Reason) -> None:
    wanted = desired(policy(), resource("a"))
    blocked = Observation(facts=make_facts(wanted=wanted.resources[ADDRESS]), block=Block(other, "", ""))
    (observation,) = ListCheck(wanted, lock({"dnc.csv": 40})).block_released([blocked])
    assert observation.block is not None
    assert observation.block.reason is other


def test_an_allowed_release_is_forgotten_and_another_is_not() -> None:
    wanted = desired(policy(dnc=2), resource("a"))
    memory = after_apply(wanted, lock({"dnc.csv": 40, "legal.csv": 3}), "dnc.csv")
    assert memory.lists == {"dnc.csv": 2, "legal.csv": 3}


def test_a_release_that_was_allowed_holds_for_removed_resources_too() -> None:
    memory = lock({}, {ADDRESS: {"dnc.csv": 40}, "batch/gone": {"dnc.csv": 40}})
    memory = after_apply(desired(policy(), resource("a", policy=policy(dnc=2))), memory, "dnc.csv")
    assert {address: record.lists for address, record in memory.resources.items()} == {
        ADDRESS: {"dnc.csv": 2},
        "batch/gone": {"dnc.csv": 2},
    }


def test_an_allowed_release_that_meets_nothing_is_a_warning() -> None:
    project = replace(policy(dnc=40), allow_release=frozenset({"dnc.csv"}))
    wanted = Desired(Project(name="spring", policy=project), {ADDRESS: resource("a", policy=policy(dnc=40))}, True, str)
    (warning,) = ListCheck(wanted, lock({"dnc.csv": 40})).list_warnings()
    assert "allow_release names dnc.csv" in warning.message
    (warning,) = ListCheck(wanted, lock({"dnc.csv": 41})).list_warnings()
    assert warning.message == "dnc.csv holds 40 numbers; it held 41 when it was last applied; this release is allowed"
    assert len(list(ListCheck(wanted, lock({"dnc.csv": 41}), ["other.csv"]).list_warnings())) == 2
    assert not list(ListCheck(desired(policy(dnc=2), resource("a")), lock({"dnc.csv": 41})).list_warnings())


def test_a_saved_plan_keeps_what_an_allowed_list_held() -> None:
    wanted = desired(policy(dnc=2), resource("a"))
    assert find_allowed(wanted, ["dnc.csv", "gone.csv"]) == {"dnc.csv": 2, "gone.csv": 0}


@given(before=SIZES, now=SIZES, allowed=st.sets(NAMES))
def test_exactly_the_lists_that_hold_fewer_are_released(
    before: dict[str, int], now: dict[str, int], allowed: set[str]
) -> None:
    released = find_released(before, now, allowed)
    for name in {*before, *now}:
        assert (name in released) is (now.get(name, 0) < before.get(name, 0) and name not in allowed)
        kept = remember(before, now, allowed).get(name, 0)
        assert kept == now.get(name, 0) if name in allowed else kept == max(now.get(name, 0), before.get(name, 0))


@given(project_lists=SIZES, records=RECORDS, project=SIZES, own=SIZES, allowed=st.sets(NAMES))
def test_no_apply_makes_a_list_shorter_in_silence(
    project_lists: dict[str, int],
    records: dict[str, dict[str, int]],
    project: dict[str, int],
    own: dict[str, int],
    allowed: set[str],
) -> None:
    """What blocks before an apply blocks after it, unless it was allowed; and what was allowed blocks no more."""
    memory = lock(project_lists, records)
    wanted = desired(as_policy(project), resource("a", policy=as_policy(own)))
    after = after_apply(wanted, memory, *allowed)
    assert is_blocked(wanted, after) is is_blocked(wanted, memory, *allowed)
    assert is_blocked(wanted, after, *allowed) is is_blocked(wanted, memory, *allowed)


@given(
    st.builds(
        PersonFacts,
        desired=st.booleans(),
        standing=st.sampled_from(Standing),
        queued=st.booleans(),
        changed=st.booleans(),
        retriable=st.booleans(),
        twin=st.booleans(),
        already_called=st.booleans(),
        revoked=st.booleans(),
        stuck=st.booleans(),
        timing=st.sampled_from(Timing),
        block=st.just(Reason.RELEASED),
    )
)
def test_nobody_is_called_under_a_release_and_taking_off_goes_on(person: PersonFacts) -> None:
    decision = decide(person)
    assert not decision.verb.dials
    must_leave = not person.desired or person.timing in (Timing.EXPIRED, Timing.CLOSED)
    assert decision.verb is Verb.CANCEL if person.queued and must_leave else decision.verb is not Verb.WAIT


def unread_reason(list_now: DoNotCallList, before: dict[str, int], *allowed: str) -> tuple[Reason, str] | None:
    wanted = Desired(Project(name="spring"), {ADDRESS: guarded_by(list_now)}, True, str)
    check = ListCheck(wanted, lock(before), allowed)
    (observation,) = check.block_unread([Observation(facts=make_facts(wanted=guarded_by(list_now)))])
    return (observation.block.reason, observation.block.detail) if observation.block else None


def guarded_by(list_now: DoNotCallList) -> Resource:
    return resource("a", policy=Policy(suppress_from=(list_now,)))


URL = "s3://bucket/dnc.csv"
FAILED = DoNotCallList(URL, failure="there is no such file", is_live=True)
EMPTY = DoNotCallList(URL, 0, "ab" * 32, is_live=True)
OFFLINE = DoNotCallList(URL, is_live=True)


def test_a_list_that_was_not_read_calls_nobody_new_whatever_is_allowed() -> None:
    for allowed in ((), (URL,)):
        found = unread_reason(FAILED, {}, *allowed)
        assert found is not None
        assert found[0] is Reason.NOT_READ
        assert "nobody new is called" in found[1]


def test_a_list_under_a_url_that_became_empty_counts_as_not_read() -> None:
    assert unread_reason(EMPTY, {}) is None, "it was never anything else"
    found = unread_reason(EMPTY, {URL: 40})
    assert found == (Reason.NOT_READ, f"the do-not-call list {URL} is empty; it held 40 when it was last applied")
    assert unread_reason(EMPTY, {URL: 40}, URL) is None
    assert unread_reason(replace(EMPTY, is_live=False), {URL: 40}) is None, "a file of the project: released"


@pytest.mark.parametrize("list_now", [FAILED, OFFLINE], ids=["failed", "not fetched"])
def test_of_a_list_that_was_not_read_nothing_is_concluded(list_now: DoNotCallList) -> None:
    wanted = Desired(
        Project(name="spring", policy=Policy(suppress_from=(list_now,))), {ADDRESS: guarded_by(list_now)}, True, str
    )
    for allowed in ((), (URL,)):
        check = ListCheck(wanted, lock({URL: 40}), allowed)
        assert check.find_block(wanted.resources[ADDRESS], ResourceRecord()) is None
        assert check.make_memory().project == {URL: 40}, "an unread list is not shorter, even where that is allowed"
