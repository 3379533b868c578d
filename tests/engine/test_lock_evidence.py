"""What the reads at a provider say about lock and account as a whole."""

from __future__ import annotations

from dataclasses import replace

from declarative.engine.lock_evidence import account_block, are_marks_listed, block_unproven_calls
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.resource import Route
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Managed, Observation
from declarative.providers.cartesia.type import CARTESIA
from tests.engine.sandbox_run import (
    CALL,
    KEY,
    LINEAGE,
    MARCH,
    NOON,
    a_mark,
    a_remote,
    batch_resource,
    call_resource,
)

CALLS = CARTESIA.routes["2026-03-01"][Route.CALL]
OLDER = Block(Reason.LOCK_IS_OLDER, "a later run has changed it", "update the checkout")


def managed(route: Route = Route.BATCH, *remote_ids: str) -> Managed:
    remotes = {key: RemoteRecord(route=route, created_at=NOON) for key in remote_ids}
    return Managed(address=MARCH, resource=None, resource_record=ResourceRecord(remotes=remotes), provider="cartesia")


def observation(address: str, block: Block | None = None, *, unchanged: bool = False) -> Observation:
    resource = call_resource() if address == CALL else batch_resource()
    facts = Facts(
        address=address, resource=resource, resource_record=ResourceRecord(), remotes={}, now=NOON, key=KEY,
        lineage=LINEAGE,
    )  # fmt: skip
    return Observation(facts=facts, block=block, unchanged=unchanged)


def test_a_provider_that_knows_nothing_of_the_lock_may_be_another_account() -> None:
    block = account_block("cartesia", [managed(Route.BATCH, "acb_1", "acb_2"), managed()], {"acb_1", "acb_2"}, None)
    assert block is not None
    assert (block.reason, "another account" in block.detail) == (Reason.LOST, True)


def test_one_batch_that_is_known_proves_the_account() -> None:
    assert account_block("cartesia", [managed(Route.BATCH, "acb_1", "acb_2")], {"acb_1"}, None) is None
    assert account_block("cartesia", [managed()], set(), None) is None


def test_a_later_lock_at_one_address_leaves_no_single_call_unproven() -> None:
    blocked, call, batch = block_unproven_calls(
        [observation(MARCH, OLDER), observation(CALL), observation("batch/april")], CALLS
    )
    assert call.block is not None
    assert (blocked.block, call.block.reason, batch.block) == (OLDER, Reason.LOCK_IS_OLDER, None)


def test_a_call_that_is_over_or_proven_by_its_list_goes_on() -> None:
    quiet = [observation(MARCH, OLDER), observation(CALL, unchanged=True)]
    assert block_unproven_calls(quiet, CALLS) == quiet
    open_call = [observation(MARCH, OLDER), observation(CALL)]
    assert block_unproven_calls(open_call, replace(CALLS, provable=True)) == open_call
    assert block_unproven_calls(open_call[1:], CALLS) == open_call[1:]


def test_marks_are_listed_where_the_newest_call_shows_its_own() -> None:
    known = [managed(Route.CALL, "call_1", "refused:mark")]
    listed = {"call_1": a_remote("call_1", route=Route.CALL, mark=a_mark())}
    assert are_marks_listed(known, listed, CALLS)
    assert not are_marks_listed(known, {}, CALLS)
    assert not are_marks_listed(known, {"call_1": replace(listed["call_1"], mark=None)}, CALLS)
    assert are_marks_listed([managed()], {}, CALLS)
    assert not are_marks_listed([managed()], {}, replace(CALLS, returns_data=False))
