"""Which addresses a run may touch, and what of the lock belongs to each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model.lock import Lock, ResourceRecord
from declarative.model.remote import Phase
from declarative.model.resource import Desired, Project, Resource, Route
from declarative.planning.facts import Managed
from declarative.planning.managed import list_managed
from tests.planning.facts_fixture import (
    ADDRESS,
    LINEAGE,
    NOON,
    PROJECT,
    a_mark,
    batch,
    intent,
    make_facts,
    members,
    open_intents,
    remembered,
    resource,
)


def wanted(*resources: Resource, complete: bool = True, named: tuple[str, ...] = ()) -> Desired:
    by_address = {one.address: one for one in resources}
    return Desired(Project(name=PROJECT), by_address, complete, lambda: "digest", lambda: (*by_address, *named))


def lock(**records: ResourceRecord) -> Lock:
    """Keyword names are the names of batches."""
    resources = {f"batch/{name}": record for name, record in records.items()}
    return Lock(project=PROJECT, lineage=LINEAGE, born=NOON, resources=resources)


def knows(remote_id: str, **changes: object) -> ResourceRecord:
    return replace(ResourceRecord(generation=1, provider="cartesia", remotes={remote_id: remembered()}), **changes)


def addresses(all_managed: list[Managed]) -> list[tuple[str, bool]]:
    return [(managed.address, managed.read_only) for managed in all_managed]


def test_without_a_lock_each_wanted_resource_has_an_empty_record() -> None:
    (managed,) = list_managed(wanted(resource("a")), None)
    assert (managed.address, managed.resource_record, managed.provider) == (ADDRESS, ResourceRecord(), "cartesia")


def test_a_whole_run_has_what_was_removed_tombstones_included() -> None:
    remembered_lock = lock(march=knows("b1"), old=knows("b2"), gone=knows("b3", tombstone=True))
    all_managed = list_managed(wanted(resource("a")), remembered_lock)
    assert addresses(all_managed) == [(ADDRESS, False), ("batch/old", False), ("batch/gone", False)]
    assert [managed.resource is None for managed in all_managed] == [False, True, True]


def test_a_narrow_run_has_what_it_names_alone_or_reads_what_was_removed() -> None:
    remembered_lock = lock(march=knows("b1"), old=knows("b2"), other=knows("b3"), gone=knows("b4", tombstone=True))
    narrow = wanted(resource("a"), complete=False, named=("batch/other",))
    assert addresses(list_managed(narrow, remembered_lock)) == [(ADDRESS, False)]
    with_removed = list_managed(narrow, remembered_lock, include_removed=True)
    assert addresses(with_removed) == [(ADDRESS, False), ("batch/old", True)]


def test_a_renamed_resource_has_the_records_of_both_addresses() -> None:
    renamed = resource("a", previously=("batch/feb", "batch/never"))
    (managed,) = list_managed(wanted(renamed), lock(march=knows("b1"), feb=knows("b2")))
    assert managed.renamed_from == ("batch/feb",)
    assert set(managed.resource_record.remotes) == {"b1", "b2"}


@pytest.mark.parametrize(
    ("remote_id", "changes", "is_open"),
    [
        pytest.param("c1", {}, True, id="not known to have ended"),
        pytest.param("c1", {"settled": True}, False, id="ended"),
        pytest.param("refused:1", {}, False, id="without an id at the provider"),
        pytest.param("b1", {"route": Route.BATCH}, False, id="a batch"),
    ],
)
def test_open_calls_are_those_that_the_provider_can_be_asked_about(
    remote_id: str, changes: dict[str, object], is_open: bool
) -> None:
    record = ResourceRecord(remotes={remote_id: remembered(**{"route": Route.CALL, **changes})})
    managed = Managed(address="call/ada", resource=None, resource_record=record, provider="cartesia")
    assert managed.open_call_ids() == ([remote_id] if is_open else [])
    assert set(managed.batch_records()) == {"b1"} & {remote_id}


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        pytest.param({}, True, id="not found yet"),
        pytest.param({"mark": str(a_mark())}, False, id="found"),
    ],
)
def test_an_intent_is_open_until_it_is_found(changes: dict[str, object], is_open: bool) -> None:
    record = ResourceRecord(intents=open_intents(intent(**changes)))
    facts = make_facts(batch("b1", members(a=Phase.QUEUED)), wanted=resource("a"), record=record)
    assert bool(facts.open_intents()) is is_open
    assert facts.has_doubtful_batch() is is_open


def test_the_name_of_a_renamed_resource_belongs_to_it_though_it_was_forgotten() -> None:
    """Its generation moves, so that what its provider still shows is not taken for the work of a later run."""
    renamed = resource("a", previously=("batch/feb",))
    forgotten = ResourceRecord(generation=3, provider="cartesia")
    (managed,) = list_managed(wanted(renamed), lock(feb=forgotten))
    assert (managed.renamed_from, managed.resource_record.generation) == (("batch/feb",), 3)
    moved = ResourceRecord(generation=3, provider="cartesia", tombstone=True)
    (managed,) = list_managed(wanted(renamed), lock(march=knows("b1", generation=3), feb=moved))
    assert managed.renamed_from == (), "nothing is left to move"


@pytest.mark.parametrize(
    ("record", "provider"),
    [
        pytest.param(knows("b1"), "cartesia", id="a batch"),
        pytest.param(ResourceRecord(provider="cartesia", intents=open_intents(intent())), "cartesia", id="a lost one"),
        pytest.param(ResourceRecord(provider="cartesia", generation=2), "other", id="nothing"),
    ],
)
def test_an_address_is_read_where_what_was_sent_is(record: ResourceRecord, provider: str) -> None:
    (managed,) = list_managed(wanted(resource("a", provider="other", also=("b9",))), lock(march=record))
    assert (managed.provider, managed.resource_here is None) == (provider, provider == "cartesia")
    assert managed.also == (() if provider == "cartesia" else ("b9",))
