"""A remote belongs to an address by its mark, by the lock, or by the manifest's `also`."""

from __future__ import annotations

from datetime import UTC, datetime

from declarative.engine.ownership import Ownership
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.mark import project_hash
from declarative.model.remote import Remote
from declarative.model.resource import Resource, Route
from declarative.planning.facts import Managed
from tests.engine.sandbox_run import ADA, MARCH, PROJECT, a_mark, a_remote, batch_resource

APRIL = "batch/april"


def managed(address: str, resource: Resource | None = None, *recorded_ids: str) -> Managed:
    remotes = {remote_id: RemoteRecord(route=Route.BATCH) for remote_id in recorded_ids}
    return Managed(
        address=address, resource=resource, resource_record=ResourceRecord(remotes=remotes), provider="cartesia"
    )


def by_id(*remotes: Remote) -> dict[str, Remote]:
    return {remote.id: remote for remote in remotes}


def test_a_mark_of_the_project_names_the_address() -> None:
    ownership = Ownership(PROJECT, [managed(MARCH), managed(APRIL)])
    remote = a_remote("acb_1", mark=a_mark(APRIL))
    assert ownership.group_by_address(by_id(remote)) == {MARCH: {}, APRIL: {"acb_1": remote}}


def test_a_mark_of_another_project_names_no_address_of_ours() -> None:
    ownership = Ownership(PROJECT, [managed(MARCH)])
    remotes = by_id(a_remote("acb_1", mark=a_mark(MARCH, project=project_hash("summer"))))
    assert ownership.group_by_address(remotes) == {MARCH: {}}
    assert ownership.select_own(remotes) == {}


def test_an_earlier_address_counts_as_the_resources_own() -> None:
    renamed = batch_resource(ADA, address=APRIL, previously=(MARCH,))
    remote = a_remote("acb_1", mark=a_mark(MARCH))
    assert Ownership(PROJECT, [managed(APRIL, renamed)]).group_by_address(by_id(remote)) == {APRIL: {"acb_1": remote}}


def test_ids_of_the_lock_and_of_also_need_no_mark() -> None:
    ownership = Ownership(PROJECT, [managed(MARCH, batch_resource(ADA, also=("acb_2",)), "acb_1")])
    remotes = by_id(a_remote("acb_1"), a_remote("acb_2"), a_remote("acb_3"))
    assert list(ownership.group_by_address(remotes)[MARCH]) == ["acb_1", "acb_2"]
    assert list(ownership.select_own(remotes)) == ["acb_1", "acb_2"]


def test_a_mark_of_the_project_is_ours_even_where_its_address_is_unknown() -> None:
    remotes = by_id(a_remote("acb_1", mark=a_mark("batch/gone")))
    ownership = Ownership(PROJECT, [managed(MARCH)])
    assert ownership.group_by_address(remotes) == {MARCH: {}}
    assert ownership.select_own(remotes) == remotes


def test_what_the_lock_has_under_another_address_is_not_taken_over_by_a_mark() -> None:
    """A campaign was renamed, and its first name is used again."""
    renamed = managed(APRIL, None, "acb_1")
    lock = Lock(
        project=PROJECT,
        lineage="abcdef",
        born=datetime(2031, 1, 1, tzinfo=UTC),
        resources={APRIL: renamed.resource_record},
    )
    remote = a_remote("acb_1", mark=a_mark(MARCH))
    for managed_list, expected in (
        ([managed(MARCH), renamed], {MARCH: {}, APRIL: {"acb_1": remote}}),
        ([managed(MARCH)], {MARCH: {}}),
    ):
        assert Ownership(PROJECT, managed_list, lock).group_by_address(by_id(remote)) == expected


def test_a_batch_that_a_person_closed_is_nobodys() -> None:
    closed = RemoteRecord(route=Route.BATCH, closed=True)
    subject = Managed(
        address=MARCH, resource=None, resource_record=ResourceRecord(remotes={"acb_1": closed}), provider="cartesia"
    )
    remote = a_remote("acb_1", mark=a_mark(MARCH))
    assert Ownership(PROJECT, [subject]).group_by_address(by_id(remote)) == {MARCH: {}}
