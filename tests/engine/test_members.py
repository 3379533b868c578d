"""People are read by id, from the cache where nothing can have changed, and only where something did."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.engine.members import MOST_ERRORS, MemberCache, MemberReader
from declarative.errors import ProviderError
from declarative.model.lock import ResourceRecord
from declarative.model.remote import Phase, Remote
from declarative.planning.facts import Managed
from tests.engine.sandbox_run import ADA, BOB, CALL, MARCH, SandboxRun, a_remote, batch_resource, call_resource, fault


@pytest.fixture
def cache(tmp_path: Path) -> MemberCache:
    return MemberCache(tmp_path / "cache", "api.example.com")


def managed(run: SandboxRun, address: str = MARCH) -> Managed:
    """An address as the lock knows it now."""
    record = run.ledger.resource_record(address)
    return Managed(address=address, resource=None, resource_record=record, provider="cartesia")


def make_reader(
    run: SandboxRun, cache: MemberCache | None = None, address: str = MARCH, parallelism: int = 2
) -> MemberReader:
    return MemberReader(run.provider, [managed(run, address)], cache, parallelism=parallelism)


def listed(run: SandboxRun, *remote_ids: str) -> dict[str, dict[str, Remote]]:
    [pages] = run.channel.list_pages(())
    remotes = {remote.id: remote for page in pages for remote in page}
    return {MARCH: {remote_id: remotes[remote_id] for remote_id in remote_ids}}


def test_an_unsettled_batch_that_the_list_does_not_show_is_read_by_its_id(run: SandboxRun) -> None:
    remote_id = run.submit(batch_resource(ADA, BOB)).remote_id
    reader = make_reader(run)
    reader.read_unlisted_batches(managed(run), {remote_id})
    assert reader.remotes == {}
    reader.read_unlisted_batches(managed(run), set())
    members = reader.remotes[remote_id].members
    assert members is not None
    assert set(members.get_column("number")) == {ADA, BOB}


def test_an_id_that_the_provider_does_not_know_is_remembered_as_unknown(run: SandboxRun) -> None:
    remote_id = run.submit(batch_resource(ADA)).remote_id
    run.faults(fault("getCallBatch", {"status": {"code": 404, "effect": False}}))
    reader = make_reader(run)
    reader.read_unlisted_batches(managed(run), set())
    assert (reader.remotes, reader.unknown_ids) == ({}, {remote_id})


def test_a_batch_that_is_over_is_read_once_and_then_from_the_cache(run: SandboxRun, cache: MemberCache) -> None:
    remote_id = run.submit(batch_resource(ADA, BOB)).remote_id
    run.advance(3_600)
    readers = [make_reader(run, cache) for _ in range(2)]
    for reader in readers:
        reader.read_batches("cartesia", [managed(run)], listed(run, remote_id))
        members = reader.remotes[remote_id].members
        assert members is not None
        assert set(members.get_column("phase")) == {Phase.REACHED}
    assert run.operations().count("getCallBatch") == 1


def test_a_batch_that_may_still_change_is_read_each_time(run: SandboxRun, cache: MemberCache) -> None:
    remote_id = run.submit(batch_resource(ADA)).remote_id
    for _ in range(2):
        make_reader(run, cache).read_batches("cartesia", [managed(run)], listed(run, remote_id))
    assert run.operations().count("getCallBatch") == 2


def test_a_settled_batch_that_the_list_was_not_read_back_to_comes_from_the_cache(
    run: SandboxRun, cache: MemberCache
) -> None:
    remote = a_remote("acb_1", {ADA: Phase.REACHED})
    cache.put(remote)
    reader = MemberReader(run.provider, [settled := recorded(remote)], cache, parallelism=2)
    reader.read_batches("cartesia", [settled], {MARCH: {}})
    assert list(reader.remotes) == ["acb_1"]
    assert "getCallBatch" not in run.operations()


def recorded(remote: Remote) -> Managed:
    from declarative.model.records import from_mark

    record = ResourceRecord(remotes={remote.id: from_mark(remote)})
    assert record.remotes[remote.id].settled
    return Managed(address=MARCH, resource=None, resource_record=record, provider="cartesia")


def test_open_calls_are_read_where_the_list_does_not_show_them(run: SandboxRun) -> None:
    remote_id = run.submit(call_resource(ADA)).remote_id
    reader = make_reader(run, address=CALL)
    reader.read_open_calls([managed(run, CALL)], {remote_id})
    assert reader.remotes == {}
    reader.read_open_calls([managed(run, CALL)], {})
    assert list(reader.remotes) == [remote_id]


def test_a_batch_that_cannot_be_read_is_an_error_of_its_own(run: SandboxRun) -> None:
    broken_id, remote_id = (run.submit(batch_resource(number)).remote_id for number in (ADA, BOB))
    run.faults(fault("getCallBatch", {"status": {"code": 400, "effect": False}}, times=1))
    reader = make_reader(run, parallelism=1)
    reader.read_batches("cartesia", [managed(run)], listed(run, broken_id, remote_id))
    assert (list(reader.errors), list(reader.remotes), reader.unknown_ids) == ([broken_id], [remote_id], set())


def test_a_provider_that_answers_no_read_at_all_raises(run: SandboxRun) -> None:
    batch_ids = [run.submit(batch_resource(ADA)).remote_id for _ in range(MOST_ERRORS)]
    run.faults(fault("getCallBatch", {"status": {"code": 400, "effect": False}}, times=0))
    with pytest.raises(ProviderError):
        make_reader(run).read_batches("cartesia", [managed(run)], listed(run, *batch_ids))
